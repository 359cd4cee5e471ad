//! How a run ends that has read everything: its counts, its tally and what it could not read, under its fence.

use diesel::prelude::*;

use super::claim::{Claim, held};
use super::plan_lines::{self, PlanLine};
use super::publish::unmoved;
use super::read::Reading;
use super::{Counts, Mode, Progress, RunState};
use crate::app::Meter;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::moodle::RowState;
use crate::schema::{sync_runs, sync_unread};
use crate::time::now_ms;

/// Lines per statement on PostgreSQL, and per look at the meter on both.
const BATCH: usize = 1000;

/// Ends a run whose rows are written, or of which nothing was to be written.
pub fn finish(conn: &mut Conn, claim: &Claim, reading: &Reading, meter: &Meter) -> Result<()> {
    let whole = reading.spool.unread.is_empty();
    let state = if whole {
        RunState::Succeeded
    } else {
        RunState::Partial
    };
    end(conn, claim, reading, meter, state)
}

/// Ends a run with its plan instead of doing it: a preview, or one that an admin has to confirm.
pub fn keep_plan(
    conn: &mut Conn,
    claim: &Claim,
    reading: &mut Reading,
    meter: &Meter,
    needs_confirmation: bool,
) -> Result<()> {
    unmoved(conn, claim, reading)?;
    record_plan(conn, claim, reading, meter)?;
    if needs_confirmation {
        end(conn, claim, reading, meter, RunState::NeedsConfirmation)
    } else {
        finish(conn, claim, reading, meter)
    }
}

/// Ends a run that would remove only what an earlier one waits with: that one stays the question.
pub fn leave_to_the_waiting(
    conn: &mut Conn,
    claim: &Claim,
    reading: &Reading,
    meter: &Meter,
) -> Result<()> {
    end(conn, claim, reading, meter, RunState::Rejected)?;
    let why = "An earlier sync that would take the same rows away waits for confirmation: decide about that one.";
    diesel::update(sync_runs::table.find(&claim.run.id))
        .set((
            sync_runs::decided_by.eq("an earlier sync"),
            sync_runs::errors.eq(serde_json::json!([why]).to_string()),
        ))
        .execute(conn)?;
    Ok(())
}

fn record_plan(conn: &mut Conn, claim: &Claim, reading: &mut Reading, meter: &Meter) -> Result<()> {
    let Reading {
        spool, departures, ..
    } = reading;
    let mut lines = Vec::with_capacity(BATCH);
    for (place, change) in (1_i64..).zip(spool.changes()?) {
        let change = change?;
        let left = departures
            .get(&change.key)
            .copied()
            .unwrap_or(RowState::Left);
        lines.push(PlanLine::of(&claim.run.id, place, &change, left)?);
        if lines.len() == BATCH {
            flush(conn, &mut lines, meter)?;
        }
    }
    flush(conn, &mut lines, meter)
}

fn flush(conn: &mut Conn, lines: &mut Vec<PlanLine>, meter: &Meter) -> Result<()> {
    if meter.has_to_stop() {
        return Err(Error::Cancelled);
    }
    plan_lines::record(conn, lines)?;
    lines.clear();
    Ok(())
}

fn end(
    conn: &mut Conn,
    claim: &Claim,
    reading: &Reading,
    meter: &Meter,
    state: RunState,
) -> Result<()> {
    let not_cancelled =
        held(&claim.run.id, &claim.runner).filter(sync_runs::cancelled_by.is_null());
    let ended = diesel::update(not_cancelled)
        .set((
            counts(claim, reading, state),
            Progress::of(meter),
            sync_runs::state.eq(state),
            sync_runs::finished_at_ms.eq(now_ms()),
            sync_runs::snapshot_at.eq(reading.snapshot_at),
            sync_runs::read_since.eq(reading.read_since),
            sync_runs::errors.eq(errors(reading, state)),
        ))
        .execute(conn)?;
    if ended != 1 {
        return Err(why_not(conn, claim)?);
    }
    let is_plan = claim.run.dry_run || !matches!(state, RunState::Succeeded | RunState::Partial);
    if is_plan || claim.run.mode == Mode::Full {
        reading.spool.tally.record(conn, &claim.run.id)?; // else the log says it, and nothing was compared as a whole
    }
    record_unread(conn, claim, reading)
}

fn why_not(conn: &mut Conn, claim: &Claim) -> Result<Error> {
    let held = held(&claim.run.id, &claim.runner)
        .count()
        .get_result::<i64>(conn)?;
    Ok(if held == 1 {
        Error::Cancelled
    } else {
        Error::Conflict("this run was given up and another one took its place".into())
    })
}

fn counts(claim: &Claim, reading: &Reading, state: RunState) -> Counts {
    let done = matches!(state, RunState::Succeeded | RunState::Partial);
    let written = done && !claim.run.dry_run;
    let versions = if written { reading.spool.len() } else { 0 };
    Counts {
        records_created: Some(reading.spool.added),
        records_updated: Some(reading.spool.updated),
        records_deleted: Some(reading.spool.removed.len() as i64),
        records_unchanged: Some(reading.spool.same),
        cache_cleared: (!written).then_some(0),
        version_before: Some(reading.base_seq),
        version_after: Some(reading.base_seq + versions),
    }
}

fn errors(reading: &Reading, state: RunState) -> String {
    if state == RunState::NeedsConfirmation {
        let (gone, rows) = (reading.spool.removed.len(), reading.base_rows);
        let text = format!("It would take {gone} of {rows} rows away; an admin must confirm that.");
        return serde_json::json!([text]).to_string();
    }
    let sentence = match reading.spool.unread.len() {
        0 => return "[]".into(),
        1 => "1 row of Moodle could not be read and was left as it was.".to_owned(),
        many => format!("{many} rows of Moodle could not be read and were left as they were."),
    };
    serde_json::json!([sentence]).to_string()
}

fn record_unread(conn: &mut Conn, claim: &Claim, reading: &Reading) -> Result<()> {
    for unread in &reading.spool.unread {
        let line = (
            sync_unread::run_id.eq(&claim.run.id),
            sync_unread::user_id.eq(unread.key.user),
            sync_unread::course_id.eq(unread.key.course),
            sync_unread::reason.eq(unread.flaw.0),
        );
        diesel::insert_into(sync_unread::table)
            .values(line)
            .execute(conn)?;
    }
    Ok(())
}
