//! A store is put back from a copy: what is served then, what is not forgotten, and what is refused.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use alx_report_api::admins;
use alx_report_api::app::App;
use alx_report_api::db::Db;
use alx_report_api::ids::UserId;
use alx_report_api::schema::{admins as people, audit_log, company_state, sessions};
use alx_report_api::sync::erase;
use alx_report_api::time::{now, now_ms};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use reqwest::header::ETAG;
use serde_json::Value;

use crate::support::client::two_companies;

/// A data folder with a Moodle, worked on by the binary alone.
pub(super) struct Place(tempfile::TempDir);

/// A server, stopped when the test ends.
pub(super) struct Serving {
    child: Child,
    pub(super) url: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Place {
    /// Two companies, of which ACME is synced.
    pub(super) fn synced() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        two_companies(&place.path().join("moodle.db"));
        place.did(&["sync", "--company", "42"]);
        place
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn store(&self) -> PathBuf {
        self.path().join("data/alx.db")
    }

    pub(super) fn db(&self) -> Db {
        let url = format!("sqlite://{}", self.store().display());
        Db::open(&url.as_str().into()).unwrap()
    }

    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alx-report-api"));
        let moodle = format!("sqlite://{}", self.path().join("moodle.db").display());
        command.env_clear().env("RUST_LOG", "warn");
        command.args(["--listen", "127.0.0.1:0", "--moodle-url", &moodle]);
        command.arg("--data-dir").arg(self.path().join("data"));
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// Runs a command that must succeed, and gives what it says.
    pub(super) fn did(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (said, wrong) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {said}{wrong}");
        said
    }

    /// Makes a copy and gives its path.
    pub(super) fn copy(&self) -> String {
        self.did(&["backup"]).trim().to_owned()
    }

    /// Makes a token of ACME.
    pub(super) fn token(&self, name: &str) -> String {
        let create = ["token", "create", "--company", "42", "--name", name];
        self.did(&create).lines().last().unwrap().to_owned()
    }

    pub(super) async fn serve(&self) -> Serving {
        let child = self.command().arg("serve").stdout(Stdio::null()).spawn();
        let note = self.path().join("data/server.address");
        let mut serving = Serving {
            child: child.unwrap(),
            url: String::new(),
        };
        for _ in 0..200 {
            if let Ok(url) = std::fs::read_to_string(&note)
                && reqwest::get(format!("{url}/health/ready")).await.is_ok()
            {
                serving.url = url;
                return serving;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server did not start");
    }

    /// Completes a course of ACME for a learner, and syncs.
    fn complete_and_sync(&self, user: i64) {
        let mut moodle =
            alx_report_api::demo::builder::MoodleBuilder::open(&self.path().join("moodle.db"))
                .unwrap();
        let find = "select id as number from mdl_course where fullname = 'Fire safety'";
        let course = alx_report_api::ids::CourseId(moodle.number(find).unwrap());
        moodle.complete(UserId(user), course, now()).unwrap();
        drop(moodle);
        self.did(&["sync", "--company", "42"]);
    }

    /// Opens the store as a command does.
    pub(super) fn app(&self) -> std::sync::Arc<App> {
        App::open(crate::support::config(&self.path().join("data"))).unwrap()
    }
}

impl Serving {
    pub(super) async fn get(&self, path: &str, token: &str, known: &str) -> reqwest::Response {
        let request = reqwest::Client::new().get(format!("{}{path}", self.url));
        let request = request.bearer_auth(token).header("if-none-match", known);
        request.send().await.unwrap()
    }

    /// Who has completed something, and the tag of the reply.
    async fn completed(&self, token: &str) -> (Vec<i64>, String) {
        let reply = self.get("/api/v1/progress", token, "").await;
        assert_eq!(reply.status(), 200);
        let tag = reply.headers()[ETAG].to_str().unwrap().to_owned();
        let page: Value = reply.json().await.unwrap();
        let rows = page["items"].as_array().unwrap().iter();
        let done = rows.filter(|row| row["status"] == "completed");
        (
            done.map(|row| row["userid"].as_i64().unwrap()).collect(),
            tag,
        )
    }

    async fn cursor(&self, token: &str) -> String {
        let reply = self.get("/api/v1/changes", token, "").await;
        let page: Value = reply.json().await.unwrap();
        page["next_cursor"]
            .as_str()
            .unwrap_or_else(|| panic!("{page}"))
            .to_owned()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[actix_web::test]
async fn a_restored_store_serves_the_rows_of_the_backup_and_no_client_misses_it() {
    let place = Place::synced();
    let token = place.token("bi");
    let (before, old_tag) = {
        let server = place.serve().await;
        server.completed(&token).await
    };
    let copy = place.copy();
    place.complete_and_sync(17);
    let (after, new_tag, cursor) = {
        let server = place.serve().await;
        let (after, tag) = server.completed(&token).await;
        (after, tag, server.cursor(&token).await)
    };

    let said = place.did(&["restore", "--from", &copy]);

    assert!(said.contains("the store before is kept: "), "{said}");
    assert_eq!(
        (before.as_slice(), after.as_slice()),
        (&[21][..], &[17, 21][..])
    );
    let server = place.serve().await;
    assert_eq!(server.completed(&token).await.0, before);
    for tag in [&old_tag, &new_tag] {
        let reply = server.get("/api/v1/progress", &token, tag).await;
        assert_eq!(
            reply.status(),
            200,
            "what a client kept is not taken for the present"
        );
    }
    let path = format!("/api/v1/changes?cursor={cursor}");
    let gone = server.get(&path, &token, "").await;
    assert_eq!(gone.status(), 410);
    assert!(gone.text().await.unwrap().contains("store-restored"));
}

#[actix_web::test]
async fn a_restore_is_refused_while_a_server_runs() {
    let place = Place::synced();
    let copy = place.copy();
    let _server = place.serve().await;

    let refused = place.run(&["restore", "--from", &copy]);

    let said = text(&refused.stderr);
    assert!(
        !refused.status.success() && said.contains("a server runs in"),
        "{said}"
    );
}

#[test]
fn the_store_before_is_kept_and_can_be_put_back_too() {
    let place = Place::synced();
    let copy = place.copy();
    let seq = |place: &Place| -> i64 {
        let of_acme = company_state::table.find(alx_report_api::ids::CompanyId(42));
        let read = |conn: &mut _| Ok(of_acme.select(company_state::seq).get_result(conn)?);
        place.db().read(read).unwrap()
    };
    let first = seq(&place);
    place.complete_and_sync(17);
    let second = seq(&place);

    let said = place.did(&["restore", "--from", &copy]);
    let back = seq(&place);
    let kept = said
        .lines()
        .find_map(|line| line.strip_prefix("the store before is kept: "));
    place.did(&["restore", "--from", kept.unwrap()]);

    assert!(second > first);
    assert_eq!((back, seq(&place)), (first, second));
}

#[test]
fn what_was_taken_away_since_the_backup_stays_away() {
    let place = Place::synced();
    let token = place.token("revoked later");
    let app = place.app();
    let email = "left@example.com";
    app.db
        .write(|conn| {
            let admin = admins::create(conn, email, "a long enough one", now())?;
            admins::sessions::start(conn, admin, &admins::Visit::default(), now())
        })
        .unwrap();
    drop(app);
    let copy = place.copy();
    let app = place.app();
    erase::erase(&app, UserId(17), "grace@example.com", now_ms()).unwrap();
    let shut_out = people::table.filter(people::email.eq(email));
    app.db
        .write(|conn| {
            let out = diesel::update(shut_out).set(people::disabled_at.eq(now()));
            Ok(out.execute(conn)?)
        })
        .unwrap();
    drop(app);
    place.did(&["token", "revoke", "--company", "42", "--id", "1"]);

    let said = place.did(&["restore", "--from", &copy]);

    for line in [
        "people erased since were erased again: 1",
        "tokens revoked since were revoked again: 1",
        "admins who may not sign in any more: 1",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let app = place.app();
    let hash = app.key.token_hash(&token);
    app.db
        .read(|conn| {
            assert!(erase::find(conn, UserId(17))?.is_some());
            let rows = alx_report_api::progress::store::of_person(
                conn,
                alx_report_api::ids::CompanyId(42),
                UserId(17),
            )?;
            assert!(!rows.is_empty() && rows.iter().all(|row| row.content.email.is_empty()));
            assert!(alx_report_api::tokens::store::find_by_hash(conn, &hash)?.is_none());
            let disabled: Option<i64> = shut_out.select(people::disabled_at).get_result(conn)?;
            assert!(disabled.is_some());
            assert_eq!(sessions::table.count().get_result::<i64>(conn)?, 0);
            let restored = audit_log::table.filter(audit_log::action.eq("store_restored"));
            assert_eq!(restored.count().get_result::<i64>(conn)?, 1);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_file_that_is_no_whole_store_of_ours_is_refused_and_the_store_stays() {
    let place = Place::synced();
    let copy = place.copy();
    let file = |name: &str| place.path().join(name);
    let with = |name: &str, statement: &str| {
        std::fs::copy(&copy, file(name)).unwrap();
        let mut conn = SqliteConnection::establish(file(name).to_str().unwrap()).unwrap();
        conn.batch_execute(statement).unwrap();
    };
    std::fs::write(
        file("text.db"),
        "not a database, but long enough to be looked at".repeat(99),
    )
    .unwrap();
    let mut damaged = std::fs::read(&copy).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 8192].fill(0x5a);
    std::fs::write(file("damaged.db"), damaged).unwrap();
    with(
        "newer.db",
        "insert into __diesel_schema_migrations (version) values ('29990101000000')",
    );
    with(
        "orphans.db",
        "pragma foreign_keys = off; delete from companies",
    );
    SqliteConnection::establish(file("other.db").to_str().unwrap())
        .unwrap()
        .batch_execute("create table cats (name text)")
        .unwrap();
    std::fs::copy(&copy, file("live.db")).unwrap();
    std::fs::write(file("live.db-wal"), "something").unwrap();
    let before = std::fs::read(place.store()).unwrap();

    for (name, why) in [
        ("text.db", "the copy is damaged"),
        ("damaged.db", "the copy is damaged"),
        ("orphans.db", "belong to rows that are missing"),
        ("newer.db", "newer than this binary"),
        ("other.db", "not a store of alx-report-api"),
        ("live.db", "a store in use, not a copy"),
        ("missing.db", "cannot be read"),
        ("data/alx.db", "this is the store itself"),
    ] {
        let refused = place.run(&["restore", "--from", file(name).to_str().unwrap()]);

        let said = text(&refused.stderr);
        assert!(
            !refused.status.success() && said.contains(why),
            "{name}: {said}"
        );
        assert!(std::fs::read(place.store()).unwrap() == before, "{name}");
        assert!(!file("data/alx.db.restoring").exists(), "{name}");
    }
}

#[test]
fn a_damaged_store_is_replaced_and_kept_and_the_operator_is_told() {
    let place = Place::synced();
    let copy = place.copy();
    std::fs::write(place.store(), "no database any more ".repeat(500)).unwrap();

    let said = place.did(&["restore", "--from", &copy]);

    assert!(
        said.contains("warning: the present store cannot be read"),
        "{said}"
    );
    let kept = said
        .lines()
        .find_map(|line| line.strip_prefix("the store before is kept: "));
    let kept = std::fs::read_to_string(kept.unwrap()).unwrap();
    assert!(kept.starts_with("no database any more"));
    place.did(&["sync", "--company", "42"]);
}

#[test]
fn a_store_that_is_gone_comes_back() {
    let place = Place::synced();
    let copy = place.copy();
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(place.path().join(format!("data/alx.db{ending}")));
    }

    let said = place.did(&["restore", "--from", &copy]);

    assert!(!said.contains("is kept"), "{said}");
    place.did(&["sync", "--company", "42"]);
}

#[test]
fn a_postgresql_store_is_put_back_by_its_own_tools() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_alx-report-api"));
    command.env_clear().arg("--data-dir").arg(folder.path());
    command.args(["--database-url", "postgres://nobody@127.0.0.1:1/alx"]);

    let refused = command.args(["restore", "--from", "x"]).output().unwrap();

    let said = text(&refused.stderr);
    assert!(
        !refused.status.success() && said.contains("pg_restore --clean"),
        "{said}"
    );
}
