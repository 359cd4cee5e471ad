//! The store's tables: made, undone, alike on both databases, and never touched by an older binary.

use alx_report_api::db::{Conn, Db, migrate};
use alx_report_api::error::Error;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::support::say;
use crate::support::store::TestStore;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    of: String,
}

fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::spawn(work).join().expect("no panic")
}

fn columns(db: &Db) -> Vec<String> {
    let sqlite = "select m.name || '.' || c.name || case when c.\"notnull\" then ' not null' else '' end as of
        from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table'
        and m.name not like 'sqlite%' and m.name not like '\\_\\_%' escape '\\' order by 1";
    let postgres = "select table_name || '.' || column_name || case when is_nullable = 'NO' then ' not null' else '' end
        as of from information_schema.columns where table_schema = 'public'
        and table_name not like '\\_\\_%' order by table_name collate \"C\", column_name collate \"C\"";
    let mut found = db
        .read(|conn| {
            let query = if matches!(conn, Conn::Sqlite(_)) {
                sqlite
            } else {
                postgres
            };
            Ok(diesel::sql_query(query).load::<Column>(conn)?)
        })
        .expect("the catalogue answers")
        .into_iter()
        .map(|column| column.of)
        .collect::<Vec<_>>();
    found.sort();
    found
}

fn sample_rows() -> &'static str {
    concat!(
        include_str!("../data/migrations/2026-11-22-000000_core.sql"),
        include_str!("../data/migrations/2026-11-22-000001_engine.sql"),
        include_str!("../data/migrations/2026-11-22-000002_api.sql"),
        include_str!("../data/migrations/2026-11-22-000003_legacy.sql"),
        include_str!("../data/migrations/2026-11-23-000004_dashboard.sql"),
        include_str!("../data/migrations/2026-11-30-000005_changed_at.sql"),
        include_str!("../data/migrations/2026-11-30-000008_watch.sql"),
        include_str!("../data/migrations/2026-11-30-000009_request_sums.sql"),
    )
}

#[test]
fn every_migration_runs_up_over_sample_rows_and_down_again() {
    blocking(|| {
        let store = TestStore::create();
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&store.url()).unwrap();

        migrate::forward(&db, folder.path()).unwrap();
        db.write(|conn| Ok(conn.batch_execute(sample_rows())?))
            .unwrap();
        let with_tables = columns(&db).len();
        migrate::back(&db).unwrap();

        assert!(with_tables > 50, "{with_tables} columns");
        assert_eq!(columns(&db), Vec::<String>::new());
        assert_eq!(migrate::forward(&db, folder.path()).unwrap().len(), 8);
    });
}

#[test]
fn both_databases_get_the_same_columns() {
    let Ok(_) = std::env::var("ALX_TEST_DATABASE_URL") else {
        say(
            "NOT RUN: both_databases_get_the_same_columns needs ALX_TEST_DATABASE_URL (a PostgreSQL server)",
        );
        return;
    };
    blocking(|| {
        let (store, folder) = (TestStore::create(), tempfile::tempdir().unwrap());
        let postgres = Db::open(&store.url()).unwrap();
        let file = format!("sqlite://{}", folder.path().join("store.db").display());
        let sqlite = Db::open(&file.as_str().into()).unwrap();

        migrate::forward(&postgres, folder.path()).unwrap();
        migrate::forward(&sqlite, folder.path()).unwrap();

        assert_eq!(columns(&postgres), columns(&sqlite));
    });
}

#[test]
fn a_store_that_a_newer_binary_has_migrated_is_refused() {
    blocking(|| {
        let (store, folder) = (TestStore::create(), tempfile::tempdir().unwrap());
        let db = Db::open(&store.url()).unwrap();
        migrate::forward(&db, folder.path()).unwrap();
        let later = "insert into __diesel_schema_migrations (version) values ('29991231235959')";
        db.write(|conn| Ok(conn.batch_execute(later)?)).unwrap();

        let refused = migrate::forward(&db, folder.path()).unwrap_err();

        assert!(
            matches!(&refused, Error::Setup(text) if text.contains("newer than this binary")),
            "{refused}"
        );
    });
}

#[test]
fn an_embedded_store_can_be_copied_while_it_is_in_use() {
    blocking(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite://{}", folder.path().join("store.db").display());
        let db = Db::open(&file.as_str().into()).unwrap();
        migrate::forward(&db, folder.path()).unwrap();
        db.write(|conn| Ok(conn.batch_execute(sample_rows())?))
            .unwrap();

        let copy =
            alx_report_api::db::backup::into_folder(&db, &folder.path().join("copies"), "test")
                .unwrap();

        let copied = Db::open(&format!("sqlite://{}", copy.display()).as_str().into()).unwrap();
        let counted = copied.read(|conn| {
            Ok(alx_report_api::schema::companies::table
                .count()
                .get_result::<i64>(conn)?)
        });
        assert_eq!(counted.unwrap(), 2);
    });
}

#[test]
fn a_store_of_the_first_release_is_copied_and_then_migrated_with_its_rows() {
    blocking(|| {
        let (store, folder) = (TestStore::create(), tempfile::tempdir().unwrap());
        let db = Db::open(&store.url()).unwrap();
        db.write(|conn| Ok(conn.batch_execute(&first_release(conn))?))
            .unwrap();

        let ran = migrate::forward(&db, folder.path()).unwrap();

        let later = ["20261122000001", "20261122000002", "20261122000003"];
        assert_eq!(ran[..3], later);
        assert_eq!(
            ran[3..],
            [
                "20261123000004",
                "20261130000005",
                "20261130000008",
                "20261130000009"
            ]
        );
        let runs = db.read(|conn| {
            let runs = alx_report_api::schema::sync_runs::table;
            Ok(runs
                .select(alx_report_api::schema::sync_runs::dry_run)
                .load::<bool>(conn)?)
        });
        assert_eq!(runs.unwrap(), [false]);
        let changed = db.read(|conn| {
            let states = alx_report_api::schema::company_state::table;
            Ok(states
                .select(alx_report_api::schema::company_state::changed_at)
                .load::<i64>(conn)?)
        });
        assert_eq!(changed.unwrap(), [1_795_341_720], "as its latest row says");
        let copies = std::fs::read_dir(folder.path()).unwrap().count();
        let embedded = db.kind() == alx_report_api::db::Kind::Sqlite;
        assert_eq!(copies, usize::from(embedded), "a copy of an embedded store");
    });
}

/// The first release's tables and rows, and what diesel notes of its migration.
fn first_release(conn: &Conn) -> String {
    let tables = match conn {
        Conn::Sqlite(_) => include_str!("../../migrations/sqlite/2026-11-22-000000_core/up.sql"),
        Conn::Pg(_) => include_str!("../../migrations/postgres/2026-11-22-000000_core/up.sql"),
    };
    let rows = include_str!("../data/migrations/2026-11-22-000000_core.sql");
    let note = "create table __diesel_schema_migrations (version varchar(50) primary key not null, \
                run_on timestamp not null default current_timestamp); \
                insert into __diesel_schema_migrations (version) values ('20261122000000');";
    format!("{tables}\n{rows}\n{note}")
}
