//! The store: one SQLite file or one PostgreSQL database, its pools and its transactions.

mod connect;
mod driver;
mod io;
mod lookup;
mod manager;
pub mod migrate;
mod store;

pub use connect::{CONNECT_TIMEOUT, Kind, mysql, postgres};
pub use driver::{MysqlConnection, PgConnection};
pub use store::Db;

use diesel::SqliteConnection;

/// A connection to the store.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The embedded default.
    Sqlite(SqliteConnection),
    /// For several instances.
    Pg(PgConnection),
}
