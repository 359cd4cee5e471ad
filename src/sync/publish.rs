//! Publishing: rows, log, version and the finished run, in one transaction.

use std::sync::atomic::Ordering::Relaxed;

use super::changes::{self, NewChange};
use super::claim::Claim;
use super::guard;
use super::outcome::finish;
use super::plan::Change;
use super::read::Reading;
use super::{Mode, undo};
use crate::app::Meter;
use crate::companies::{self, State};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::moodle::RowState;
use crate::progress::{self, Row};
use crate::time::{now, now_ms};

/// Rows per statement on PostgreSQL, and per look at memory on both.
const BATCH: usize = 1000;

/// Writes what a run has read. With the commit of this transaction, the run has succeeded and every reply shows it.
///
/// Fails, and so changes nothing, when the store moved since it was read or the run is not ours any more.
pub fn publish(conn: &mut Conn, claim: &Claim, reading: &mut Reading, meter: &Meter) -> Result<()> {
    let before = unmoved(conn, claim, reading)?;
    meter.rows_written.store(0, Relaxed); // this may be the second try
    let changed_at = before.next_change(now());
    let seq = write_rows(conn, claim, reading, changed_at, meter)?;
    let totals = companies::totals::count_rows(conn, before.company_id)?;
    let after = State {
        seq,
        totals,
        synced_at: reading.complete_at.or(before.synced_at),
        changed_at: if seq > before.seq {
            changed_at
        } else {
            before.changed_at
        },
        ..before
    };
    companies::store::publish(conn, &after, &claim.run.id)?;
    if claim.run.mode == Mode::Undo {
        undo::pause_schedule(conn, &claim.run, now_ms())?;
    }
    guard::supersede(conn, &claim.run)?;
    finish(conn, claim, reading, meter)
}

/// Locks the company's state; fails where its data or settings are not those that were read against.
pub fn unmoved(conn: &mut Conn, claim: &Claim, reading: &Reading) -> Result<State> {
    let state = companies::store::lock(conn, claim.run.company_id)?;
    if (state.seq, &state.stamp) == (reading.base_seq, &reading.base_stamp) {
        return Ok(state);
    }
    Err(Error::Moved)
}

/// Writes every change in key order, each with the next version, and returns the last one. All carry one moment: that of
/// publishing, because a client may have asked after the reading began and must still hear of them.
fn write_rows(
    conn: &mut Conn,
    claim: &Claim,
    reading: &mut Reading,
    changed_at: i64,
    meter: &Meter,
) -> Result<i64> {
    let mut seq = reading.base_seq;
    let Reading {
        spool, departures, ..
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
        rows.push(row(claim, seq, change, left, changed_at));
        if rows.len() == BATCH {
            flush(conn, &mut rows, &mut log, meter)?;
        }
    }
    flush(conn, &mut rows, &mut log, meter)?;
    Ok(seq)
}

fn flush(
    conn: &mut Conn,
    rows: &mut Vec<Row>,
    log: &mut Vec<NewChange>,
    meter: &Meter,
) -> Result<()> {
    if meter.has_to_stop() {
        return Err(Error::Cancelled);
    }
    Meter::add(&meter.rows_written, rows.len());
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
        .or(change.last)
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
