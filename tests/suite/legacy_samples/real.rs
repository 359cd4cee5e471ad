//! The recorded calls against the very Moodle that they were recorded on: every row is the plugin's, or the plugin is wrong.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use alx_report_api::config::Secret;
use alx_report_api::ids::CompanyId;
use serde_json::{Map, Value, json};

use super::sample::{self, Sample};
use super::{NO_CALLS, REFUSED_ADDRESS, SITE_STATES, ZONE};
use crate::support::client::Client;
use crate::support::{TestApp, say};

/// The companies that the recordings are of, and the one whose rows the plugin showed to somebody in two of them.
const COMPANIES: [i64; 4] = [7, 42, 43, 45];

/// Fields in which the plugin is wrong about the data, each with the number of rows of the two whole lists.
type Wrong = BTreeMap<&'static str, usize>;

/// In how many rows of the two whole lists the plugin is wrong about what; `docs/legacy.md` says why.
const THE_PLUGIN_IS_WRONG: [(&str, usize); 6] = [
    ("extra row", 52),
    ("missing row", 2),
    ("completion time of an unfinished course", 205),
    ("start missing", 128),
    ("percentage", 66),
    ("status", 30),
];

#[actix_web::test]
async fn every_row_of_the_real_mariadb_is_the_plugins_or_the_plugin_is_wrong() {
    replay("ALX_TEST_MOODLE_MARIADB", 7, 0).await;
}

/// The PostgreSQL sample was written by a second run of the same story, so that its times are some seconds apart.
#[actix_web::test]
async fn every_row_of_the_real_postgres_is_the_plugins_or_the_plugin_is_wrong() {
    replay("ALX_TEST_MOODLE_POSTGRES", 42, 5).await;
}

async fn replay(database: &str, company_of_several: i64, seconds_apart: i64) {
    let Some(recorded) = sample::all() else {
        return;
    };
    let Ok(moodle) = std::env::var(database) else {
        say(&format!("NOT RUN: the recorded calls need {database}"));
        return;
    };
    let app = synced(&moodle).await;
    let imported = import(&app, &[]);
    let said = String::from_utf8_lossy(&imported.stdout);
    assert!(!imported.status.success(), "somebody is in two companies");
    assert!(
        said.contains("of apimulti: not adopted, because its person is in the companies 7, 42"),
        "{said}"
    );
    assert!(
        said.contains("token 1 of apibeta: adopted for company 42"),
        "{said}"
    );
    let company = company_of_several.to_string();
    let of_one = import(&app, &["--company", &company]);
    assert!(of_one.status.success(), "{of_one:?}");

    let mut lists = BTreeMap::new();
    let mut wrong = Wrong::new();
    for (name, text) in &recorded {
        if NO_CALLS.contains(&name.as_str()) || is_of_another_site(name, database) {
            continue;
        }
        let sample = Sample::read(text).expect("a sample");
        match sample.rows() {
            Some(rows) if name.starts_with("ok_") => {
                let token = sample.parameter("wstoken");
                if !lists.contains_key(&token) {
                    lists.insert(token.clone(), whole_list(&app, &token).await);
                }
                let mut differences = Wrong::new();
                for row in &rows {
                    differ(name, row, &lists[&token], seconds_apart, &mut differences);
                }
                if name.ends_with("_all") {
                    let missing = lists[&token].len() + differences.get("extra row").unwrap_or(&0)
                        - rows.len();
                    *differences.entry("missing row").or_default() += missing;
                    differences
                        .into_iter()
                        .for_each(|(what, count)| *wrong.entry(what).or_default() += count);
                }
            }
            _ => {
                let reply = sample.replay(&app).await;
                assert_eq!(reply.body, sample.without_debugging(), "{name}");
            }
        }
    }
    say(&format!(
        "RECORDED CALLS {database}: the plugin is wrong about {wrong:?}"
    ));
    assert_eq!(wrong, Wrong::from(THE_PLUGIN_IS_WRONG));
}

/// Recordings under other settings or limits, in states of the site, and of the other one of the two sites.
fn is_of_another_site(name: &str, database: &str) -> bool {
    let other = match database {
        "ALX_TEST_MOODLE_MARIADB" => "on_postgres",
        _ => "multi_company_user",
    };
    let of_other =
        name.contains(other) && !(other == "multi_company_user" && name.contains("on_postgres"));
    let settings = ["rate_limit", "fields_off", "seq2"];
    let mut named = settings.iter().any(|part| name.contains(part));
    named |= SITE_STATES.contains(&name) || REFUSED_ADDRESS.contains(&name);
    named || of_other
}

async fn synced(moodle: &str) -> TestApp {
    let url = Secret::new(moodle.to_owned());
    let app = TestApp::start(|_| {}, |config| config.moodle_url = Some(url)).await;
    for company in COMPANIES {
        Client::new(&app, CompanyId(company), "read,sync")
            .await
            .sync()
            .await;
        let settings = json!({"zone": ZONE, "calls_per_token": 0});
        app.deliver(CompanyId(company), settings).await;
    }
    app
}

/// `token import` as an operator types it, beside the server.
fn import(app: &TestApp, options: &[&str]) -> Output {
    let config = &app.app.config;
    let reveal = |secret: &Option<Secret>| secret.as_ref().expect("set").reveal().to_owned();
    Command::new(env!("CARGO_BIN_EXE_alx-report-api"))
        .args(["token", "import"])
        .args(options)
        .arg("--data-dir")
        .arg(app.folder.path())
        .env("ALX_DATABASE_URL", reveal(&config.database_url))
        .env("ALX_MOODLE_URL", reveal(&config.moodle_url))
        .output()
        .expect("it runs")
}

type Key = (i64, String);

async fn whole_list(app: &TestApp, token: &str) -> BTreeMap<Key, Map<String, Value>> {
    let form = format!(
        "wstoken={token}&wsfunction=local_alx_report_api_get_course_progress&moodlewsrestformat=json&limit=1000"
    );
    let reply = Client::with_token(app, token).legacy(&form).await;
    let rows = reply.json();
    let rows = rows
        .as_array()
        .unwrap_or_else(|| panic!("{token}: {}", reply.body));
    rows.iter()
        .map(|row| row.as_object().cloned().expect("a row"))
        .map(|row| (key(&row), row))
        .collect()
}

fn key(row: &Map<String, Value>) -> Key {
    let name = row["coursename"].as_str().expect("a name").to_owned();
    (row["userid"].as_i64().expect("an id"), name)
}

/// Counts in what a row of the plugin is wrong; anything else that differs fails.
fn differ(
    name: &str,
    plugins: &Map<String, Value>,
    ours: &BTreeMap<Key, Map<String, Value>>,
    apart: i64,
    wrong: &mut Wrong,
) {
    let Some(ours) = ours.get(&key(plugins)) else {
        *wrong.entry("extra row").or_default() += 1;
        return;
    };
    assert!(ours.keys().eq(plugins.keys()), "{name}: {ours:?}");
    for (field, value) in plugins {
        let class = match (field.as_str(), value.as_i64(), ours[field].as_i64()) {
            _ if *value == ours[field] => continue,
            ("timecompleted" | "timestarted", _, _) => continue, // the same times, written
            (_, Some(theirs), Some(ours)) if is_time(field) && (theirs - ours).abs() <= apart => {
                continue;
            }
            ("timecompleted_unix", Some(_), Some(0)) => "completion time of an unfinished course",
            ("timecompleted_unix", Some(0), Some(_)) => "completion time missing",
            ("timecompleted_unix", _, _) => "completion time of something else",
            ("timestarted_unix", Some(_), Some(0)) => "start of a course not begun",
            ("timestarted_unix", Some(0), Some(_)) => "start missing",
            ("timestarted_unix", _, _) => "start of something else",
            ("percentage", _, _) => "percentage",
            ("status", _, _) => "status",
            _ => panic!("{name}: {field} is {value} to the plugin: {ours:?}"),
        };
        *wrong.entry(class).or_default() += 1;
    }
}

fn is_time(field: &str) -> bool {
    field.ends_with("_unix")
}
