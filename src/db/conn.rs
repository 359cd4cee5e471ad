//! A connection to the store, whichever of the two databases it is.
#![allow(missing_docs, reason = "what the derive writes has none")]

use diesel::SqliteConnection;

use super::PgConnection;

/// A connection to the store.
#[allow(
    clippy::large_enum_variant,
    reason = "a pool holds a few, and never moves them"
)]
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The embedded default.
    Sqlite(SqliteConnection),
    /// For several instances.
    Pg(PgConnection),
}

/// What a query of the store is written for: both databases.
pub type Store = MultiBackend;
