//! Publishing: rows, log, version and the finished run, in one transaction.

use super::changes::{self, NewChange};
use super::claim::{Claim, held};
use super::plan::Change;
use super::read::Reading;
use super::{Counts, RunState};
use crate::companies::{self, State};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::moodle::RowState;
use crate::progress::{self, Row};
use crate::schema::sync_runs;
use crate::time::now_ms;
use diesel::prelude::*;

/// Rows per statement on PostgreSQL, and per look at memory on both.
const BATCH: usize = 1000;

/// Writes what a run has read. With the commit of this transaction, the run has succeeded and every reply shows it.
///
/// Fails, and so changes nothing, when the store moved since it was read or the run is not ours any more.
pub fn publish(conn: &mut Conn, claim: &Claim, reading: &mut Reading) -> Result<()> {
    let before = companies::store::lock(conn, claim.run.company_id)?;
    if before.seq != reading.base_seq {
        return Err(Error::Conflict(
            "another sync of this company finished meanwhile; run it again".into(),
        ));
    }
    let seq = write_rows(conn, claim, reading, before.seq)?;
    let totals = companies::totals::count_rows(conn, before.company_id)?;
    let after = State {
        seq,
        totals,
        ..before
    };
    companies::store::publish(conn, &after, &claim.run.id, reading.snapshot_at)?;
    finish(conn, claim, reading)
}

/// Writes every change in key order, each with the next version, and returns the last one.
fn write_rows(conn: &mut Conn, claim: &Claim, reading: &mut Reading, mut seq: i64) -> Result<i64> {
    let Reading {
        spool,
        departures,
        snapshot_at,
        ..
    } = reading;
    let mut rows = Vec::with_capacity(BATCH);
    let mut log = Vec::with_capacity(BATCH);
    for change in spool.changes()? {
        let change = change?;
        seq += 1;
        let left = departures
            .get(&change.key)
            .copied()
            .unwrap_or(RowState::Left);
        log.push(NewChange::of(&claim.run, seq, &change, left)?);
        rows.push(row(claim, seq, change, left, *snapshot_at));
        if rows.len() == BATCH {
            flush(conn, &mut rows, &mut log)?;
        }
    }
    flush(conn, &mut rows, &mut log)?;
    Ok(seq)
}

fn flush(conn: &mut Conn, rows: &mut Vec<Row>, log: &mut Vec<NewChange>) -> Result<()> {
    progress::write(conn, rows)?;
    changes::record(conn, log)?;
    rows.clear();
    log.clear();
    Ok(())
}

fn row(claim: &Claim, seq: i64, change: Change, left: RowState, changed_at: i64) -> Row {
    let first_seen_seq = change.old.as_ref().map_or(seq, |old| old.first_seen_seq);
    let state = if change.new.is_some() {
        RowState::Active
    } else {
        left
    };
    let content = change
        .new
        .or(change.old.map(|old| old.content))
        .expect("a change has an old or a new side");
    Row {
        company_id: claim.run.company_id,
        user_id: change.key.user,
        course_id: change.key.course,
        content,
        state,
        seq,
        first_seen_seq,
        changed_at,
    }
}

fn finish(conn: &mut Conn, claim: &Claim, reading: &Reading) -> Result<()> {
    let counts = Counts {
        records_created: Some(reading.spool.added),
        records_updated: Some(reading.spool.updated),
        records_deleted: Some(reading.spool.removed.len() as i64),
        records_unchanged: Some(reading.spool.same),
        cache_cleared: None,
        version_before: Some(reading.base_seq),
        version_after: Some(reading.base_seq + reading.spool.len()),
    };
    let ended = diesel::update(held(&claim.run.id, &claim.runner))
        .set((
            counts,
            sync_runs::state.eq(RunState::Succeeded),
            sync_runs::finished_at_ms.eq(now_ms()),
            sync_runs::snapshot_at.eq(reading.snapshot_at),
        ))
        .execute(conn)?;
    if ended == 1 {
        Ok(())
    } else {
        Err(Error::Conflict(
            "this run was given up and another one took its place".into(),
        ))
    }
}
