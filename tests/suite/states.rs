//! Rows that ended keep their history and are shown to those who ask; the hash of a deleted account never is.

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::error::Result;
use alx_report_api::ids::UserId;
use alx_report_api::time::now;
use serde_json::json;

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::{ACME, Client, bad_names, synced, two_companies};

fn moodle(app: &TestApp, work: impl FnOnce(&mut MoodleBuilder) -> Result<()>) {
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).unwrap();
    moodle.all_or_nothing(work).unwrap();
}

/// What Moodle writes into the e-mail and, with the time, into the user name of a deleted person.
const HASH: &str = "5d41402abc4b2a76b9719d911017c592";

fn delete_with_hash(app: &TestApp, user: i64) {
    moodle(app, |moodle| {
        moodle.delete_user(UserId(user), now())?;
        moodle.execute(&format!(
            "update mdl_user set email = '{HASH}' where id = {user}"
        ))
    });
}

#[actix_web::test]
async fn the_api_gives_active_rows_unless_others_are_asked_for() {
    let (app, acme) = synced().await;
    moodle(&app, |moodle| moodle.suspend(UserId(17), now()));
    moodle(&app, |moodle| moodle.leave(ACME, UserId(18)));
    acme.sync().await;

    let usual = acme.get("/api/v1/progress").await;
    let active = acme.get("/api/v1/progress?state=active").await;
    let suspended = acme.get("/api/v1/progress?state=suspended").await;
    let both = acme.get("/api/v1/progress?state=suspended,left").await;
    let turned = acme.get("/api/v1/progress?state=left,suspended").await;
    let any = acme.get("/api/v1/progress?state=any").await;

    assert_eq!(usual.each("userid"), [json!(21), json!(21)]);
    assert_eq!(active.body, usual.body);
    assert_eq!(active.header("alx-cache"), "hit", "one question, one entry");
    assert_eq!(suspended.each("state"), ["suspended", "suspended"]);
    assert_eq!(both.each("userid").len(), 4);
    assert_eq!(
        (turned.body, turned.headers["alx-cache"].to_str().unwrap()),
        (both.body, "hit")
    );
    assert_eq!(any.each("userid").len(), 6);
}

#[actix_web::test]
async fn a_word_that_is_no_state_is_refused_by_name_and_a_cursor_belongs_to_its_states() {
    let (_app, acme) = synced().await;

    let wrong = acme.get("/api/v1/progress?state=left,gone").await;
    let empty = acme.get("/api/v1/progress?state=").await;
    let page = acme.get("/api/v1/progress?limit=2&state=any").await.json();
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let next = acme
        .get(&format!(
            "/api/v1/progress?limit=2&state=any&cursor={cursor}"
        ))
        .await;
    let foreign = acme
        .get(&format!("/api/v1/progress?limit=2&cursor={cursor}"))
        .await;

    assert_eq!(bad_names(&wrong), ["state"]);
    assert!(wrong.body.contains("“gone” is no state"), "{}", wrong.body);
    assert_eq!(bad_names(&empty), ["state"]);
    assert_eq!(next.each("userid").len(), 2);
    assert_eq!(bad_names(&foreign), ["cursor"]);
}

#[actix_web::test]
async fn the_company_page_shows_ended_rows_on_request_and_counts_active_ones_only() {
    let (app, acme) = synced().await;
    moodle(&app, |moodle| moodle.suspend(UserId(17), now()));
    acme.sync().await;
    let admin = Admin::signed_in(&app).await;

    let usual = admin.get("/companies/42").await;
    let suspended = admin.get("/companies/42?state=suspended").await;
    let any = admin.get("/companies/42?state=any").await;
    let wrong = admin.get("/companies/42?state=gone").await;

    assert!(!usual.body.contains("Lovelace"), "{}", usual.body);
    assert!(usual.says("people\">2</a></dd>"), "{}", usual.body);
    assert!(suspended.says("Lovelace") && suspended.says("<small>suspended</small>"));
    assert!(
        suspended.says("people\">2</a></dd>") && suspended.says("4 rows active"),
        "{}",
        suspended.body
    );
    assert!(any.says("1–6 of 6 rows"), "{}", any.body);
    assert_eq!(wrong.status, 400);
}

/// Every page and reply that could show a person.
async fn everything(admin: &Admin, acme: &Client) -> String {
    let mut all = String::new();
    let history = admin.get("/sync/history").await.body;
    let runs: Vec<&str> = history.split("href=\"/sync/runs/").skip(1).collect();
    for run in runs.iter().map(|rest| rest.split('"').next().unwrap()) {
        all += &admin.get(&format!("/sync/runs/{run}")).await.body;
        all += &acme.get(&format!("/api/v1/syncs/{run}/changes")).await.body;
    }
    for page in [
        "/",
        "/companies/42",
        "/companies/42?state=any",
        "/companies/42?state=deleted",
        "/changes",
        "/companies/42/changes",
        "/companies/42/changes/export.csv",
        "/companies/42/people/17",
        "/people/17/erase",
        "/companies/42/coverage",
    ] {
        all += &admin.get(page).await.body;
    }
    for path in [
        "/api/v1/progress",
        "/api/v1/progress?state=any",
        "/api/v1/syncs",
    ] {
        all += &acme.get(path).await.body;
    }
    let legacy = format!(
        "wstoken={}&wsfunction=local_alx_report_api_get_course_progress&moodlewsrestformat=json",
        acme.token
    );
    all + &acme.legacy(&legacy).await.body
}

#[actix_web::test]
async fn the_hash_of_an_account_that_was_deleted_between_syncs_is_shown_nowhere() {
    for body in [
        json!({"mode": "full"}),
        json!({"mode": "changes", "hours_back": 24}),
        json!({"mode": "cleanup"}),
    ] {
        let (app, acme) = synced().await;
        delete_with_hash(&app, 17);

        let run = acme
            .post("/api/v1/syncs?wait=30", body.clone())
            .await
            .json();

        assert_eq!(run["statistics"]["records_deleted"], 2, "{body} {run}");
        let admin = Admin::signed_in(&app).await;
        let shown = everything(&admin, &acme).await;
        assert!(
            shown.contains("account deleted") && shown.contains("Lovelace"),
            "{body}"
        );
        assert!(!shown.contains(HASH), "{body}: {shown}");
        assert!(!shown.contains("ada.lovelace@example.com.1"), "{body}");
    }
}

#[actix_web::test]
async fn an_account_that_was_deleted_before_the_first_sync_never_comes_in() {
    let app = TestApp::with_moodle(two_companies).await;
    delete_with_hash(&app, 17);
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    acme.sync().await;
    acme.post(
        "/api/v1/syncs?wait=30",
        json!({"mode": "changes", "hours_back": 24}),
    )
    .await;
    acme.post("/api/v1/syncs?wait=30", json!({"mode": "cleanup"}))
        .await;

    let admin = Admin::signed_in(&app).await;
    let shown = everything(&admin, &acme).await;

    assert!(
        !shown.contains(HASH) && !shown.contains("Lovelace"),
        "{shown}"
    );
    assert!(shown.contains("Kowalski"));
}
