//! The store: one SQLite file or one PostgreSQL database, its pools and its transactions.

pub mod backup;
mod connect;
mod driver;
pub mod functions;
mod io;
mod lookup;
mod manager;
pub mod migrate;
mod store;

pub use connect::{CONNECT_TIMEOUT, Kind, mysql, postgres};
pub use driver::{MysqlConnection, PgConnection};
pub use store::{Db, off_thread};

use diesel::SqliteConnection;

/// A connection to the store.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The embedded default.
    Sqlite(SqliteConnection),
    /// For several instances.
    Pg(PgConnection),
}

/// What a query of the store is written for: both databases.
pub type Store = MultiBackend;
