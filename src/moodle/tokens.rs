//! The tokens that clients of the old plugin use: read once, when they are adopted.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};

use super::snapshot::{Snapshot, harmless};
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, UserId};

/// What adopting tokens reads besides what syncs read.
const TABLES: [&str; 3] = [
    "external_tokens",
    "external_services",
    "external_services_users",
];

/// A token of Moodle's web services.
#[derive(Debug)]
pub struct MoodleToken {
    /// `external_tokens.id`.
    pub id: i64,
    /// The token itself.
    pub text: Secret,
    /// Its person.
    pub user: UserId,
    /// `user.username` of its person.
    pub username: String,
    /// The companies of its person, ascending.
    pub companies: Vec<CompanyId>,
    /// The IP restrictions of the token and of its person in the service; empty where it may come from everywhere.
    pub networks: Vec<String>,
    /// When it ends, UTC seconds; `None` means never.
    pub valid_until: Option<i64>,
    /// Whether its person is suspended.
    pub is_suspended: bool,
    /// Whether Moodle would let it call the plugin's function otherwise.
    pub has_access: bool,
}

/// The tokens of the plugin's service and, of the same people, those of other services: by id.
pub(super) fn read(snapshot: &mut Snapshot) -> Result<Vec<MoodleToken>> {
    for table in TABLES {
        if let Some(why) = snapshot.refusal(table)? {
            return Err(Error::MoodleUnreadable(why));
        }
    }
    let services = snapshot.ids(snapshot.query(include_str!("sql/token_services.sql")))?;
    let settings: Vec<SettingRow> =
        snapshot.load(snapshot.query(include_str!("sql/settings.sql")))?;
    let everybodys = numbers(&settings, "defaultuserroleid");
    let admins = numbers(&settings, "siteadmins");
    let query = snapshot.query(include_str!("sql/tokens.sql"));
    let query = query
        .list("services", &services)
        .list("everybodys", &everybodys);
    let mut tokens: Vec<MoodleToken> = Vec::new();
    for row in snapshot.load::<TokenRow>(query)? {
        let company = (row.companyid != 0).then_some(CompanyId(row.companyid));
        match tokens.last_mut().filter(|last| last.id == row.id) {
            Some(last) => last.companies.extend(company),
            None => tokens.push(row.token(company, &admins)),
        }
    }
    Ok(tokens)
}

/// The numbers of a site setting.
fn numbers(settings: &[SettingRow], name: &str) -> Vec<i64> {
    let setting = settings.iter().find(|setting| setting.name == name);
    let words = setting
        .into_iter()
        .flat_map(|setting| setting.value.split(','));
    words.filter_map(|word| word.trim().parse().ok()).collect()
}

#[derive(QueryableByName)]
struct SettingRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct TokenRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    token: String,
    #[diesel(sql_type = BigInt)]
    userid: i64,
    #[diesel(sql_type = Text)]
    username: String,
    #[diesel(sql_type = Text)]
    networks: String,
    #[diesel(sql_type = BigInt)]
    validuntil: i64,
    #[diesel(sql_type = Text)]
    usernetworks: String,
    #[diesel(sql_type = BigInt)]
    uservaliduntil: i64,
    #[diesel(sql_type = BigInt)]
    suspended: i64,
    #[diesel(sql_type = BigInt)]
    deleted: i64,
    #[diesel(sql_type = BigInt)]
    enabled: i64,
    #[diesel(sql_type = Text)]
    requiredcapability: String,
    #[diesel(sql_type = BigInt)]
    ours: i64,
    #[diesel(sql_type = BigInt)]
    allowed: i64,
    #[diesel(sql_type = BigInt)]
    may: i64,
    #[diesel(sql_type = BigInt)]
    companyid: i64,
}

impl TokenRow {
    fn token(self, company: Option<CompanyId>, admins: &[i64]) -> MoodleToken {
        let is_admin = admins.contains(&self.userid); // who has every capability
        let is_open = is_admin || self.requiredcapability.is_empty();
        let is_service_good = self.ours == 1 && self.enabled == 1 && self.allowed == 1 && is_open;
        let is_person_good = self.deleted == 0 && (is_admin || self.may == 1);
        let mut networks = vec![self.networks, self.usernetworks];
        networks.retain(|restriction| !restriction.trim().is_empty());
        networks.dedup();
        let ends = [self.validuntil, self.uservaliduntil].into_iter();
        MoodleToken {
            id: self.id,
            text: Secret::new(self.token),
            user: UserId(self.userid),
            username: harmless(self.username),
            companies: company.into_iter().collect(),
            networks,
            valid_until: ends.filter(|end| *end > 0).min(),
            is_suspended: self.suspended != 0,
            has_access: is_service_good && is_person_good,
        }
    }
}
