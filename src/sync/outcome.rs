//! How a run ends that has read everything: its counts, its tally and what it could not read, under its fence.

use diesel::prelude::*;

use super::changes::sides;
use super::claim::{Claim, held};
use super::publish::unmoved;
use super::read::Reading;
use super::{Counts, Progress, RunState};
use crate::app::Meter;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::moodle::RowState;
use crate::schema::{sync_plan_lines, sync_runs, sync_unread};
use crate::time::now_ms;

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
    record_plan(conn, claim, reading)?;
    if needs_confirmation {
        end(conn, claim, reading, meter, RunState::NeedsConfirmation)
    } else {
        finish(conn, claim, reading, meter)
    }
}

fn record_plan(conn: &mut Conn, claim: &Claim, reading: &mut Reading) -> Result<()> {
    let Reading {
        spool, departures, ..
    } = reading;
    for (place, change) in (1_i64..).zip(spool.changes()?) {
        let change = change?;
        let left = departures
            .get(&change.key)
            .copied()
            .unwrap_or(RowState::Left);
        let (before, after) = sides(&change, left)?;
        let line = (
            sync_plan_lines::run_id.eq(&claim.run.id),
            sync_plan_lines::place.eq(place),
            sync_plan_lines::user_id.eq(change.key.user),
            sync_plan_lines::course_id.eq(change.key.course),
            sync_plan_lines::kind.eq(change.kind()),
            sync_plan_lines::before.eq(before),
            sync_plan_lines::after.eq(after),
        );
        diesel::insert_into(sync_plan_lines::table)
            .values(line)
            .execute(conn)?;
    }
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
            sync_runs::errors.eq(errors(reading)),
        ))
        .execute(conn)?;
    if ended != 1 {
        return Err(why_not(conn, claim)?);
    }
    reading.spool.tally.record(conn, &claim.run.id)?;
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
    let written = !claim.run.dry_run && state != RunState::NeedsConfirmation;
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

fn errors(reading: &Reading) -> String {
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
