//! Taking back what a company's last run did: its changes, turned round, as a run of their own.

use std::collections::HashMap;
use std::path::Path;

use diesel::prelude::*;
use serde_json::{Map, Value, json};

use super::affected::{Affected, Line, affected, on_same_row};
use super::plan::{Change, Kind, Old, Step};
use super::read::Reading;
use super::spool::Spool;
use super::{Mode, Run, RunState, Trigger, history};
use crate::app::{App, Meter};
use crate::audit;
use crate::companies;
use crate::db::Conn;
use crate::error::{Error, OrNotFound, Result};
use crate::ids::{Key, RunId};
use crate::moodle::RowState;
use crate::progress::{Content, Row};
use crate::schema::{progress, sync_changes, sync_runs, sync_schedules};

/// How long a run can be taken back.
pub const HOURS: i64 = 24;

/// Why a run cannot be taken back now; `None` when it can.
pub fn obstacle(conn: &mut Conn, run: &Run, now_ms: i64) -> Result<Option<&'static str>> {
    let state = companies::store::state(conn, run.company_id)?;
    let late = |ended: i64| now_ms - ended > HOURS * 3_600_000;
    let counts = run.counts;
    Ok(if run.mode == Mode::Undo {
        Some("an undo cannot be taken back; run a sync to bring the rows up to date again")
    } else if run.mode == Mode::Erasure {
        Some("an erasure cannot be taken back")
    } else if !run.published() {
        Some("only a sync that published its rows can be taken back")
    } else if counts.version_before == counts.version_after {
        Some("this sync changed nothing, so there is nothing to take back")
    } else if counts.version_after != Some(state.seq) {
        Some(
            "only a company's last changes can be taken back, and others were published after these",
        )
    } else if run.compacted_at.is_some() {
        Some("the details of this sync were let go, so it cannot be taken back")
    } else if run.finished_at_ms.is_none_or(late) {
        Some("this sync ended more than a day ago; only a sync of the last day can be taken back")
    } else {
        None
    })
}

/// How many undos of a run came to nothing: the next one is another attempt, a second click is not.
pub fn failed_attempts(conn: &mut Conn, undone: &RunId) -> Result<i64> {
    let nothing = [RunState::Failed, RunState::Cancelled, RunState::Abandoned];
    Ok(sync_runs::table
        .filter(sync_runs::undoes.eq(undone))
        .filter(sync_runs::state.eq_any(nothing))
        .count()
        .get_result(conn)?)
}

/// What an undo has to write. Reads the store only; Moodle need not be there.
pub fn read(app: &App, undo: &Run, meter: &Meter) -> Result<Reading> {
    app.db.own_snapshot(|conn| {
        let undone = undo.undoes.as_ref().or_not_found("the sync to take back")?;
        let undone = history::get(conn, undo.company_id, undone)?;
        if let Some(why) = obstacle(conn, &undone, undo.requested_at_ms)? {
            return Err(Error::Conflict(why.into()));
        }
        let folder = &app.config.data_dir;
        let (spool, departures, snapshot_at) = collect(conn, &undone, folder, meter)?;
        let state = companies::store::state(conn, undo.company_id)?;
        Ok(Reading {
            base_seq: state.seq,
            base_stamp: state.stamp,
            base_rows: state.totals.enrolments,
            read_since: None,
            complete_at: Some(snapshot_at),
            snapshot_at,
            spool,
            departures,
        })
    })
}

/// The changes of a run turned round, why each removed row ends, and the moment of Moodle that the rows go back to.
pub fn collect(
    conn: &mut Conn,
    run: &Run,
    folder: &Path,
    meter: &Meter,
) -> Result<(Spool, HashMap<Key, RowState>, i64)> {
    let snapshot_at = snapshot_before(conn, run)?;
    let unchanged = run.counts.records_unchanged.unwrap_or(0);
    let mut departures = HashMap::new();
    let lines = sync_changes::table
        .inner_join(progress::table.on(on_same_row()))
        .filter(sync_changes::run_id.eq(&run.id))
        .order((sync_changes::user_id, sync_changes::course_id))
        .select((Line::as_select(), Row::as_select()))
        .load_iter::<(Line, Row), _>(conn)?;
    let steps = lines.map(|found| {
        let (line, row) = found?;
        let change = turned(affected(line, row)?, &mut departures)?;
        Ok(Step::Change(Box::new(change)))
    });
    let mut spool = Spool::collect(steps, folder, meter)?;
    spool.same = unchanged;
    Ok((spool, departures, snapshot_at))
}

/// The change that takes a change back.
fn turned(done: Affected, departures: &mut HashMap<Key, RowState>) -> Result<Change> {
    let key = done.row.key();
    let old = Old {
        content: done.row.content.clone(),
        state: done.row.state,
        first_seen_seq: done.row.first_seen_seq,
    };
    let (new, last) = match (done.kind, done.before) {
        (Kind::Added, before) => {
            departures.insert(key, ended_as(before.as_ref()));
            let was = before.map(|before| as_before(done.row.content, before));
            (None, was.transpose()?)
        }
        (Kind::Updated, before) if done.row.state != RowState::Active => {
            departures.insert(key, ended_as(before.as_ref())); // only the reason of a tombstone had changed
            (None, None)
        }
        (Kind::Updated | Kind::Removed, before) => {
            let was = as_before(done.row.content, before.unwrap_or_default())?;
            (Some(was), None)
        }
    };
    Ok(Change {
        key,
        old: Some(old),
        new,
        last,
    })
}

/// How a row was ended before a run added it; one that was never seen is withdrawn.
fn ended_as(before: Option<&Map<String, Value>>) -> RowState {
    let state = before.and_then(|before| before.get("state")?.as_str()?.parse().ok());
    state.unwrap_or(RowState::Withdrawn)
}

/// What a row said before, of which the log holds what moved.
fn as_before(now: Content, before: Map<String, Value>) -> Result<Content> {
    let unreadable = |cause: serde_json::Error| Error::Machine(cause.into());
    let mut said = serde_json::to_value(now).map_err(unreadable)?;
    for (name, value) in before {
        if name != "state" {
            said[name] = value;
        }
    }
    serde_json::from_value(said).map_err(unreadable)
}

/// Moodle's clock of the last complete run that was published before this one, or the earliest that is known. An undo goes
/// back to the moment that it notes as its own.
fn snapshot_before(conn: &mut Conn, run: &Run) -> Result<i64> {
    let since_the_last = sync_runs::mode
        .eq(Mode::Changes)
        .and(sync_runs::hours_back.is_null());
    let published = || {
        sync_runs::table
            .filter(
                sync_runs::company_id
                    .eq(run.company_id)
                    .and(sync_runs::state.eq_any([RunState::Succeeded, RunState::Partial]))
                    .and(sync_runs::dry_run.eq(false))
                    .and(sync_runs::snapshot_at.is_not_null()),
            )
            .filter(
                sync_runs::mode
                    .eq_any([Mode::Full, Mode::Undo])
                    .or(since_the_last),
            )
            .select(sync_runs::snapshot_at)
    };
    let before: Option<Option<i64>> = published()
        .filter(sync_runs::version_after.le(run.counts.version_before))
        .order((
            sync_runs::version_after.desc(),
            sync_runs::finished_at_ms.desc(),
        ))
        .limit(1)
        .get_result(conn)
        .optional()?;
    let earliest = |conn: &mut Conn| -> Result<Option<i64>> {
        let first: Option<Option<i64>> = published()
            .order(sync_runs::snapshot_at.asc())
            .limit(1)
            .get_result(conn)
            .optional()?;
        Ok(first.flatten())
    };
    match before.flatten() {
        Some(at) => Ok(at),
        None => earliest(conn)?.or_not_found("the moment of the first sync"),
    }
}

/// Whether the company has a schedule that runs, which an undo pauses.
pub fn has_schedule(conn: &mut Conn, run: &Run) -> Result<bool> {
    let running: i64 = sync_schedules::table
        .filter(
            sync_schedules::company_id
                .eq(run.company_id)
                .and(sync_schedules::paused_at.is_null()),
        )
        .count()
        .get_result(conn)?;
    Ok(running > 0)
}

/// Pauses the company's schedule with the undo, and cancels what it has queued: else the next scheduled run would do
/// again what was just taken back.
pub fn pause_schedule(conn: &mut Conn, undo: &Run, now_ms: i64) -> Result<()> {
    let none: Option<i64> = None;
    let running = sync_schedules::table
        .find(undo.company_id)
        .filter(sync_schedules::paused_at.is_null());
    let paused = diesel::update(running)
        .set((
            sync_schedules::paused_at.eq(now_ms.div_euclid(1000)),
            sync_schedules::paused_by.eq(&undo.requested_by),
            sync_schedules::next_run_at.eq(none),
        ))
        .execute(conn)?;
    let queued = sync_runs::table.filter(
        sync_runs::company_id
            .eq(undo.company_id)
            .and(sync_runs::state.eq(RunState::Queued))
            .and(sync_runs::trigger.eq(Trigger::Scheduled)),
    );
    diesel::update(queued)
        .set((
            sync_runs::state.eq(RunState::Cancelled),
            sync_runs::cancelled_by.eq(&undo.requested_by),
            sync_runs::finished_at_ms.eq(now_ms),
        ))
        .execute(conn)?;
    record(conn, undo, paused > 0, now_ms)
}

fn record(conn: &mut Conn, undo: &Run, paused: bool, now_ms: i64) -> Result<()> {
    let undone = undo.undoes.as_ref().map(RunId::to_string);
    let entry = audit::Entry {
        actor: &undo.requested_by,
        company: Some(undo.company_id),
        action: "sync_undone",
        subject: undone.as_deref().unwrap_or_default(),
        before: None,
        after: Some(json!({ "run": undo.id, "schedule_paused": paused })),
    };
    audit::record(conn, &entry, now_ms)
}
