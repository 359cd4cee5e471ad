//! Reading: one snapshot of Moodle against one snapshot of the store.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::collect;
use super::spool::Spool;
use super::{Mode, Run};
use crate::app::{App, Meter};
use crate::companies;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{Key, UserId};
use crate::moodle::{Moodle, RowState, Shape, Snapshot};
use crate::progress;
use crate::settings;

/// A run since the last sync looks so much further back: clocks differ, and transactions last.
const OVERLAP: i64 = 3600;

/// Everything a run has to write.
pub struct Reading {
    /// The store's version that the changes were planned on.
    pub base_seq: i64,
    /// The company's stamp then: with other settings it is another one.
    pub base_stamp: String,
    /// Active rows that the store had then.
    pub base_rows: i64,
    /// Moodle's clock at its snapshot, in UTC seconds.
    pub snapshot_at: i64,
    /// From when on `changes` looked for facts that moved.
    pub read_since: Option<i64>,
    /// Until when every fact of Moodle is in the rows afterwards; `None` where the run does not move that on.
    pub complete_at: Option<i64>,
    /// What has to change.
    pub spool: Spool,
    /// Why each removed row is not active any more.
    pub departures: HashMap<Key, RowState>,
}

/// What a run reads with: the settings of the moment and where to put what it finds.
pub struct Way<'a> {
    /// The run.
    pub run: &'a Run,
    /// Which rows count.
    pub shape: Shape,
    /// People whose data was erased.
    pub erased: HashSet<UserId>,
    /// Where a large plan goes.
    pub folder: &'a Path,
    /// Who wants to know how far it is.
    pub meter: &'a Meter,
}

/// Reads Moodle and plans what has to change. Writes nothing, but which companies Moodle has, before what may take long: at
/// its end that would be old.
pub fn read(moodle: &Moodle, app: &App, run: &Run, meter: &Meter) -> Result<Reading> {
    let mut snapshot = moodle.snapshot()?;
    let companies = snapshot.companies()?;
    companies::store::keep(&app.db, &companies)?;
    if !companies.iter().any(|company| company.id == run.company_id) {
        return Err(Error::Conflict(
            "Moodle has no such company any more; its rows were left as they are".into(),
        ));
    }
    let mut departures = HashMap::new();
    let (state, shape, read_since, spool) = app.db.own_snapshot(|conn| {
        let state = companies::store::state(conn, run.company_id)?;
        let way = Way {
            run,
            shape: shape(conn, run)?,
            erased: progress::store::erased_users(conn)?,
            folder: &app.config.data_dir,
            meter,
        };
        let read_since = cut_off(run, snapshot.taken_at(), state.synced_at);
        let mut spool = spool(&mut snapshot, conn, &way, read_since)?;
        if run.mode != Mode::Cleanup && read_since.is_none() {
            departures = collect::restate(&mut snapshot, conn, &way, &mut spool)?;
        }
        Ok((state, way.shape, read_since, spool))
    })?;
    departures.extend(snapshot.departures(run.company_id, &shape, &spool.removed)?);
    Ok(Reading {
        base_seq: state.seq,
        base_stamp: state.stamp,
        base_rows: state.totals.enrolments,
        snapshot_at: snapshot.taken_at(),
        read_since,
        complete_at: is_complete(run, read_since, state.synced_at).then(|| snapshot.taken_at()),
        spool,
        departures,
    })
}

/// The settings that a dry run tries out, or else those that are saved.
fn shape(conn: &mut Conn, run: &Run) -> Result<Shape> {
    let Some(tried) = &run.shape else {
        return settings::store::shape(conn, run.company_id);
    };
    serde_json::from_str(tried)
        .map_err(|cause| diesel::result::Error::DeserializationError(cause.into()).into())
}

/// From when on `changes` looks. `None`: everything is read.
fn cut_off(run: &Run, now: i64, synced_at: Option<i64>) -> Option<i64> {
    match (run.mode, run.hours_back) {
        (Mode::Changes, Some(hours)) => Some(now - i64::from(hours) * 3600),
        (Mode::Changes, None) => synced_at.map(|at| at - OVERLAP),
        _ => None,
    }
}

/// Whether the rows say all that Moodle says afterwards. A cleanup looks at keys only, and recent changes leave a gap
/// where they do not reach back to the last complete run.
fn is_complete(run: &Run, read_since: Option<i64>, synced_at: Option<i64>) -> bool {
    match (run.mode, read_since) {
        (Mode::Cleanup, _) => false,
        (_, Some(since)) => synced_at.is_some_and(|complete| since <= complete),
        (_, None) => true,
    }
}

fn spool(
    snapshot: &mut Snapshot,
    conn: &mut Conn,
    way: &Way<'_>,
    read_since: Option<i64>,
) -> Result<Spool> {
    match (way.run.mode, read_since) {
        (Mode::Cleanup, _) => collect::cleanup(snapshot, conn, way),
        (_, Some(cut_off)) => collect::changes(snapshot, conn, way, cut_off),
        _ => collect::everything(snapshot, conn, way),
    }
}
