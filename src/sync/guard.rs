//! The deletion guard: a run that would take away very much waits until an admin has looked at it.

use std::collections::HashSet;

use diesel::prelude::*;

use super::plan::Kind;
use super::read::Reading;
use super::request::{Request, Requested, record_in};
use super::{Mode, Run, RunState, Trigger, history};
use crate::audit::{self, Entry};
use crate::db::Conn;
use crate::error::{Error, OrNotFound, Result};
use crate::ids::{CourseId, Key, RunId, UserId};
use crate::language::Said;
use crate::schema::{sync_plan_lines, sync_runs};

/// So many removals are never guarded.
pub const FEW: i64 = 50;
/// Removals per hundred rows that are never guarded.
pub const SMALL_SHARE: i64 = 20;

/// Who decided about a run that waited while the world went on.
const NEWER: &str = "a newer sync";

/// Whether so many removals among so many rows need an admin's eye.
pub fn is_much(removals: i64, rows: i64) -> bool {
    removals > FEW && removals * 100 > rows * SMALL_SHARE
}

/// Whether a run has to stop before it writes: it would remove much, and not only what an admin has confirmed.
pub fn stops(conn: &mut Conn, run: &Run, reading: &Reading) -> Result<bool> {
    let removed = &reading.spool.removed;
    if run.mode == Mode::Undo || !is_much(removed.len() as i64, reading.base_rows) {
        return Ok(false);
    }
    let Some(confirmed) = &run.confirms else {
        return Ok(true);
    };
    let confirmed = removals(conn, confirmed)?;
    Ok(!removed.iter().all(|key| confirmed.contains(key)))
}

/// The keys that a planned run would remove.
fn removals(conn: &mut Conn, run: &RunId) -> Result<HashSet<Key>> {
    let keys: Vec<(UserId, CourseId)> = sync_plan_lines::table
        .filter(
            sync_plan_lines::run_id
                .eq(run)
                .and(sync_plan_lines::kind.eq(Kind::Removed)),
        )
        .select((sync_plan_lines::user_id, sync_plan_lines::course_id))
        .load(conn)?;
    Ok(keys
        .into_iter()
        .map(|(user, course)| Key { user, course })
        .collect())
}

/// Confirms a run that waits for it: records the run that does it, after reading Moodle again.
///
/// `NotFound` for an unknown run, `Conflict` when somebody has decided about it already.
pub fn confirm(conn: &mut Conn, id: &RunId, admin: &str, now_ms: i64) -> Result<Requested> {
    let run = decide(conn, id, RunState::Confirmed, admin, now_ms)?;
    let request = Request {
        hours_back: run.hours_back,
        confirms: Some(run.id.clone()),
        idempotency_key: format!("confirm/{id}"),
        ..Request::of(run.company_id, run.mode, Trigger::Manual, admin.to_owned())
    };
    record_in(conn, &request, now_ms)
}

/// Rejects a run that waits for confirmation: nothing changes. Errors as in [`confirm`].
pub fn reject(conn: &mut Conn, id: &RunId, admin: &str, now_ms: i64) -> Result<()> {
    decide(conn, id, RunState::Rejected, admin, now_ms).map(drop)
}

fn decide(conn: &mut Conn, id: &RunId, to: RunState, admin: &str, now_ms: i64) -> Result<Run> {
    let run = history::any(conn, id)?.or_not_found("the sync run")?;
    let waiting = sync_runs::table
        .find(id)
        .filter(sync_runs::state.eq(RunState::NeedsConfirmation));
    let decided = diesel::update(waiting)
        .set((sync_runs::state.eq(to), sync_runs::decided_by.eq(admin)))
        .execute(conn)?;
    if decided == 0 {
        let why = Said::new("this run does not wait for confirmation; it is {state}");
        return Err(Error::Conflict(why.saying("state", run.state.in_words())));
    }
    let action = format!("removals_{to}");
    let entry = Entry {
        actor: admin,
        company: Some(run.company_id),
        action: &action,
        subject: &id.0,
        before: Some(serde_json::json!({"state": run.state})),
        after: Some(serde_json::json!({"state": to, "removals": run.counts.records_deleted})),
    };
    audit::record(conn, &entry, now_ms)?;
    Ok(run)
}

/// Lets earlier runs of a company that wait for confirmation go, with their plans: a newer run has come to its own end.
pub fn supersede(conn: &mut Conn, run: &Run) -> Result<()> {
    for earlier in waiting(conn, run)? {
        diesel::update(sync_runs::table.find(&earlier))
            .set((
                sync_runs::state.eq(RunState::Rejected),
                sync_runs::decided_by.eq(NEWER),
            ))
            .execute(conn)?;
        diesel::delete(sync_plan_lines::table.filter(sync_plan_lines::run_id.eq(&earlier)))
            .execute(conn)?;
    }
    Ok(())
}

/// Whether an earlier run waits already with a list that holds all that this one would remove: then that one stays the
/// question, so that a schedule cannot take it away while an admin reads it.
pub fn is_asked_already(conn: &mut Conn, run: &Run, reading: &Reading) -> Result<bool> {
    for earlier in waiting(conn, run)? {
        let asked = removals(conn, &earlier)?;
        if reading.spool.removed.iter().all(|key| asked.contains(key)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The runs of a run's company that wait for confirmation.
fn waiting(conn: &mut Conn, run: &Run) -> Result<Vec<RunId>> {
    Ok(sync_runs::table
        .filter(sync_runs::company_id.eq(run.company_id))
        .filter(sync_runs::state.eq(RunState::NeedsConfirmation))
        .select(sync_runs::id)
        .load(conn)?)
}

#[cfg(test)]
mod tests {
    use super::is_much;

    #[test]
    fn more_than_fifty_rows_and_more_than_a_fifth_are_much() {
        for (removals, rows, much) in [
            (51, 254, true),
            (51, 255, false),
            (50, 50, false),
            (51, 51, true),
            (200, 1000, false),
            (201, 1000, true),
            (0, 0, false),
        ] {
            assert_eq!(is_much(removals, rows), much, "{removals} of {rows}");
        }
    }
}
