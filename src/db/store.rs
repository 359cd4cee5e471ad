//! `Db`: reads, snapshots and writes, each in the transaction it needs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::manager::{Manager, Purpose};
use super::{CONNECT_TIMEOUT, Conn, Kind};
use r2d2::ManageConnection;

use crate::config::Secret;
use crate::error::{Error, Result};

type Pool = r2d2::Pool<Manager>;

/// How long a write waits for the one writer of SQLite, in this process and in others.
pub(super) const WRITER_PATIENCE: Duration = Duration::from_secs(60);

/// What PostgreSQL says to the one of two writers that it ends because each waits for the other.
const DEADLOCK: &str = "deadlock detected";

/// How a snapshot begins on SQLite and on PostgreSQL.
const SNAPSHOT: (&str, &str) = ("begin", "begin isolation level repeatable read read only");

/// The store. Cloning shares its pools.
#[derive(Clone)]
pub struct Db {
    kind: Kind,
    target: Secret,
    writers: Arc<Pool>,
    readers: Arc<Pool>,
    lookups: Arc<Pool>,
}

impl Db {
    /// Opens the store that an address names, without touching its tables.
    ///
    /// Fails for an address of no known database and for one that does not answer within 10 seconds.
    pub fn open(url: &Secret) -> Result<Self> {
        let kind = Kind::of(url.reveal()).filter(|kind| *kind != Kind::Mysql);
        let kind = kind.ok_or_else(|| {
            Error::Setup("ALX_DATABASE_URL must begin with sqlite:// or postgres://".into())
        })?;
        let target = match kind {
            Kind::Sqlite => Secret::from(url.reveal().trim_start_matches("sqlite://")),
            _ => url.clone(),
        };
        let writers = if kind == Kind::Sqlite { 1 } else { 24 };
        Ok(Self {
            kind,
            writers: pool(kind, &target, Purpose::Write, writers)?,
            readers: pool(kind, &target, Purpose::Read, 8)?,
            lookups: pool(kind, &target, Purpose::Read, 8)?,
            target,
        })
    }

    /// [`Db::open`], but never makes a new file.
    pub fn open_existing(url: &Secret) -> Result<Self> {
        let path = url.reveal().strip_prefix("sqlite://");
        match path.filter(|path| !Path::new(path).is_file()) {
            Some(path) => Err(Error::Setup(format!(
                "there is no store at {path}; check --data-dir"
            ))),
            None => Self::open(url),
        }
    }

    /// Which database this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// A writer outside any transaction, for migrations.
    pub(super) fn writer<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        work(&mut *take(&self.writers)?)
    }

    /// A connection of its own that may write a new file, for copies while everybody works.
    pub(super) fn copier<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        work(
            &mut self
                .manager(Purpose::Write)
                .connect()
                .map_err(Error::unavailable)?,
        )
    }

    /// What its pools do now: writers, readers, look-ups.
    pub(super) fn pools(&self) -> [(&'static str, &r2d2::Pool<Manager>); 3] {
        [
            ("writers", &self.writers),
            ("readers", &self.readers),
            ("look-ups", &self.lookups),
        ]
    }

    /// The file of an embedded store; `None` for PostgreSQL.
    pub(super) fn file(&self) -> Option<&Path> {
        (self.kind == Kind::Sqlite).then(|| Path::new(self.target.reveal()))
    }

    pub(super) fn manager(&self, purpose: Purpose) -> Manager {
        Manager {
            kind: self.kind,
            target: self.target.clone(),
            purpose,
        }
    }

    /// Runs one read. Blocking: not for a handler, see [`Db::run`].
    pub fn read<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        work(&mut *take(&self.readers)?)
    }

    /// Runs several reads in one snapshot: none sees a commit that another does not. Blocking.
    pub fn snapshot<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        self.read(|conn| transaction(conn, SNAPSHOT.0, SNAPSHOT.1, work))
    }

    /// [`Db::snapshot`] on a connection of its own, for reads that last: those of a sync must not use up the pool.
    pub fn own_snapshot<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let mut conn = self
            .manager(Purpose::Read)
            .connect()
            .map_err(Error::unavailable)?;
        if matches!(conn, Conn::Pg(_)) {
            conn.batch_execute("set statement_timeout = 0")?; // it may last
        }
        transaction(&mut conn, SNAPSHOT.0, SNAPSHOT.1, work)
    }

    /// Runs one write transaction; an error undoes all of it. Blocking.
    ///
    /// On SQLite there is one writer at a time. On PostgreSQL a conflict or a deadlock with another writer runs `work`
    /// again, up to five times: what the other one inserted is there to find then.
    pub fn write<T>(&self, mut work: impl FnMut(&mut Conn) -> Result<T>) -> Result<T> {
        let mut conn = take(&self.writers)?;
        for _ in 0..4 {
            match transaction(&mut conn, "begin immediate", "begin", &mut work) {
                Err(error) if is_conflict(&error) => {
                    log::debug!("a write met another one and is tried again");
                }
                done => return done,
            }
        }
        transaction(&mut conn, "begin immediate", "begin", work)
    }

    /// Takes what commits have overwritten out of an embedded store's write-ahead file. Blocking, for some seconds at
    /// most: readers of an older snapshot keep it, and the log says so.
    pub fn forget_what_was_written(&self) -> Result<()> {
        if self.kind != Kind::Sqlite {
            return Ok(());
        }
        for _ in 0..20 {
            let Checkpoint { busy } = self.writer(|conn| {
                Ok(diesel::sql_query("pragma wal_checkpoint(truncate)").get_result(conn)?)
            })?;
            if busy == 0 {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        log::warn!(
            "the write-ahead file still holds what was erased: a reader needs it; the next checkpoint takes it out"
        );
        Ok(())
    }

    /// [`Db::snapshot`] for a handler: off the thread that serves requests.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let db = self.clone();
        off_thread(move || db.snapshot(work)).await
    }

    /// [`Db::write`] for a handler.
    pub async fn change<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let db = self.clone();
        off_thread(move || db.write(work)).await
    }

    /// One read by key that takes microseconds: on SQLite it stays on the thread that asks.
    pub async fn lookup<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.kind == Kind::Sqlite {
            return work(&mut *take(&self.lookups)?);
        }
        let db = self.clone();
        off_thread(move || work(&mut *take(&db.lookups)?)).await
    }
}

/// What SQLite says of a checkpoint.
#[derive(diesel::QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}

/// Runs blocking work on the pool of threads that is there for it.
pub async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    web::block(work).await.map_err(Error::unavailable)?
}

fn pool(kind: Kind, target: &Secret, purpose: Purpose, size: u32) -> Result<Arc<Pool>> {
    let manager = Manager {
        kind,
        target: target.clone(),
        purpose,
    };
    // A writer of SQLite may have to wait until a large sync is written.
    let alone = kind == Kind::Sqlite && purpose == Purpose::Write;
    let patience = if alone {
        WRITER_PATIENCE
    } else {
        CONNECT_TIMEOUT + Duration::from_secs(5)
    };
    let pool = r2d2::Pool::builder()
        .max_size(size)
        .min_idle(Some(u32::from(purpose == Purpose::Write)))
        .test_on_check_out(true)
        .connection_timeout(patience)
        .build(manager)
        .map_err(Error::unavailable)?;
    Ok(Arc::new(pool))
}

fn take(pool: &Pool) -> Result<r2d2::PooledConnection<Manager>> {
    pool.get().map_err(Error::unavailable)
}

fn transaction<T>(
    conn: &mut Conn,
    sqlite: &str,
    postgres: &str,
    work: impl FnOnce(&mut Conn) -> Result<T>,
) -> Result<T> {
    let begin = if matches!(conn, Conn::Sqlite(_)) {
        sqlite
    } else {
        postgres
    };
    conn.batch_execute(begin)?;
    match work(conn) {
        Ok(value) => conn
            .batch_execute("commit")
            .map(|()| value)
            .map_err(Error::from),
        Err(error) => {
            if let Err(cause) = conn.batch_execute("rollback") {
                log::warn!("a rollback failed: {cause}");
            }
            Err(error)
        }
    }
}

/// Whether another writer came between. Of a deadlock (40P01) the driver gives no kind, only what PostgreSQL says of it.
fn is_conflict(error: &Error) -> bool {
    let Error::Store(DieselError::DatabaseError(kind, said)) = error else {
        return false;
    };
    match kind {
        DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::UniqueViolation => true,
        DatabaseErrorKind::Unknown => said.message() == DEADLOCK,
        _ => false,
    }
}
