//! `sync` on the command line: through the server where one runs, alone where none does, never both.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use alx_report_api::db::Db;
use alx_report_api::delivery;
use alx_report_api::ids::CompanyId;
use alx_report_api::schema::{api_tokens, sync_runs};
use alx_report_api::settings::delivery::DeliveryOverrides;
use diesel::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::client::two_companies;
use crate::support::store::TestStore;

/// A store, a Moodle of two companies, and the processes that use them.
struct Site {
    store: TestStore,
    folder: TempDir,
}

/// Killed when the test ends.
struct Serving(Child);

impl Serving {
    fn kill(&mut self) {
        self.0.kill().unwrap(); // SIGKILL
        self.0.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        two_companies(&folder.path().join("moodle.db"));
        Self {
            store: TestStore::create(),
            folder,
        }
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn moodle(&self) -> std::path::PathBuf {
        self.folder.path().join("moodle.db")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alx-report-api"));
        command.env_clear().arg("--data-dir").arg(self.data());
        command.args(["--listen", "127.0.0.1:0", "--database-url"]);
        command.arg(self.store.url().reveal()).arg("--moodle-url");
        command.arg(format!("sqlite://{}", self.moodle().display()));
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn starting(&self) -> Serving {
        let mut command = self.command(&["serve"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null());
        Serving(child.spawn().unwrap())
    }

    fn serve(&self) -> Serving {
        let mut serving = self.starting();
        let line = first_line(&mut serving);
        assert!(line.starts_with("setup: "), "{line}");
        serving
    }

    /// A connection from this test, as another process would have it.
    fn db(&self) -> Db {
        Db::open(&self.store.url()).unwrap()
    }

    /// By which door each run came, oldest first.
    fn triggers(&self) -> Vec<String> {
        let find = |conn: &mut _| {
            Ok(sync_runs::table
                .order(sync_runs::requested_at_ms)
                .select(sync_runs::trigger)
                .load(conn)?)
        };
        self.db().read(find).unwrap()
    }
}

fn first_line(serving: &mut Serving) -> String {
    let mut lines = BufReader::new(serving.0.stdout.take().unwrap()).lines();
    lines.next().map(Result::unwrap).unwrap_or_default()
}

fn json_of(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| {
        let said = String::from_utf8_lossy(&output.stderr);
        panic!("{error}: {text} {said}")
    })
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn alone_it_does_the_run_itself() {
    let site = Site::new();

    let done = site.run(&["sync", "--company", "42", "--json"]);

    let told = json_of(&done);
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(
        (&told["state"], &told["records_created"]),
        (&json!("succeeded"), &json!(6))
    );
    assert_eq!(told["success"], true);
    assert_eq!(site.triggers(), ["command_line"]);
}

#[test]
fn a_sync_through_a_server_counts_for_no_limit() {
    let site = Site::new();
    let mut serving = site.serve();
    let (mut tight, now) = (DeliveryOverrides::default(), 1_790_000_000_000);
    tight.set("calls_per_company", Some(json!(1)));
    tight.set("calls_per_token", Some(json!(1)));
    let change = |conn: &mut _| delivery::change(conn, CompanyId(0), &tight, "test", now);
    site.db().write(change).unwrap();

    let done = site.run(&["sync", "--company", "42", "--json"]);

    assert_eq!(done.status.code(), Some(0), "{}", text_of(&done.stderr));
    assert_eq!(site.triggers(), ["api"]);
    serving.kill();
}

#[test]
fn beside_a_server_it_asks_the_server_and_leaves_no_key_behind() {
    let site = Site::new();
    let mut serving = site.serve();

    let done = site.run(&["sync", "--company", "42", "--json"]);
    let words = site.run(&["sync", "--company", "42"]);

    let told = json_of(&done);
    assert_eq!(done.status.code(), Some(0), "{}", text_of(&done.stderr));
    assert_eq!(
        (&told["state"], &told["records_created"]),
        (&json!("succeeded"), &json!(6))
    );
    assert!(
        text_of(&words.stdout)
            .starts_with("0 created, 0 updated, 0 deleted, 6 unchanged; version 6"),
        "{words:?}"
    );
    assert_eq!(site.triggers(), ["api", "api"]);
    let open = |conn: &mut _| {
        let usable = api_tokens::table.filter(api_tokens::revoked_at.is_null());
        let count: i64 = usable.count().get_result(conn)?;
        Ok((count, api_tokens::table.count().get_result::<i64>(conn)?))
    };
    let (usable, all) = site.db().read(open).unwrap();
    assert_eq!(usable, 0);
    assert!(all <= 1, "{all} tokens piled up");
    let note = site.data().join("server.address");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&note).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    serving.kill();
    let after = site.run(&["sync", "--company", "42", "--json"]);

    assert_eq!(after.status.code(), Some(0), "{}", text_of(&after.stderr));
    assert_eq!(site.triggers(), ["api", "api", "command_line"]);
}

#[test]
fn all_companies_are_synced_with_a_line_each() {
    let site = Site::new();
    let alone = site.run(&["sync", "--all"]);
    let _serving = site.serve();
    let served = site.run(&["sync", "--all", "--json"]);

    let text = text_of(&alone.stdout);
    assert_eq!(alone.status.code(), Some(0), "{text}");
    assert!(
        text.contains("1/2 Acme: 6 created") && text.contains("2/2 Other: 1 created"),
        "{text}"
    );
    assert!(text.ends_with("2 of 2 companies succeeded\n"), "{text}");
    let told = json_of(&served);
    assert_eq!(told["success"], true);
    assert_eq!(told["companies"].as_array().unwrap().len(), 2);
    assert_eq!(told["companies"][0]["records_unchanged"], 6);
    assert!(text_of(&served.stderr).contains("1/2 Acme"));
}

#[test]
fn an_unknown_company_is_an_error_in_json_too() {
    let site = Site::new();
    let alone = site.run(&["sync", "--company", "999", "--json"]);
    let _serving = site.serve();
    let served = site.run(&["sync", "--company", "999", "--json"]);

    for output in [alone, served] {
        let told = json_of(&output);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(told["success"], false);
        assert_eq!(told["company_id"], 999);
        assert_eq!(told["errors"], json!(["the company was not found"]));
    }
}

#[test]
fn a_failed_sync_exits_with_1_and_a_wrong_command_line_with_2() {
    let site = Site::new();
    assert_eq!(
        site.run(&["sync", "--company", "42"]).status.code(),
        Some(0)
    );
    std::fs::rename(site.moodle(), site.folder.path().join("away.db")).unwrap();

    let failed = site.run(&["sync", "--company", "42", "--json"]);

    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(json_of(&failed)["state"], "failed");
    for wrong in [
        &["sync"][..],
        &["sync", "--all", "--company", "42"],
        &["sync", "--company", "42", "--mode", "undo"],
        &[
            "sync",
            "--company",
            "42",
            "--mode",
            "changes",
            "--hours",
            "169",
        ],
    ] {
        assert_eq!(site.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
    let help = site.run(&["sync", "--help"]);
    assert!(
        text_of(&help.stdout).contains("an admin has to confirm"),
        "{help:?}"
    );
}

#[test]
fn a_server_that_cannot_be_reached_is_an_error_that_says_what_to_do() {
    let site = Site::new();
    assert!(site.run(&["migrate"]).status.success());
    let db = site.db();
    let _lock = db.share().unwrap().expect("the lock of a server");

    let hidden = site.run(&["sync", "--company", "42"]);
    std::fs::write(site.data().join("server.address"), "http://127.0.0.1:9").unwrap();
    let silent = site.run(&["sync", "--company", "42", "--json"]);

    assert_eq!(
        (hidden.status.code(), silent.status.code()),
        (Some(1), Some(1))
    );
    assert!(
        text_of(&hidden.stderr).contains("run this on the server's machine"),
        "{hidden:?}"
    );
    let told = json_of(&silent)["errors"][0].to_string();
    assert!(
        told.contains("does not answer at http://127.0.0.1:9"),
        "{told}"
    );
    assert_eq!(site.triggers(), Vec::<String>::new(), "no run of its own");
}

#[test]
fn a_server_that_starts_meanwhile_waits_for_the_command() {
    let site = Site::new();
    assert!(site.run(&["migrate"]).status.success());
    let db = site.db();
    let alone = db.take_alone().unwrap().expect("nobody has it");
    assert!(db.share().unwrap().is_none());

    let mut serving = site.starting();
    let release = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1500));
        drop(alone);
        Instant::now()
    });
    let line = first_line(&mut serving);
    let served = Instant::now();

    assert!(line.starts_with("setup: "), "{line}");
    assert!(served >= release.join().unwrap());
}

#[test]
fn two_commands_at_once_run_one_after_the_other() {
    let site = Site::new();
    let start = || {
        let mut command = site.command(&["sync", "--company", "42", "--json"]);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    assert!(site.run(&["migrate"]).status.success());

    let both = [start(), start()];

    assert!(
        both.into_iter()
            .all(|mut child| child.wait().unwrap().success())
    );
    assert_eq!(site.triggers().len(), 2);
}

#[test]
fn a_clean_end_of_the_server_takes_its_address_away() {
    let site = Site::new();
    let mut serving = site.serve();
    let note: &Path = &site.data().join("server.address");
    assert!(note.exists());
    site.run(&["sync", "--company", "42"]); // it answers, so it hears signals too

    let id = rustix::process::Pid::from_child(&serving.0);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    serving.0.wait().unwrap();

    assert!(!note.exists());
}
