//! Rules about syncs: failed, waiting for somebody, or missing for too long.

use std::collections::HashMap;

use diesel::prelude::*;

use super::rules::{Looked, values};
use crate::alerts::Kind;
use crate::companies::{self, State};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, RunId};
use crate::schema::sync_runs;
use crate::settings::site::Setting;
use crate::sync::schedule::{self, Schedule};
use crate::sync::{Run, RunState};
use crate::words::Severity;

const HOUR: i64 = 3600;
/// Most removals that wait at once; each company has one at most.
const MOST: i64 = 1000;

/// Follows the rules about syncs.
pub fn look(conn: &mut Conn, looked: &mut Looked<'_>, now: i64) -> Result<()> {
    let known = companies::store::list(conn)?;
    let known: Vec<State> = known.into_iter().map(|(_, state)| state).collect();
    if looked.follows(Kind::SyncFailed) {
        for state in &known {
            failed(conn, looked, state.company_id)?;
        }
    }
    if looked.follows(Kind::GuardWaiting) {
        waiting(conn, looked)?;
    }
    if looked.follows(Kind::NoSync) {
        let schedules = schedule::store::list(conn)?.into_iter();
        let schedules: HashMap<_, _> = schedules.map(|one| (one.company, one)).collect();
        for state in &known {
            missing(looked, state, schedules.get(&state.company_id), now);
        }
    }
    Ok(())
}

/// The latest run that came to an end by itself, of those that were to write.
fn latest(conn: &mut Conn, company: CompanyId) -> Result<Option<Run>> {
    let unended = [RunState::Queued, RunState::Running, RunState::Cancelled];
    let found = sync_runs::table
        .filter(sync_runs::company_id.eq(company))
        .filter(sync_runs::dry_run.eq(false))
        .filter(sync_runs::state.ne_all(unended))
        .order((sync_runs::requested_at_ms.desc(), sync_runs::id.desc()))
        .limit(1)
        .select(Run::as_select())
        .get_result(conn)
        .optional()?;
    Ok(found)
}

fn failed(conn: &mut Conn, looked: &mut Looked<'_>, company: CompanyId) -> Result<()> {
    let Some(run) = latest(conn, company)? else {
        return Ok(());
    };
    if !matches!(run.state, RunState::Failed | RunState::Abandoned) {
        return Ok(());
    }
    let why = run.errors().join(" ");
    let error = match why.is_empty() {
        true => "the process that ran it is gone".into(),
        false => why,
    };
    let what = (Kind::SyncFailed, Severity::High);
    looked.find_of(company, what, "", values([("error", error)]));
    Ok(())
}

fn waiting(conn: &mut Conn, looked: &mut Looked<'_>) -> Result<()> {
    let runs: Vec<(CompanyId, RunId, Option<i64>)> = sync_runs::table
        .filter(sync_runs::state.eq(RunState::NeedsConfirmation))
        .order(sync_runs::id)
        .limit(MOST)
        .select((
            sync_runs::company_id,
            sync_runs::id,
            sync_runs::records_deleted,
        ))
        .load(conn)?;
    for (company, run, rows) in runs {
        let what = (Kind::GuardWaiting, Severity::Medium);
        let rows = rows.unwrap_or(0).to_string();
        looked.find_of(company, what, &run.0, values([("rows", rows)]));
    }
    Ok(())
}

/// A company that was ever synced, or has a schedule that is followed, counts from its last sync, or from when that was set.
fn missing(looked: &mut Looked<'_>, state: &State, set: Option<&Schedule>, now: i64) {
    let scheduled = set.filter(|set| set.is_active()).map(|set| set.changed_at);
    let Some(since) = state.synced_at.or(scheduled) else {
        return;
    };
    let hours = (now - since).div_euclid(HOUR);
    if hours >= looked.number(Setting::NoSyncHours) {
        let what = (Kind::NoSync, Severity::High);
        let values = values([("hours", hours.to_string())]);
        looked.find_of(state.company_id, what, "", values);
    }
}
