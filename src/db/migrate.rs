//! Migrations: forward on start, with a copy of a SQLite store first, and never on a newer store.
