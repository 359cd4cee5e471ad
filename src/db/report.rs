//! How the store does: its version, size, migrations, pools, and whether it takes writes.

use std::time::{Duration, Instant};

use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::{Conn, Db, migrate};
use crate::error::Result;
use crate::schema::company_state;

/// How long the question whether it takes writes waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// Notes when a write was last tried out.
const WRITE: &str = "insert into store_facts (name, value) values ('written_at', $1) \
     on conflict (name) do update set value = excluded.value";

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

    /// Writes down when it was asked, so that the store has taken a write where it says so. Blocking, for two seconds at most
    /// where another write of this process lasts; `None` then.
    pub fn takes_writes(&self, now: i64) -> Result<Option<()>> {
        let [(_, writers), ..] = self.pools();
        let Some(mut conn) = writers.get_timeout(PATIENCE).ok() else {
            return Ok(None);
        };
        diesel::sql_query(WRITE)
            .bind::<Text, _>(now.to_string())
            .execute(&mut *conn)?;
        Ok(Some(()))
    }
}

/// How long the store takes to answer a small question about its tables, microseconds: the quickest of three in a row, so
/// that one that something was in the way of does not count.
pub fn answer_us(conn: &mut Conn) -> Result<i64> {
    let mut quickest = i64::MAX;
    for _ in 0..3 {
        let begun = Instant::now();
        let newest = company_state::table.select(max(company_state::changed_at));
        newest.get_result::<Option<i64>>(conn)?;
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
