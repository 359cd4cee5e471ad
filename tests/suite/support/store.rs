//! A store for one test: a SQLite file, or a new PostgreSQL database where `ALX_TEST_DATABASE_URL` names a server.

use std::sync::Arc;

use alx_report_api::config::Secret;
use alx_report_api::db;
use alx_report_api::ids::random_hex;
use diesel::connection::SimpleConnection;
use tempfile::TempDir;

/// Removed with the last one that shares it.
#[derive(Clone)]
pub struct TestStore(Arc<Inner>);

enum Inner {
    Sqlite(TempDir),
    Postgres { server: String, name: String },
}

impl TestStore {
    /// A new, empty store.
    pub fn create() -> Self {
        match std::env::var("ALX_TEST_DATABASE_URL") {
            Err(_) => Self(Arc::new(Inner::Sqlite(
                tempfile::tempdir().expect("a folder"),
            ))),
            Ok(server) => {
                let name = format!("alx_test_{}", random_hex::<8>());
                on_server(&server, &format!("create database {name}"));
                Self(Arc::new(Inner::Postgres { server, name }))
            }
        }
    }

    /// Its address.
    pub fn url(&self) -> Secret {
        Secret::new(match &*self.0 {
            Inner::Sqlite(folder) => {
                format!("sqlite://{}", folder.path().join("store.db").display())
            }
            Inner::Postgres { server, name } => in_database(server, name),
        })
    }

    /// The same store once more.
    pub fn share(&self) -> Self {
        self.clone()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Self::Postgres { server, name } = self {
            on_server(
                server,
                &format!("drop database if exists {name} with (force)"),
            );
        }
    }
}

/// Drivers wait on a blocking thread, never on one that runs futures.
fn on_server(server: &str, statement: &str) {
    let (server, statement) = (server.to_owned(), statement.to_owned());
    let work = move || {
        let mut conn =
            db::postgres(&server, db::CONNECT_TIMEOUT).expect("the PostgreSQL server answers");
        conn.batch_execute(&statement).expect("it obeys");
    };
    std::thread::spawn(work).join().expect("no panic");
}

fn in_database(server: &str, name: &str) -> String {
    let (base, options) = server
        .split_once('?')
        .map_or((server, ""), |(base, options)| (base, options));
    let host = base
        .rsplit_once('/')
        .filter(|(host, _)| host.len() > "postgres://".len())
        .map_or(base, |(host, _)| host);
    let question = if options.is_empty() { "" } else { "?" };
    format!("{host}/{name}{question}{options}")
}
