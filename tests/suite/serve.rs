//! The binary itself, as an operator starts it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

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

/// What the demo prints, once it answers: `name: value` lines.
fn printed(serving: &mut Serving) -> HashMap<String, String> {
    let lines = BufReader::new(serving.0.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    lines
        .take(5)
        .filter_map(|line| {
            line.split_once(": ")
                .map(|(name, value)| (name.into(), value.into()))
        })
        .collect()
}

#[actix_web::test]
async fn the_demo_tells_a_script_all_it_needs_to_complete_a_course_sync_and_see_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = binary();
    command
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.path())
        .arg("demo");
    let mut serving = Serving(
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let told = printed(&mut serving);
    let (site, client) = (&told["address"], reqwest::Client::new());
    let rows = async || {
        let reply = client
            .get(format!("{site}/api/v1/progress?limit=1000"))
            .bearer_auth(&told["token"])
            .send()
            .await;
        let page: Value = reply.unwrap().json().await.unwrap();
        let of_17 = |row: &&Value| {
            row["userid"] == 17 && row["coursename"] == "API_course for completion test"
        };
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(of_17)
            .unwrap()
            .clone()
    };
    let old = rows().await;

    let click = format!("user_id=17&course_id={}", old["courseid"]);
    let complete = client
        .post(format!("{site}/demo/complete"))
        .header("content-type", "application/x-www-form-urlencoded");
    assert!(
        complete
            .body(click)
            .send()
            .await
            .unwrap()
            .status()
            .is_success(),
        "the click is recorded"
    );
    let still = rows().await;
    let asked = client
        .post(format!("{site}/api/v1/syncs?wait=30"))
        .bearer_auth(&told["token"]);
    let run: Value = asked
        .json(&json!({"mode": "full"}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();

    assert_eq!(
        (&old["status"], &still["status"]),
        (&json!("in_progress"), &json!("in_progress"))
    );
    assert_eq!(
        (
            &run["statistics"]["records_updated"],
            &run["statistics"]["cache_cleared"]
        ),
        (&json!(1), &json!(1))
    );
    assert_eq!(rows().await["status"], "completed");
    assert!(
        told["admin"].contains('@')
            && told["password"].len() >= 12
            && told["curl"].contains(&told["token"])
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

#[test]
fn a_second_server_in_the_same_folder_is_refused_and_leaves_the_first_ones_address() {
    let folder = tempfile::tempdir().unwrap();
    let serve = || {
        let mut command = binary();
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(folder.path()).arg("serve");
        command
    };
    let first = serve()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = Serving(first);
    let lines = BufReader::new(first.0.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).next().is_some());
    let address = std::fs::read_to_string(folder.path().join("server.address")).unwrap();

    let second = serve().output().unwrap();

    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        !second.status.success() && said.contains("runs in") && said.contains("already"),
        "{said}"
    );
    assert_eq!(
        std::fs::read_to_string(folder.path().join("server.address")).unwrap(),
        address
    );
}
