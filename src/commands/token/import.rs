//! `token import`: the tokens of the old plugin's clients work here too, so that those change the host name only.

use std::collections::HashSet;
use std::process::ExitCode;

use clap::Args;

use super::{ACTOR, plain};
use crate::access;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::moodle::MoodleToken;
use crate::proxies::Networks;
use crate::say;
use crate::sync;
use crate::time::{now, now_ms};
use crate::tokens::Refusal;
use crate::tokens::adopt::{Adoption, Fate, Known, Standing, decide};

/// What is left to do once something was adopted.
const WHAT_IS_NOT_READ: &str = "fields, time zone, mode and limits are those of What programs get: the plugin's own settings were \
    not read, so set them there before clients are pointed here";

/// What became of one token.
struct Told {
    /// What is said of it; `None` where nothing is.
    said: Option<String>,
    /// Whether nothing is left to the operator.
    is_decided: bool,
    /// Whether its company has one more program now.
    is_new: bool,
}

/// Which tokens are adopted.
#[derive(Debug, Args)]
pub struct Options {
    /// Only tokens of people in this company; says too for which company somebody's tokens count who is in several.
    #[arg(long)]
    company: Option<CompanyId>,
    /// Say what would happen, and keep nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Adopts every token that it can and says of each what became of it. Fails where one has to be decided by the operator.
pub fn import(app: &App, options: &Options) -> Result<ExitCode> {
    let moodle = app.moodle.as_ref().ok_or(Error::MoodleNotConfigured)?;
    let tokens = moodle.snapshot()?.tokens()?;
    if !options.dry_run {
        sync::learn_companies(app)?;
    }
    if tokens.is_empty() {
        // It may be the wrong Moodle: nothing that was adopted before is touched.
        say!("Moodle has no token of the plugin's service, so there is nothing to adopt");
        return Ok(ExitCode::SUCCESS);
    }
    let (mut undecided, mut new, mut kept) = (0, 0, HashSet::new());
    for token in tokens {
        kept.insert(app.key.token_hash(token.text.reveal()));
        let known_as = format!("token {} of {}", token.id, token.username);
        let told = one(app, options, token)?;
        undecided += usize::from(!told.is_decided);
        new += usize::from(told.is_new);
        if let Some(said) = told.said {
            say!("{}", plain(&format!("{known_as}: {said}")));
        }
    }
    if options.company.is_none() {
        refuse_gone(app, &kept, options.dry_run)?;
    }
    if new > 0 {
        say!("{WHAT_IS_NOT_READ}");
    }
    Ok(if undecided == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn one(app: &App, options: &Options, token: MoodleToken) -> Result<Told> {
    let (companies, restrictions) = (joined(&token.companies), token.networks.join(" and "));
    let adoption = adoption(token, options.company);
    let fate = match options.dry_run {
        true => app.db.read(|conn| decide(conn, &app.key, &adoption))?,
        false => app
            .db
            .write(|conn| access::adopt(conn, &app.key, &adoption, ACTOR, now_ms()))?,
    };
    let adopted = match options.dry_run {
        true => "would be adopted",
        false => "adopted",
    };
    let is_new = matches!(fate, Fate::New(Some(_))) && !options.dry_run;
    let (said, is_decided) = match fate {
        Fate::Left => (None, true),
        Fate::New(Some(company)) => {
            let refused = refused(adoption.refusal.as_ref());
            (
                Some(format!("{adopted} for company {company}{refused}")),
                true,
            )
        }
        Fate::New(None) => (
            Some(format!("{adopted} without a company, and told so")),
            true,
        ),
        Fate::Without => (
            Some("known already without a company, and told so".into()),
            true,
        ),
        Fate::Revoked => (
            Some("known already, and revoked here: it stays so".into()),
            true,
        ),
        Fate::Several => (
            Some(format!(
                "not adopted, because its person is in the companies {companies}: say for which one with --company"
            )),
            false,
        ),
        Fate::UnclearNetworks => (
            Some(format!(
                "not adopted, because its IP restriction is none that can be kept: {restrictions}"
            )),
            false,
        ),
        Fate::Known(known) => known_one(&known, &restrictions),
    };
    Ok(Told {
        said,
        is_decided,
        is_new,
    })
}

fn known_one(known: &Known, restrictions: &str) -> (Option<String>, bool) {
    let company = known.token.company;
    let refused = refused(known.refusal.as_ref());
    let (said, is_decided) = match known.standing {
        Standing::Member => (
            format!("known already for company {company}{refused}"),
            true,
        ),
        Standing::Gone => (
            format!(
                "known already for company {company}, which its person has left: it is refused here"
            ),
            true,
        ),
        Standing::OtherCompany => (
            format!(
                "known already with another company, {company}: revoke it there first{refused}"
            ),
            false,
        ),
        Standing::UnclearNetworks => (
            format!(
                "known already for company {company}, and refused here, because its IP restriction is none that can be \
                 kept: {restrictions}"
            ),
            false,
        ),
    };
    (Some(said), is_decided)
}

fn refused(refusal: Option<&Refusal>) -> String {
    refusal.map_or_else(String::new, |refusal| {
        format!("; Moodle refuses it: {}", refusal.word())
    })
}

/// Tokens that were deleted in Moodle open nothing here either.
fn refuse_gone(app: &App, kept: &HashSet<String>, is_dry: bool) -> Result<()> {
    let gone = match is_dry {
        true => app.db.read(|conn| access::gone(conn, kept, now()))?,
        false => app
            .db
            .write(|conn| access::refuse_gone(conn, kept, ACTOR, now_ms()))?,
    };
    let becomes = match is_dry {
        true => "would be refused here",
        false => "it is refused here",
    };
    for token in gone {
        let (name, company) = (plain(&token.name), token.company);
        say!("{name} of company {company}: not in Moodle any more, {becomes}");
    }
    Ok(())
}

fn adoption(token: MoodleToken, wanted: Option<CompanyId>) -> Adoption {
    let refusal = match token.is_suspended {
        true => Some(Refusal::Suspended(token.user, token.username)),
        false => (!token.has_access).then_some(Refusal::Access),
    };
    Adoption {
        text: token.text,
        id: token.id,
        companies: token.companies,
        wanted,
        expires_at: token.valid_until,
        networks: networks(&token.networks),
        refusal,
    }
}

fn joined(companies: &[CompanyId]) -> String {
    let names: Vec<String> = companies.iter().map(CompanyId::to_string).collect();
    names.join(", ")
}

/// Moodle's IP restriction as networks; the inner `None` means everywhere. Moodle also takes the beginning of an address,
/// and where it has two restrictions it wants both.
fn networks(restrictions: &[String]) -> Option<Option<Networks>> {
    let [restriction] = restrictions else {
        return restrictions.is_empty().then_some(None);
    };
    let entries = restriction.split(',').map(str::trim);
    let entries: Vec<String> = entries
        .filter(|entry| !entry.is_empty())
        .map(whole_network)
        .collect();
    if entries.is_empty() {
        return Some(None);
    }
    entries.join(",").parse().ok().map(Some)
}

/// `10.1.` and `10.1` are `10.1.0.0/16`.
fn whole_network(entry: &str) -> String {
    let parts: Vec<&str> = entry.trim_end_matches('.').split('.').collect();
    let is_part = |part: &&str| part.parse::<u8>().is_ok();
    if parts.len() < 4 && parts.iter().all(is_part) {
        let missing = ".0".repeat(4 - parts.len());
        return format!("{}{missing}/{}", parts.join("."), 8 * parts.len());
    }
    entry.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moodles_ip_restrictions_become_networks() {
        let written = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            networks(&texts).map(|some| some.map(|some| some.to_string()))
        };
        assert_eq!(written(&[]), Some(None));
        assert_eq!(
            written(&["10.1.2.3, 10.1., 192.168.0.0/24"]),
            Some(Some("10.1.2.3,10.1.0.0/16,192.168.0.0/24".into()))
        );
        assert_eq!(written(&["10.1.2.3-20"]), None);
        assert_eq!(written(&["10.1.", "10.2."]), None);
    }
}
