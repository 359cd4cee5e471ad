//! How the store does: its version, size, migrations, pools, and whether it takes writes.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::{Conn, Db, migrate};
use crate::error::{Error, Result};

/// How long the question whether it takes writes waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a store says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The version of SQLite or PostgreSQL.
    pub version: String,
    /// How long an answer takes: see [`answer_us`].
    pub answer_us: i64,
    /// Bytes on the disk.
    pub bytes: i64,
    /// Migrations that it has had, and those that this binary knows.
    pub migrations: (usize, usize),
    /// The newest migration.
    pub newest: String,
    /// Its pools.
    pub pools: Vec<PoolReport>,
}

/// One pool of connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolReport {
    /// What they are for.
    pub name: &'static str,
    /// Connections at work.
    pub busy: u32,
    /// Connections at most.
    pub most: u32,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Bytes {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

impl Db {
    /// What the store says of itself. Blocking.
    pub fn report(&self) -> Result<Report> {
        let pools = self.pools().map(|(name, pool)| {
            let state = pool.state();
            PoolReport {
                name,
                busy: state.connections - state.idle_connections,
                most: pool.max_size(),
            }
        });
        self.read(|conn| {
            let applied = migrate::applied_in(conn)?;
            Ok(Report {
                version: version(conn)?,
                answer_us: answer_us(conn)?,
                bytes: bytes(conn)?,
                migrations: (applied.len(), migrate::count()?),
                newest: applied.last().cloned().unwrap_or_default(),
                pools: pools.into(),
            })
        })
    }

    /// Begins a write and takes it back: whether the store takes writes. Blocking, for two seconds at most where another
    /// write of this process lasts; `None` then.
    pub fn takes_writes(&self) -> Result<Option<()>> {
        let [(_, writers), ..] = self.pools();
        let Some(mut conn) = writers.get_timeout(PATIENCE).ok() else {
            return Ok(None);
        };
        let begin = match &*conn {
            Conn::Sqlite(_) => "begin immediate",
            Conn::Pg(_) => "begin read write",
        };
        conn.batch_execute(begin)?;
        let touched = diesel::sql_query("update company_state set seq = seq where 1 = 0")
            .execute(&mut *conn)
            .map_err(Error::from);
        conn.batch_execute("rollback")?;
        touched.map(|_| Some(()))
    }
}

/// How long the store takes to answer a small question, microseconds: the quickest of three in a row, so that one that
/// something was in the way of does not count.
pub fn answer_us(conn: &mut Conn) -> Result<i64> {
    let mut quickest = i64::MAX;
    for _ in 0..3 {
        let begun = Instant::now();
        version(conn)?;
        quickest = quickest.min(i64::try_from(begun.elapsed().as_micros()).unwrap_or(i64::MAX));
    }
    Ok(quickest)
}

fn version(conn: &mut Conn) -> Result<String> {
    let ask = match conn {
        Conn::Sqlite(_) => "select sqlite_version() as version",
        Conn::Pg(_) => "select current_setting('server_version') as version",
    };
    let said: Version = diesel::sql_query(ask).get_result(conn)?;
    Ok(said.version)
}

fn bytes(conn: &mut Conn) -> Result<i64> {
    let ask = match conn {
        Conn::Sqlite(_) => {
            "select cast(page_count * page_size as bigint) as bytes from pragma_page_count(), pragma_page_size()"
        }
        Conn::Pg(_) => "select pg_database_size(current_database()) as bytes",
    };
    let said: Bytes = diesel::sql_query(ask).get_result(conn)?;
    Ok(said.bytes)
}
