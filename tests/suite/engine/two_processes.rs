//! Two processes on one PostgreSQL: one is killed again and again, the other carries on, and no row is lost or doubled.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use alx_report_api::db::Kind;
use alx_report_api::schema::{company_state, progress, sync_changes, sync_runs};
use diesel::prelude::*;
use serde_json::json;

use super::{CROWD, change, crowd};
use crate::support::client::{ACME, Client};
use crate::support::{TestApp, say};

/// Another process on the same store and Moodle, killed when it is dropped.
struct Other {
    child: Child,
    url: String,
}

impl Other {
    fn start(app: &TestApp, folder: &std::path::Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let database = app
            .app
            .config
            .database_url
            .as_ref()
            .unwrap()
            .reveal()
            .to_owned();
        let key = std::fs::read_to_string(app.folder.path().join("secret.key")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_alx-report-api"))
            .env_clear()
            .args([
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--sync-lease-seconds",
                "2",
            ])
            .args(["--database-url", &database, "--secret-key", key.trim()])
            .arg("--moodle-url")
            .arg(format!("sqlite://{}", app.moodle_file().display()))
            .arg("--data-dir")
            .arg(folder)
            .arg("serve")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(
            lines.map_while(Result::ok).next().is_some(),
            "it says how to make an admin once it serves"
        );
        let url = format!("http://127.0.0.1:{port}");
        Self { child, url }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Version, lines of the log and the last of them, and the names that the rows have.
async fn look(app: &TestApp) -> (i64, i64, i64, Vec<String>) {
    let read = app.app.db.run(|conn| {
        let version = company_state::table
            .find(ACME)
            .select(company_state::seq)
            .get_result(conn)?;
        let lines = sync_changes::table.count().get_result(conn)?;
        let last: Option<i64> = sync_changes::table
            .select(diesel::dsl::max(sync_changes::seq))
            .get_result(conn)?;
        let names = progress::table
            .select(progress::firstname)
            .distinct()
            .load(conn)?;
        Ok((version, lines, last.unwrap_or(0), names))
    });
    read.await.unwrap()
}

#[actix_web::test]
async fn a_killed_process_leaves_its_work_whole_and_the_other_one_takes_over() {
    let app = TestApp::start(crowd, |config| config.sync_lease_seconds = 2).await;
    if app.app.db.kind() != Kind::Postgres {
        say("NOT RUN: two processes need ALX_TEST_DATABASE_URL (a PostgreSQL server)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    acme.sync().await;
    let mut abandoned = 0;

    for round in 0..6_u64 {
        let other = Other::start(&app, folder.path());
        change(
            &app,
            &format!("update mdl_user set firstname = 'Round {round}'"),
        );
        let there = acme.at_url(&other.url);
        let asked = there.post("/api/v1/syncs", json!({"mode": "full"})).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        actix_web::rt::time::sleep(Duration::from_millis(25 * round)).await;
        drop(other);

        let (version, lines, last, names) = look(&app).await;
        assert_eq!(
            (lines, last),
            (version, version),
            "every change is in the log, once"
        );
        assert_eq!(names.len(), 1, "round {round}: all rows or none");
        acme.sync().await;

        let (version, lines, last, names) = look(&app).await;
        assert_eq!((lines, last), (version, version));
        assert_eq!(names, [format!("Round {round}")]);
        assert_eq!(
            version,
            CROWD * (2 + round as i64),
            "round {round}: each change once"
        );
        abandoned = count(&app, "abandoned").await;
    }

    assert_eq!(
        count(&app, "running").await + count(&app, "queued").await,
        0
    );
    say(&format!(
        "of 6 killed processes {abandoned} left a run behind"
    ));
}

async fn count(app: &TestApp, state: &'static str) -> i64 {
    let read = app.app.db.run(move |conn| {
        Ok(sync_runs::table
            .filter(sync_runs::state.eq(state))
            .count()
            .get_result(conn)?)
    });
    read.await.unwrap()
}
