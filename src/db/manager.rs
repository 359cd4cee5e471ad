//! How r2d2 opens a connection of the store, and how each one is set up.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection;
use diesel::sql_types::Bool;
use diesel::{ConnectionError, SqliteConnection};

use super::{Conn, Kind, connect, functions};
use crate::config::Secret;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The one writer of SQLite, or any writer of PostgreSQL.
    Write,
    /// Reads only; SQLite refuses anything else on it.
    Read,
}

/// Opens connections of one kind to one address.
#[derive(Debug)]
pub struct Manager {
    /// Which database the address names.
    pub kind: Kind,
    /// Path or address.
    pub target: Secret,
    /// What the connections are for.
    pub purpose: Purpose,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Conn;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Conn, ConnectionError> {
        match self.kind {
            Kind::Sqlite => sqlite(self.target.reveal(), self.purpose).map(Conn::Sqlite),
            Kind::Postgres => postgres(self.target.reveal(), self.purpose).map(Conn::Pg),
            Kind::Mysql => Err(ConnectionError::InvalidConnectionUrl(
                "the store is SQLite or PostgreSQL".into(),
            )),
        }
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), ConnectionError> {
        match conn {
            Conn::Sqlite(_) => Ok(()), // a file does not hang up
            Conn::Pg(pg) => pg
                .ping()
                .map_err(ConnectionError::CouldntSetupConfiguration),
        }
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        std::thread::panicking() || conn.is_broken()
    }
}

fn sqlite(path: &str, purpose: Purpose) -> Result<SqliteConnection, ConnectionError> {
    let mut conn = SqliteConnection::establish(path)?;
    let durable =
        "pragma busy_timeout = 60000; pragma journal_mode = wal; pragma synchronous = full;
                   pragma foreign_keys = on; pragma secure_delete = on; pragma cache_size = -16000;
                   pragma journal_size_limit = 16777216;";
    conn.batch_execute(durable)
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    if purpose == Purpose::Read {
        conn.batch_execute("pragma query_only = on;")
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
    }
    functions::register(&mut conn).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

fn postgres(url: &str, purpose: Purpose) -> Result<super::PgConnection, ConnectionError> {
    let mut conn = connect::postgres(url, connect::CONNECT_TIMEOUT)?;
    let settings = "set synchronous_commit = on; set lock_timeout = '15s'; \
                    set idle_in_transaction_session_timeout = '10min'";
    conn.batch_execute(settings)
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    if purpose == Purpose::Read {
        conn.batch_execute("set statement_timeout = '60s'")
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
    }
    refuse_replica(&mut conn)?;
    Ok(conn)
}

#[derive(QueryableByName)]
struct Recovery {
    #[diesel(sql_type = Bool)]
    replica: bool,
}

/// A replica lags: what it serves would be old. Asked with every connection, since a primary can be demoted.
fn refuse_replica(conn: &mut super::PgConnection) -> Result<(), ConnectionError> {
    let asked =
        diesel::sql_query("select pg_is_in_recovery() as replica").get_result::<Recovery>(conn);
    if asked
        .map_err(ConnectionError::CouldntSetupConfiguration)?
        .replica
    {
        let text = "this PostgreSQL server is a replica; point ALX_DATABASE_URL at the primary";
        return Err(ConnectionError::BadConnection(text.into()));
    }
    Ok(())
}
