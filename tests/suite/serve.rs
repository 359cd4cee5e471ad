//! The binary itself, as an operator starts it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::store::TestStore;

/// The server, killed when the test ends.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alx-report-api"));
    command.env_clear();
    command
}

#[actix_web::test]
async fn serving_a_new_store_shows_the_link_for_the_first_admin_and_answers() {
    let (store, folder) = (TestStore::create(), tempfile::tempdir().unwrap());
    let mut command = binary();
    command
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.path());
    command.args(["--database-url", store.url().reveal(), "serve"]);

    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut serving = Serving(child);
    let line = BufReader::new(serving.0.stdout.take().unwrap())
        .lines()
        .next()
        .expect("a line")
        .unwrap();
    let link = line.strip_prefix("setup: ").expect("the link");
    let page = reqwest::get(link).await.unwrap();

    assert_eq!(page.status(), 200);
    assert!(
        page.text().await.unwrap().contains("password"),
        "the page asks for one"
    );
}

#[test]
fn a_moodle_server_that_accepts_and_says_nothing_is_given_up_within_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for scheme in ["postgres", "mysql"] {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("{scheme}://u:p@127.0.0.1:{port}/moodle");
        let started = Instant::now();

        let told = binary()
            .arg("--data-dir")
            .arg(folder.path())
            .args(["--moodle-url", &url, "check"])
            .output()
            .unwrap();

        let text = String::from_utf8_lossy(&told.stdout);
        assert!(
            !told.status.success() && text.contains("cannot be reached"),
            "{scheme}: {text}"
        );
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{scheme} took {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn a_backup_of_a_folder_without_a_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();

    let told = binary()
        .arg("--data-dir")
        .arg(folder.path().join("wrong"))
        .arg("backup")
        .output()
        .unwrap();

    assert!(!told.status.success());
    assert!(
        String::from_utf8_lossy(&told.stderr).contains("there is no store"),
        "{told:?}"
    );
}

#[test]
fn two_commands_that_meet_on_a_new_store_both_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let migrate = || {
        binary()
            .arg("--data-dir")
            .arg(folder.path())
            .arg("migrate")
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };

    let both = [migrate(), migrate(), migrate()];

    assert!(
        both.into_iter()
            .all(|mut child| child.wait().unwrap().success())
    );
}
