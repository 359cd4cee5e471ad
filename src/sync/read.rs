//! Reading: one snapshot of Moodle against one snapshot of the store.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::plan::{Seen, plan};
use super::spool::Spool;
use super::{Mode, Run};
use crate::app::App;
use crate::companies;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, Key};
use crate::moodle::{Facts, Moodle, MoodleCompany, Moved, RowState, Scope, Snapshot};
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
        .departures(run.company_id, &spool.removed)?
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
            let keys = snapshot
                .keys(run.company_id)?
                .collect::<Result<Vec<Key>>>()?;
            let scope = moved(snapshot, conn, run.company_id, cut_off, &keys)?;
            let facts = snapshot.facts(run.company_id, &Scope::Of(scope))?;
            Spool::collect(
                plan(
                    seen(keys, facts),
                    progress::store::stream(conn, run.company_id)?,
                ),
                folder,
            )
        }
        _ => {
            let facts = snapshot
                .facts(run.company_id, &Scope::Everything)?
                .map(|facts| facts.map(row));
            Spool::collect(
                plan(facts, progress::store::stream(conn, run.company_id)?),
                folder,
            )
        }
    }
}

/// The users and courses to read in full: those whose facts moved, and the users of keys that the store lacks.
fn moved(
    snapshot: &mut Snapshot,
    conn: &mut Conn,
    company: CompanyId,
    cut_off: i64,
    keys: &[Key],
) -> Result<Moved> {
    let mut moved = snapshot.moved_since(company, cut_off)?;
    let mut users: BTreeSet<_> = moved.users.into_iter().collect();
    let mut stored = progress::store::active_keys(conn, company)?.peekable();
    for key in keys {
        while stored
            .next_if(|other| other.as_ref().is_ok_and(|other| other < key))
            .is_some()
        {}
        match stored.next_if(|other| other.as_ref().map_or(true, |other| other == key)) {
            Some(known) => drop(known?),
            None => drop(users.insert(key.user)),
        }
    }
    moved.users = users.into_iter().collect();
    Ok(moved)
}

/// Every key, with its row where that was read. Facts of a key that is not listed are an error, not a loss.
fn seen(
    keys: Vec<Key>,
    facts: impl Iterator<Item = Result<Facts>>,
) -> impl Iterator<Item = Result<Seen>> {
    let (mut keys, mut facts) = (keys.into_iter(), facts.peekable());
    std::iter::from_fn(move || {
        let Some(key) = keys.next() else {
            return facts.next().map(|left| left.and_then(|_| Err(unlisted())));
        };
        match facts.next_if(|next| next.as_ref().map_or(true, |next| next.key == key)) {
            Some(found) => Some(found.map(row)),
            None => Some(Ok(Seen::Key(key))),
        }
    })
}

fn unlisted() -> Error {
    Error::MoodleUnreadable("a row was read that the list of keys does not have".into())
}

fn row(facts: Facts) -> Seen {
    Seen::Row(facts.key, Box::new(derive(facts)))
}
