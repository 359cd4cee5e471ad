//! One lock per store: servers share it; a command that works without them has it alone.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use r2d2::ManageConnection as _;

use super::manager::Purpose;
use super::{Conn, Db, Kind};
use crate::error::{Error, Result};

/// The number of the lock on PostgreSQL; it only has to be ours.
const LOCK: i64 = 0x616c_785f_696e_7374;
/// How often a server looks whether PostgreSQL still holds its lock.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Holds the lock until it is dropped or the process ends, however that happens.
pub struct StoreLock {
    /// A file, a connection, or the way to end the thread that watches one.
    _held: Box<dyn Send>,
}

impl StoreLock {
    fn holding(held: impl Send + 'static) -> Self {
        Self {
            _held: Box::new(held),
        }
    }
}

/// The lock of an embedded store alone, without opening the store itself; `None` while somebody else has it.
pub fn alone(store: &Path) -> Result<Option<StoreLock>> {
    let file = lock_file(store)?;
    held(file.try_lock(), file)
}

fn lock_file(store: &Path) -> Result<File> {
    let mut path = store.as_os_str().to_owned();
    path.push(".instance");
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path);
    opened.map_err(|cause| Error::Setup(format!("{} cannot be opened: {cause}", path.display())))
}

impl Db {
    /// The lock, shared with other servers; `None` while a command has it alone. Blocking.
    pub fn share(&self) -> Result<Option<StoreLock>> {
        if self.kind() == Kind::Sqlite {
            let file = self.lock_file()?;
            return held(file.try_lock_shared(), file);
        }
        let conn = self.locked("select pg_try_advisory_lock_shared($1) as got")?;
        conn.map(|conn| self.watched(conn)).transpose()
    }

    /// The lock alone; `None` while a server or another command has it. Blocking.
    pub fn take_alone(&self) -> Result<Option<StoreLock>> {
        if self.kind() == Kind::Sqlite {
            let file = self.lock_file()?;
            return held(file.try_lock(), file);
        }
        let conn = self.locked("select pg_try_advisory_lock($1) as got")?;
        Ok(conn.map(StoreLock::holding))
    }

    fn lock_file(&self) -> Result<File> {
        lock_file(self.file().unwrap_or(Path::new("")))
    }

    /// A connection of its own that holds the lock.
    fn locked(&self, statement: &'static str) -> Result<Option<Conn>> {
        let opened = self.manager(Purpose::Write).connect();
        let mut conn = opened.map_err(Error::unavailable)?;
        let asked = diesel::sql_query(statement).bind::<BigInt, _>(LOCK);
        let got: Got = match &mut conn {
            Conn::Pg(conn) => asked.get_result(conn)?,
            Conn::Sqlite(_) => return Ok(None),
        };
        Ok(got.got.then_some(conn))
    }

    /// A restart of PostgreSQL takes the lock away: a thread looks, and gets it again.
    fn watched(&self, conn: Conn) -> Result<StoreLock> {
        let (stop, stopped) = mpsc::channel::<()>();
        let (db, mut conn) = (self.clone(), Some(conn));
        let watch = move || {
            while stopped.recv_timeout(LOOK_AGAIN) == Err(RecvTimeoutError::Timeout) {
                if conn.as_mut().is_some_and(is_alive) {
                    continue;
                }
                let again = db.locked("select pg_try_advisory_lock_shared($1) as got");
                conn = again.ok().flatten();
                log::warn!(held = conn.is_some(); "the connection that held the store's lock was lost");
            }
        };
        std::thread::Builder::new()
            .name("instance".into())
            .spawn(watch)?;
        Ok(StoreLock::holding(stop))
    }
}

#[derive(QueryableByName)]
struct Got {
    #[diesel(sql_type = Bool)]
    got: bool,
}

fn is_alive(conn: &mut Conn) -> bool {
    match conn {
        Conn::Pg(conn) => diesel::sql_query("select 1").execute(conn).is_ok(),
        Conn::Sqlite(_) => true,
    }
}

fn held(tried: std::result::Result<(), TryLockError>, file: File) -> Result<Option<StoreLock>> {
    match tried {
        Ok(()) => Ok(Some(StoreLock::holding(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(cause)) => Err(cause.into()),
    }
}
