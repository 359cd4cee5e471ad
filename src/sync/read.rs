//! Reading: one snapshot of Moodle against one snapshot of the store.

use std::collections::HashMap;
use std::path::Path;

use super::plan::{Seen, plan};
use super::spool::Spool;
use super::{Mode, Run};
use crate::app::App;
use crate::companies;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, Key};
use crate::moodle::{Facts, Moodle, MoodleCompany, Moved, RowState, Scope, Shape, Snapshot};
use crate::progress::{self, derive::derive};

/// Everything a run has to write.
pub struct Reading {
    /// Moodle's companies, as they are now.
    pub companies: Vec<MoodleCompany>,
    /// The store's version that the changes were planned on.
    pub base_seq: i64,
    /// Moodle's clock at its snapshot, in UTC seconds.
    pub snapshot_at: i64,
    /// What has to change.
    pub spool: Spool,
    /// Why each removed row is not active any more.
    pub departures: HashMap<Key, RowState>,
}

/// Reads Moodle and plans what has to change. Writes nothing.
pub fn read(moodle: &Moodle, app: &App, run: &Run) -> Result<Reading> {
    let mut snapshot = moodle.snapshot()?;
    let companies = snapshot.companies()?;
    if !companies.iter().any(|company| company.id == run.company_id) {
        return Err(Error::Conflict(
            "Moodle has no such company any more; its rows were left as they are".into(),
        ));
    }
    let (base_seq, spool) = app.db.own_snapshot(|conn| {
        let state = companies::store::state(conn, run.company_id)?;
        Ok((
            state.seq,
            collect(&mut snapshot, conn, run, &app.config.data_dir)?,
        ))
    })?;
    let departures = snapshot
        .departures(run.company_id, &Shape::default(), &spool.removed)?
        .into_iter()
        .collect();
    Ok(Reading {
        companies,
        base_seq,
        snapshot_at: snapshot.taken_at(),
        spool,
        departures,
    })
}

fn collect(snapshot: &mut Snapshot, conn: &mut Conn, run: &Run, folder: &Path) -> Result<Spool> {
    match (run.mode, run.hours_back) {
        (Mode::Changes, Some(hours)) => {
            let cut_off = snapshot.taken_at() - i64::from(hours) * 3600;
            collect_changes(snapshot, conn, run.company_id, cut_off, folder)
        }
        _ => {
            let facts = snapshot
                .facts(run.company_id, &Shape::default(), &Scope::Everything)?
                .map(|facts| facts.map(row));
            Spool::collect(
                plan(facts, progress::store::stream(conn, run.company_id)?),
                folder,
            )
        }
    }
}

/// Plans on the rows of moved users and courses, on new keys and on gone ones. All other keys are right already.
fn collect_changes(
    snapshot: &mut Snapshot,
    conn: &mut Conn,
    company: CompanyId,
    cut_off: i64,
    folder: &Path,
) -> Result<Spool> {
    let moodle = snapshot
        .keys(company, &Shape::default())?
        .collect::<Result<Vec<Key>>>()?;
    let store = progress::store::active_keys(conn, company)?.collect::<Result<Vec<Key>>>()?;
    let mut moved = snapshot.moved_since(company, &Shape::default(), cut_off)?;
    moved
        .users
        .extend(only_in(&moodle, &store).map(|key| key.user));
    moved.users.sort_unstable();
    moved.users.dedup();
    let (read, same): (Vec<Key>, Vec<Key>) = moodle.iter().partition(|key| is_in(&moved, **key));
    let gone = only_in(&store, &moodle);
    let mut wanted: Vec<Key> = read.iter().copied().chain(gone).collect();
    wanted.sort_unstable();
    let facts = snapshot.facts(company, &Shape::default(), &Scope::Of(moved))?;
    let stored = wanted
        .into_iter()
        .filter_map(|key| progress::store::find(conn, company, key).transpose());
    let mut spool = Spool::collect(plan(seen(read, facts), stored), folder)?;
    spool.same += same.len() as i64;
    Ok(spool)
}

fn is_in(moved: &Moved, key: Key) -> bool {
    moved.users.binary_search(&key.user).is_ok() || moved.courses.binary_search(&key.course).is_ok()
}

/// What the first sorted list has and the second has not.
fn only_in(list: &[Key], other: &[Key]) -> impl Iterator<Item = Key> {
    list.iter()
        .copied()
        .filter(|key| other.binary_search(key).is_err())
}

/// The row of every key that was to be read. A key without facts, or facts without a key, is an error, not a change.
fn seen(
    keys: Vec<Key>,
    facts: impl Iterator<Item = Result<Facts>>,
) -> impl Iterator<Item = Result<Seen>> {
    let (mut keys, mut facts) = (keys.into_iter(), facts);
    std::iter::from_fn(move || match (keys.next(), facts.next()) {
        (None, None) => None,
        (_, Some(Err(error))) => Some(Err(error)),
        (Some(key), Some(Ok(facts))) if facts.key == key => Some(Ok(row(facts))),
        _ => Some(Err(unlisted())),
    })
}

fn unlisted() -> Error {
    Error::MoodleUnreadable("its list of learners and its rows do not agree".into())
}

fn row(facts: Facts) -> Seen {
    (facts.key, derive(facts))
}
