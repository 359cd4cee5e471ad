//! How a company's rows are delivered to programs: fields, the plugin's mode, zone and limits.

use std::collections::HashSet;
use std::str::FromStr;

use chrono_tz::Tz;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::DEFAULTS;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::fields::Fields;
use crate::ids::CompanyId;
use crate::language::Said;
use crate::schema::{companies, delivery_settings};

crate::words! {
    /// How the door of the old plugin answers.
    AnswerMode {
        /// Every row, always.
        Full = "full",
        /// What moved since the client's last windows, where that is certain; else every row.
        Auto = "auto",
        /// The same as auto, with a day in place of the window.
        Incremental = "incremental",
        /// Every row: the plugin's name for switching the choice off.
        Disabled = "disabled",
    }
}

/// What holds for one company now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delivery {
    /// The fields that show.
    pub fields: Fields,
    /// Whether the old plugin's door shows `courseid` in place of `username`, as version 1.6 did.
    pub courseid_for_username: bool,
    /// How the old plugin's door answers.
    pub mode: AnswerMode,
    /// Hours after which `auto` gives every row again, 1 to 168.
    pub window_hours: u16,
    /// Whose midnight ends a day of the limits, and whose clock writes the old plugin's dates.
    pub zone: Zone,
    /// Calls per token and day; 0 is no limit.
    pub calls_per_token: u32,
    /// Calls per day of all tokens of the company; 0 is no limit.
    pub calls_per_company: u32,
    /// Most rows of one call at the old plugin's door, 100 to 10,000. The same for every company.
    pub max_records: u32,
    /// Whether the old plugin's door answers `GET`. The same for every company.
    pub allow_get: bool,
    /// Minutes that an answer is kept, 0 to 1,440; 0 keeps none.
    pub cache_minutes: i32,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            fields: Fields::all(),
            courseid_for_username: false,
            mode: AnswerMode::Full,
            window_hours: 24,
            zone: Zone::default(),
            calls_per_token: 100,
            calls_per_company: 0,
            max_records: 1000,
            allow_get: false,
            cache_minutes: 60,
        }
    }
}

impl Delivery {
    /// What is stored with a company, for each request.
    pub fn read(stored: &str) -> Result<Self> {
        serde_json::from_str(stored).map_err(unreadable)
    }
}

/// A time zone by its IANA name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(pub Tz);

impl Default for Zone {
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let zone = Tz::from_str(text.trim());
        zone.map(Self)
            .map_err(|_| "use the name of a time zone, such as Europe/Berlin".into())
    }
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0.name().to_owned()
    }
}

/// What a company, or the defaults, say themselves; what is missing follows the level above.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryOverrides(Map<String, Value>);

impl DeliveryOverrides {
    /// Says a setting, or with `None` follows the level above in it. The names are those of [`Delivery`].
    pub fn set(&mut self, name: &str, value: Option<Value>) {
        match value {
            Some(value) => drop(self.0.insert(name.to_owned(), value)),
            None => drop(self.0.remove(name)),
        }
    }

    /// Whether nothing is said here.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same without one of them.
    pub fn without(&self, name: &str) -> Self {
        let mut others = self.clone();
        others.set(name, None);
        others
    }

    /// Whether this setting is said here.
    pub fn says(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What holds with these over a base; `Invalid` where a value is none of its setting.
    pub fn held_over(&self, base: &Self) -> Result<Delivery> {
        let mut all = base.0.clone();
        all.extend(self.0.clone());
        serde_json::from_value(Value::Object(all)).map_err(|cause| {
            let why = Said::new("these settings cannot be understood: {cause}");
            Error::Invalid(why.with("cause", cause.to_string()))
        })
    }

    fn stored_over(&self, base: &Self) -> String {
        let mut all = base.0.clone();
        all.extend(self.0.clone());
        Value::Object(all).to_string()
    }
}

/// What holds for a company now.
pub fn of_company(conn: &mut Conn, company: CompanyId) -> Result<Delivery> {
    let stored: String = companies::table
        .find(company)
        .select(companies::delivery)
        .get_result(conn)?;
    Delivery::read(&stored)
}

/// What a company, or [`DEFAULTS`], say themselves.
pub fn own(conn: &mut Conn, company: CompanyId) -> Result<DeliveryOverrides> {
    let stored: Option<String> = delivery_settings::table
        .find(company)
        .select(delivery_settings::overrides)
        .get_result(conn)
        .optional()?;
    let own = stored.map(|text| serde_json::from_str(&text)).transpose();
    Ok(own.map_err(unreadable)?.unwrap_or_default())
}

/// The companies that say something themselves.
pub fn with_own(conn: &mut Conn) -> Result<HashSet<CompanyId>> {
    let stored: Vec<(CompanyId, String)> = delivery_settings::table
        .select((delivery_settings::company_id, delivery_settings::overrides))
        .load(conn)?;
    let mut found = HashSet::new();
    for (company, text) in stored {
        let own: DeliveryOverrides = serde_json::from_str(&text).map_err(unreadable)?;
        if !own.is_empty() {
            found.insert(company);
        }
    }
    Ok(found)
}

/// When the settings of a company, or the defaults, were last changed and by whom.
pub fn last_change(conn: &mut Conn, company: CompanyId) -> Result<Option<(i64, String)>> {
    let found = delivery_settings::table
        .find(company)
        .filter(delivery_settings::changed_by.ne("")) // the defaults are there before anybody says them
        .select((delivery_settings::changed_at, delivery_settings::changed_by))
        .get_result(conn)
        .optional()?;
    Ok(found)
}

/// Waits until no other transaction changes settings, and lets none do so until this one ends.
pub fn lock(conn: &mut Conn) -> Result<()> {
    // Writing the row of the defaults takes its lock on PostgreSQL; on SQLite the write transaction is the lock.
    diesel::update(delivery_settings::table.find(DEFAULTS))
        .set(delivery_settings::changed_at.eq(delivery_settings::changed_at))
        .execute(conn)?;
    Ok(())
}

/// Writes what a company, or the defaults, say, and what follows for each company. Gives the companies for which
/// something is otherwise now, ascending.
pub fn save(
    conn: &mut Conn,
    company: CompanyId,
    own: &DeliveryOverrides,
    actor: &str,
    now: i64,
) -> Result<Vec<CompanyId>> {
    let text = Value::Object(own.0.clone()).to_string();
    let values = (
        delivery_settings::overrides.eq(text),
        delivery_settings::changed_at.eq(now),
        delivery_settings::changed_by.eq(actor),
    );
    let updated = diesel::update(delivery_settings::table.find(company))
        .set(values.clone())
        .execute(conn)?;
    if updated == 0 {
        diesel::insert_into(delivery_settings::table)
            .values((delivery_settings::company_id.eq(company), values))
            .execute(conn)?;
    }
    apply(conn, company)
}

fn apply(conn: &mut Conn, changed: CompanyId) -> Result<Vec<CompanyId>> {
    let defaults = own(conn, DEFAULTS)?;
    let mut companies = companies::table
        .select((companies::id, companies::delivery))
        .order(companies::id)
        .into_boxed();
    if changed != DEFAULTS {
        companies = companies.filter(companies::id.eq(changed));
    }
    let mut otherwise = Vec::new();
    for (company, before) in companies.load::<(CompanyId, String)>(conn)? {
        let after = own(conn, company)?.stored_over(&defaults);
        let held = Delivery::read(&after)?;
        if Delivery::read(&before)? != held {
            otherwise.push(company);
        }
        diesel::update(companies::table.find(company))
            .set((
                companies::delivery.eq(after),
                companies::cache_minutes.eq(held.cache_minutes),
            ))
            .execute(conn)?;
    }
    Ok(otherwise)
}

fn unreadable(cause: serde_json::Error) -> Error {
    Error::from(diesel::result::Error::DeserializationError(cause.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_company_says_stands_over_the_defaults() {
        let mut defaults = DeliveryOverrides::default();
        defaults.set("calls_per_token", Some(json!(7)));
        defaults.set("zone", Some(json!("Europe/Berlin")));
        let mut own = DeliveryOverrides::default();
        own.set("calls_per_token", Some(json!(0)));

        let held = own.held_over(&defaults).expect("known values");

        assert_eq!(held.calls_per_token, 0);
        assert_eq!(String::from(held.zone), "Europe/Berlin");
        assert!(held.fields.is_all());
        assert_eq!(
            Delivery::read(&own.stored_over(&defaults)).expect("stored"),
            held
        );
        own.set("zone", Some(json!("Mars/Olympus")));
        assert!(own.held_over(&defaults).is_err());
    }
}
