//! `/api/v1/progress` as lines of JSON and as CSV: every row of one snapshot.

use std::io::Read as _;

use alx_report_api::companies::{self, State};
use alx_report_api::db::Conn;
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::error::Result;
use alx_report_api::ids::{CourseId, RunId, UserId};
use alx_report_api::moodle::RowState;
use alx_report_api::progress::{self, Content, Row, Status};
use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::{ACME, Client, bad_names, complete, synced, two_companies};
use crate::support::{TestApp, files};

const PATH: &str = "/api/v1/progress";
const LINES: &str = "application/x-ndjson";
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[actix_web::test]
async fn every_form_has_the_same_rows() {
    let (_app, acme) = synced().await;
    let page = acme.get(PATH).await;

    let lines = acme.get_with(PATH, "accept", LINES).await;
    let csv = acme.get_with(PATH, "accept", "text/csv").await;

    let rows: Vec<Value> = lines
        .body
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(json!(rows), page.json()["items"]);
    assert_eq!(lines.header("content-type"), LINES);
    assert_eq!(
        csv.header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    let mut reader = csv::Reader::from_reader(csv.body.as_bytes());
    let names: Vec<String> = reader
        .headers()
        .expect("a header")
        .iter()
        .map(str::to_owned)
        .collect();
    let first: Vec<&String> = rows[0].as_object().expect("a row").keys().collect();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(sorted.iter().collect::<Vec<_>>(), first);
    let records: Vec<csv::StringRecord> = reader
        .records()
        .map(|record| record.expect("a record"))
        .collect();
    assert_eq!(records.len(), rows.len());
    for (record, row) in records.iter().zip(&rows) {
        for (name, cell) in names.iter().zip(record) {
            let said = match &row[name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(cell, said, "{name}");
        }
    }
    for reply in [&lines, &csv] {
        assert_eq!(reply.header("alx-data-version"), "6");
        assert_eq!(
            reply.header("alx-delta-cursor"),
            page.json()["delta_cursor"]
        );
        assert_eq!(reply.header("alx-sync-run"), page.header("alx-sync-run"));
        assert!(reply.header("vary").contains("Accept"));
    }
}

#[actix_web::test]
async fn a_workbook_has_the_rows_and_fields_of_a_page() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"fields": ["userid", "email", "status"]}))
        .await;

    let book = acme
        .begin(PATH, |request| request.header("accept", WORKBOOK))
        .await;

    assert_eq!(book.status(), 200);
    assert_eq!(book.headers()["content-type"], WORKBOOK);
    assert!(book.headers().contains_key("alx-delta-cursor"));
    let cells = files::cells(book.bytes().await.expect("a workbook").to_vec());
    let page = acme.get(PATH).await;
    let names = ["userid", "email", "courseid", "status"];
    assert_eq!(cells[0][..4], names.map(str::to_owned));
    assert_eq!(cells.len(), page.each("userid").len() + 1);
    let page = page.json();
    for (row, item) in cells[1..]
        .iter()
        .zip(page["items"].as_array().expect("items"))
    {
        let said = names.map(|name| match &item[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        assert_eq!(row[..4], said);
    }
}

#[actix_web::test]
async fn filters_and_masks_hold_and_pages_are_refused_by_name() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"fields": ["userid", "email"]}))
        .await;

    let one = acme
        .get_with(&format!("{PATH}?user_id=18"), "accept", LINES)
        .await;
    let none = acme
        .get_with(&format!("{PATH}?user_id=1"), "accept", "text/csv")
        .await;
    let paged = acme
        .get_with(&format!("{PATH}?limit=5&cursor=x&page=1"), "accept", LINES)
        .await;
    let guess = acme
        .get_with(&format!("{PATH}?status=completed"), "accept", "text/csv")
        .await;

    assert_eq!(one.body.lines().count(), 2);
    assert!(!one.body.contains("firstname") && one.body.contains("email"));
    assert_eq!(one.header("alx-delta-cursor"), "", "a filter narrows it");
    assert_eq!(
        none.body,
        "userid,email,courseid,enrolled_at,changed_at,state\r\n"
    );
    assert_eq!(bad_names(&paged), ["page", "limit", "cursor"]);
    assert_eq!(bad_names(&guess), ["status"]);
}

#[actix_web::test]
async fn an_empty_stream_tells_why_as_a_page_does() {
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read,sync").await;
    let reasons = async |query: &str| {
        let path = format!("{PATH}?{query}");
        let mut found = Vec::new();
        for accept in ["application/json", LINES, "text/csv", WORKBOOK] {
            let reply = acme.get_with(&path, "accept", accept).await;
            found.push(reply.header("alx-empty-reason").to_owned());
        }
        found.dedup();
        found
    };

    let never = reasons("").await;
    acme.sync().await;

    assert_eq!(never, ["never-synced"]);
    assert_eq!(reasons("").await, [""]);
    let later = reasons("changed_since=2100-01-01T00:00:00Z").await;
    assert_eq!(later, ["nothing-changed"]);
    assert_eq!(reasons("user_id=1").await, ["filtered-out"]);
}

#[actix_web::test]
async fn no_cell_of_csv_becomes_a_formula() {
    let (app, acme) = synced().await;
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).expect("the test's Moodle");
    moodle.execute("update mdl_user set firstname = '=cmd|''/c calc''!A1', lastname = '@SUM(\"1\",2)' where id = 17").expect("it is changed");
    complete(&app, 17, "Fire safety");
    acme.sync().await;

    let csv = acme
        .get_with(
            &format!("{PATH}?user_id={}", UserId(17)),
            "accept",
            "text/csv",
        )
        .await;

    assert!(
        csv.body.contains(r#"'=cmd|'/c calc'!A1,"'@SUM(""1"",2)""#),
        "{}",
        csv.body
    );
}

#[actix_web::test]
async fn a_client_chooses_by_accept_and_what_nobody_has_is_406() {
    let (_app, acme) = synced().await;
    let kind = async |accept: &str| {
        let reply = acme.get_with(PATH, "accept", accept).await;
        (reply.status, reply.header("content-type").to_owned())
    };

    assert_eq!(
        kind("text/csv;q=0.2, application/x-ndjson;q=0.3").await,
        (200, LINES.into())
    );
    assert_eq!(
        kind("text/html, */*;q=0.1").await,
        (200, "application/json".into())
    );
    assert_eq!(
        kind("application/xml").await,
        (406, "application/problem+json".into())
    );
    let refused = acme.get_with(PATH, "accept", "text/html").await;
    assert_eq!(
        refused.json()["type"],
        "urn:alx-report-api:problem:not-acceptable"
    );
}

#[actix_web::test]
async fn a_stream_is_compressed_known_again_and_headed() {
    let (app, acme) = synced().await;
    let plain = acme.get_with(PATH, "accept", LINES).await;
    let asked = |method: Method, encoding: &'static str, etag: &str| {
        let (acme, etag) = (acme.clone(), etag.to_owned());
        let url = format!("{}{PATH}", app.url);
        async move {
            let request = reqwest::Client::new()
                .request(method, url)
                .bearer_auth(&acme.token);
            let request = request
                .header("accept", LINES)
                .header("accept-encoding", encoding);
            request
                .header("if-none-match", etag)
                .send()
                .await
                .expect("an answer")
        }
    };

    let gzip = asked(Method::GET, "br, gzip", "").await;
    let head = asked(Method::HEAD, "gzip", "").await;
    let etag = gzip.headers()["etag"].to_str().expect("ASCII").to_owned();
    let again = asked(Method::GET, "br, gzip", &etag).await;

    assert_eq!(gzip.headers()["content-encoding"], "gzip");
    assert_ne!(etag, plain.header("etag"), "another body, another mark");
    assert_eq!(head.headers()["etag"], etag.as_str());
    assert_eq!(head.status(), 200);
    assert_eq!(head.text().await.expect("a text"), "");
    assert_eq!(again.status(), 304);
    let bytes = gzip.bytes().await.expect("a body");
    let mut text = String::new();
    GzDecoder::new(&bytes[..])
        .read_to_string(&mut text)
        .expect("gzip");
    assert_eq!(text, plain.body);
}

#[actix_web::test]
async fn a_company_has_two_streams_at_a_time_and_a_spent_limit_streams_nothing() {
    let (app, acme) = synced().await;
    let held: Vec<_> = (0..2)
        .map(|_| app.app.lanes.stream(ACME).expect("a place"))
        .collect();

    let busy = acme.get_with(PATH, "accept", LINES).await;
    drop(held);
    let free = acme.get_with(PATH, "accept", LINES).await;
    app.deliver(ACME, json!({"calls_per_token": 1})).await;
    let spent = acme.get_with(PATH, "accept", LINES).await;

    assert_eq!((busy.status, busy.header("retry-after")), (429, "1"));
    assert_eq!(free.status, 200);
    assert_eq!(
        (spent.status, &spent.json()["type"]),
        (429, &json!("urn:alx-report-api:problem:limit-reached"))
    );
    let other = Client::new(&app, ACME, "changes").await;
    assert_eq!(other.get_with(PATH, "accept", LINES).await.status, 403);
}

/// Rows of many people, all with one first name, published as one version.
fn publish(conn: &mut Conn, people: i64, name: &str) -> Result<()> {
    let state = companies::store::lock(conn, ACME)?;
    let row = |user: i64| Row {
        company_id: ACME,
        user_id: UserId(user),
        course_id: CourseId(1),
        content: Content {
            firstname: name.into(),
            lastname: "Person of a long name, so that rows fill the wire".into(),
            email: "person@example.com".into(),
            username: "person".into(),
            coursename: "Fire safety".into(),
            status: Status::NotStarted,
            percentage: None,
            timecompleted: None,
            timestarted: None,
            enrolled_at: None,
        },
        state: RowState::Active,
        seq: state.seq + user,
        first_seen_seq: 1,
        changed_at: 1,
    };
    let rows: Vec<Row> = (1..=people).map(row).collect();
    progress::write(conn, &rows)?;
    let after = State {
        seq: state.seq + people,
        totals: companies::totals::count_rows(conn, ACME)?,
        synced_at: Some(1),
        ..state
    };
    companies::store::publish(conn, &after, &RunId("0".repeat(32)))
}

#[actix_web::test]
async fn a_stream_shows_one_version_though_a_sync_publishes_meanwhile() {
    const PEOPLE: i64 = 20_000;
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read,changes").await;
    let write = |name: &'static str| app.app.db.change(move |conn| publish(conn, PEOPLE, name));
    write("Earlier").await.expect("a version");

    let begun = acme
        .begin(PATH, |request| request.header("accept", LINES))
        .await;
    write("Later").await.expect("another version");
    let version = begun.headers()["alx-data-version"].clone();
    let cursor = begun.headers()["alx-delta-cursor"].clone();
    let text = begun.text().await.expect("all of it");

    assert_eq!(version, PEOPLE.to_string().as_str());
    assert_eq!(text.lines().count() as i64, PEOPLE);
    assert!(!text.contains("Later"), "one snapshot");
    let cursor = cursor.to_str().expect("ASCII");
    let moved = acme
        .get(&format!("/api/v1/changes?limit=5&cursor={cursor}"))
        .await;
    assert_eq!(moved.each("firstname"), ["Later"; 5]);
    assert_eq!(moved.json()["has_more"], true);
}

#[actix_web::test]
async fn the_log_has_the_rows_of_a_stream_and_says_when_its_caller_left() {
    const PEOPLE: i64 = 60_000;
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read").await;
    let write = app.app.db.change(move |conn| publish(conn, PEOPLE, "Ada"));
    write.await.expect("a version");

    let whole = acme.get_with(PATH, "accept", "text/csv").await;
    let begun = acme
        .begin(PATH, |request| request.header("accept", LINES))
        .await;
    drop(begun);

    let mut calls = app.calls_until_left().await;
    let calls = calls.split_off(calls.len() - 2);
    assert_eq!(calls[0].rows, Some(PEOPLE));
    assert_eq!(calls[0].bytes, whole.body.len() as i64);
    assert_eq!((calls[0].status, &calls[0].error), (200, &None));
    assert_eq!(
        (calls[1].status, calls[1].error.as_deref()),
        (200, Some("caller-left"))
    );
    assert!(calls[1].rows < Some(PEOPLE), "{:?}", calls[1]);
}
