//! Rules about syncs: failed, waiting for somebody, or missing for too long.

use super::rules::{Looked, values};
use crate::alerts::Kind;
use crate::db::Conn;
use crate::error::Result;
use crate::settings::site::Setting;
use crate::sync::health::{self, Standing};
use crate::words::Severity;

const HOUR: i64 = 3600;
/// Most removals that wait at once; each company has one at most.
const MOST: i64 = 1000;

/// Follows the rules about syncs. Of companies that Moodle does not have, or has suspended, only removals that wait for a
/// word: everything else nobody can mend.
pub fn look(conn: &mut Conn, looked: &mut Looked<'_>, now: i64) -> Result<()> {
    let mut known = health::standings(conn, None, now)?;
    known.retain(|one| one.company.is_in_use());
    if looked.follows(Kind::SyncFailed) {
        known.iter().for_each(|one| failed(looked, one));
    }
    if looked.follows(Kind::GuardWaiting) {
        waiting(conn, looked)?;
    }
    if looked.follows(Kind::NoSync) {
        known.iter().for_each(|one| missing(looked, one, now));
    }
    Ok(())
}

fn failed(looked: &mut Looked<'_>, one: &Standing) {
    let Some(run) = one.failed() else {
        return;
    };
    let why = run.errors().join(" ");
    let error = match why.is_empty() {
        true => "the process that ran it is gone".into(),
        false => why,
    };
    let what = (Kind::SyncFailed, Severity::High);
    looked.find_of(one.company.id, what, "", values([("error", error)]));
}

fn waiting(conn: &mut Conn, looked: &mut Looked<'_>) -> Result<()> {
    for run in health::waiting(conn, None, MOST)? {
        let what = (Kind::GuardWaiting, Severity::Medium);
        let rows = run.counts.records_deleted.unwrap_or(0).to_string();
        let company = run.company_id;
        looked.find_of(company, what, &run.id.0, values([("rows", rows)]));
    }
    Ok(())
}

/// A company that was ever synced, or has a schedule that is followed, counts from its last sync, or from when that was set.
fn missing(looked: &mut Looked<'_>, one: &Standing, now: i64) {
    let followed = one.schedule.as_ref().filter(|set| set.is_active());
    let Some(since) = one.state.synced_at.or(followed.map(|set| set.changed_at)) else {
        return;
    };
    let hours = (now - since).div_euclid(HOUR);
    if hours >= looked.number(Setting::NoSyncHours) {
        let what = (Kind::NoSync, Severity::High);
        let values = values([("hours", hours.to_string())]);
        looked.find_of(one.company.id, what, "", values);
    }
}
