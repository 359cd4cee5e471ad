//! The store: one SQLite file or one PostgreSQL database, its pools and its transactions.

pub mod backup;
mod conn;
mod connect;
mod driver;
pub mod functions;
mod instance;
mod io;
mod lookup;
mod manager;
pub mod migrate;
mod report;
pub mod restore;
mod store;

pub use conn::{Conn, Store};
pub use connect::{CONNECT_TIMEOUT, Kind, mysql, postgres};
pub use driver::{MysqlConnection, PgConnection};
pub use instance::{StoreLock, alone};
pub use report::{PoolReport, Report, answer_us};
pub use store::{Db, off_thread};
