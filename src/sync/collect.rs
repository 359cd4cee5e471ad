//! What each mode reads, and the plan it makes of it.

use std::collections::HashMap;

use super::Mode;
use super::plan::{Seen, plan};
use super::read::Way;
use super::spool::Spool;
use super::stream::{metered, seen};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::Key;
use crate::moodle::{Facts, Moved, RowState, Scope, Snapshot};
use crate::progress::{self, Row};

/// Compares every row.
pub fn everything(snapshot: &mut Snapshot, conn: &mut Conn, way: &Way<'_>) -> Result<Spool> {
    let company = way.run.company_id;
    let facts = snapshot.facts(company, &way.shape, &Scope::Everything)?;
    let facts = metered(facts, way.meter, &way.erased).map(|facts| facts.map(seen));
    let stored = progress::store::stream(conn, company)?;
    Spool::collect(plan(facts, stored), way.folder, way.meter)
}

/// Plans on the rows of moved users and courses, on new keys and on gone ones. All other keys are right already.
pub fn changes(
    snapshot: &mut Snapshot,
    conn: &mut Conn,
    way: &Way<'_>,
    cut_off: i64,
) -> Result<Spool> {
    let company = way.run.company_id;
    let (moodle, store) = key_lists(snapshot, conn, way)?;
    let mut moved = snapshot.moved_since(company, &way.shape, cut_off)?;
    moved
        .users
        .extend(only_in(&moodle, &store).map(|key| key.user));
    moved.users.sort_unstable();
    moved.users.dedup();
    let (read, same): (Vec<Key>, Vec<Key>) = moodle.iter().partition(|key| is_in(&moved, **key));
    let gone = only_in(&store, &moodle);
    let mut wanted: Vec<Key> = read.iter().copied().chain(gone).collect();
    wanted.sort_unstable();
    let facts = snapshot.facts(company, &way.shape, &Scope::Of(moved))?;
    let facts = metered(facts, way.meter, &way.erased);
    let stored = rows_of(conn, way, wanted);
    let mut spool = Spool::collect(plan(listed(read, facts), stored), way.folder, way.meter)?;
    spool.same += same.len() as i64;
    Ok(spool)
}

/// Plans on keys that are gone, and on nothing else.
pub fn cleanup(snapshot: &mut Snapshot, conn: &mut Conn, way: &Way<'_>) -> Result<Spool> {
    let (moodle, store) = key_lists(snapshot, conn, way)?;
    let gone: Vec<Key> = only_in(&store, &moodle).collect();
    let kept = store.len() - gone.len();
    let stored = rows_of(conn, way, gone);
    let steps = plan(std::iter::empty(), stored);
    let mut spool = Spool::collect(steps, way.folder, way.meter)?;
    spool.same += kept as i64;
    Ok(spool)
}

/// Tombstones looked at together.
const TOMBSTONES: usize = 5_000;

/// Adds tombstones whose reason is another one now, such as an account that was deleted after it had left; gives their
/// new states. What an undo or an erasure ended keeps its own state.
pub fn restate(
    snapshot: &mut Snapshot,
    conn: &mut Conn,
    way: &Way<'_>,
    spool: &mut Spool,
) -> Result<HashMap<Key, RowState>> {
    let company = way.run.company_id;
    let known = progress::store::tombstones(conn, company)?;
    let mut restated = HashMap::new();
    for page in known.chunks(TOMBSTONES) {
        let keys: Vec<Key> = page.iter().map(|(key, _)| *key).collect();
        let now = snapshot.departures(company, &way.shape, &keys)?;
        let moved = page
            .iter()
            .zip(now)
            .filter(|((_, was), (_, state))| was != state && *state != RowState::Active);
        for (_, (key, state)) in moved {
            if let Some(row) = progress::store::find(conn, company, key)? {
                spool.restate(row, way.meter)?;
                restated.insert(key, state);
            }
        }
    }
    Ok(restated)
}

/// The keys that Moodle has, and those of the store's active rows; both in order.
fn key_lists(
    snapshot: &mut Snapshot,
    conn: &mut Conn,
    way: &Way<'_>,
) -> Result<(Vec<Key>, Vec<Key>)> {
    let keys = snapshot.keys(way.run.company_id, &way.shape)?;
    let keys = metered(keys, way.meter, &way.erased);
    let moodle = match way.run.mode {
        Mode::Cleanup => keys.collect::<Result<_>>()?,
        _ => keys.uncounted().collect::<Result<_>>()?,
    };
    let store = progress::store::active_keys(conn, way.run.company_id)?.collect::<Result<_>>()?;
    Ok((moodle, store))
}

fn rows_of<'c>(
    conn: &'c mut Conn,
    way: &Way<'_>,
    keys: Vec<Key>,
) -> impl Iterator<Item = Result<Row>> + use<'c> {
    let company = way.run.company_id;
    keys.into_iter()
        .filter_map(move |key| progress::store::find(conn, company, key).transpose())
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
fn listed(
    keys: Vec<Key>,
    facts: impl Iterator<Item = Result<Facts>>,
) -> impl Iterator<Item = Result<Seen>> {
    let (mut keys, mut facts) = (keys.into_iter(), facts);
    std::iter::from_fn(move || match (keys.next(), facts.next()) {
        (None, None) => None,
        (_, Some(Err(error))) => Some(Err(error)),
        (Some(key), Some(Ok(facts))) if facts.key == key => Some(Ok(seen(facts))),
        _ => Some(Err(unlisted())),
    })
}

fn unlisted() -> Error {
    Error::MoodleUnreadable("its list of learners and its rows do not agree".into())
}
