//! One connection to Moodle's database: opening it, its limits, its read-only snapshot.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, ConnectionError, QueryResult, QueryableByName, RunQueryDsl};

use crate::config::Secret;
use crate::db::{self, Kind};

/// The databases that Moodle may live in; SQLite is the demo's.
#[derive(diesel::MultiConnection)]
#[allow(
    clippy::large_enum_variant,
    reason = "one per snapshot, and MultiConnection takes no boxes"
)]
pub enum Source {
    /// MariaDB or MySQL.
    Mysql(db::MysqlConnection),
    /// PostgreSQL.
    Postgres(db::PgConnection),
    /// SQLite.
    Sqlite(diesel::SqliteConnection),
}

/// Opens a connection. Nothing can be written through it, and no statement runs longer than `limit`.
pub fn open(kind: Kind, url: &Secret, limit: Duration) -> Result<Source, ConnectionError> {
    let mut source = match kind {
        Kind::Mysql => Source::Mysql(db::mysql(url.reveal(), limit)?),
        Kind::Postgres => Source::Postgres(db::postgres(url.reveal(), limit)?),
        Kind::Sqlite => Source::Sqlite(open_file(url.reveal())?),
    };
    let beyond = limit + limit.min(Duration::from_secs(10)); // the server should end a statement itself, and say why
    match &mut source {
        Source::Mysql(mysql) => mysql.set_patience(beyond),
        Source::Postgres(postgres) => postgres.set_patience(beyond),
        Source::Sqlite(_) => {}
    }
    set_limits(&mut source, limit).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(source)
}

fn open_file(url: &str) -> Result<diesel::SqliteConnection, ConnectionError> {
    let path = url.trim_start_matches("sqlite://");
    if !Path::new(path).is_file() {
        let text = format!("there is no file {path}");
        return Err(ConnectionError::BadConnection(text));
    }
    diesel::SqliteConnection::establish(path)
}

fn set_limits(source: &mut Source, limit: Duration) -> QueryResult<()> {
    let seconds = limit.as_secs().max(1);
    if let Source::Mysql(mysql) = source {
        // So that we recognise a refusal; where the server has no English, its own words are shown.
        if let Err(cause) = mysql.batch_execute("set session lc_messages = 'en_US'") {
            log::debug!("Moodle's database keeps its language: {cause}");
        }
    }
    let statements = match source {
        // MariaDB counts seconds, MySQL milliseconds, and each knows only its own name for it.
        // Without REPEATABLE READ the server drops WITH CONSISTENT SNAPSHOT silently.
        Source::Mysql(_) => {
            let statement_limit = if version(source)?.contains("MariaDB") {
                format!("set session max_statement_time = {seconds}")
            } else {
                format!("set session max_execution_time = {}", seconds * 1000)
            };
            vec![
                statement_limit,
                format!("set session lock_wait_timeout = {seconds}"),
                "set session wait_timeout = 28800".to_owned(),
                "set session transaction isolation level repeatable read".to_owned(),
                "set session transaction read only".to_owned(),
            ]
        }
        Source::Postgres(_) => vec![format!(
            "set statement_timeout = '{seconds}s'; set lock_timeout = '{seconds}s'; \
             set idle_in_transaction_session_timeout = '8h'; set default_transaction_read_only = on"
        )],
        Source::Sqlite(_) => {
            vec!["pragma busy_timeout = 15000; pragma query_only = on".to_owned()]
        }
    };
    statements
        .iter()
        .try_for_each(|statement| source.batch_execute(statement))
}

/// Begins the snapshot that every later statement sees.
pub fn begin(source: &mut Source) -> QueryResult<()> {
    match source {
        Source::Mysql(mysql) => {
            mysql.batch_execute("start transaction with consistent snapshot, read only")
        }
        Source::Postgres(postgres) => {
            postgres.batch_execute("begin isolation level repeatable read read only")?;
            postgres.batch_execute("select 1") // the first statement takes the snapshot
        }
        Source::Sqlite(sqlite) => {
            sqlite.batch_execute("begin")?;
            sqlite.batch_execute("select count(*) from sqlite_master")
        }
    }
}

/// The server's clock, in UTC seconds.
pub fn clock(source: &mut Source) -> QueryResult<i64> {
    let statement = match source {
        Source::Mysql(_) => "select cast(unix_timestamp() as signed) as number",
        Source::Postgres(_) => {
            "select cast(floor(extract(epoch from clock_timestamp())) as bigint) as number"
        }
        Source::Sqlite(_) => "select cast(strftime('%s', 'now') as integer) as number",
    };
    number(source, statement)
}

/// What the server calls itself. MariaDB's version has its name in it, MySQL's has not.
pub fn version(source: &mut Source) -> QueryResult<String> {
    let statement = match source {
        Source::Sqlite(_) => "select 'SQLite ' || sqlite_version() as text",
        _ => "select version() as text",
    };
    text(source, statement)
}

/// The one number that a statement calls `number`.
pub fn number(source: &mut Source, statement: &str) -> QueryResult<i64> {
    let row: Number = diesel::sql_query(statement).get_result(source)?;
    Ok(row.number)
}

/// The one text that a statement calls `text`.
pub fn text(source: &mut Source, statement: &str) -> QueryResult<String> {
    let row: Word = diesel::sql_query(statement).get_result(source)?;
    Ok(row.text)
}

/// The texts that a statement calls `text`.
pub fn texts(source: &mut Source, statement: &str) -> QueryResult<Vec<String>> {
    let rows: Vec<Word> = diesel::sql_query(statement).load(source)?;
    Ok(rows.into_iter().map(|row| row.text).collect())
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    text: String,
}
