//! The seed story in a real browser: old rows, Run Manual Sync, new rows. Set `ALX_TEST_BROWSER=1` to run it.

use alx_report_api::config::Config;
use alx_report_api::demo;
use serde_json::Value;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL, PASSWORD};
use crate::support::browser::Browser;
use crate::support::client::{ACME, Client, Reply};

const COURSE: &str = "API_course for completion test";

async fn demo_app() -> TestApp {
    let made = |file: &std::path::Path| demo::store::create(file).expect("the demo's Moodle");
    let change = |config: &mut Config| config.demo = Some(config.data_dir.join("moodle.db"));
    TestApp::start(made, change).await
}

async fn sign_in(browser: &Browser) {
    browser.go("/sign-in").await;
    browser.fill("#email", EMAIL).await;
    browser.fill("#password", PASSWORD).await;
    browser.click("Sign in").await;
}

/// Five different questions, so five entries in the company's group; gives what is completed.
async fn read_five_times(client: &Client) -> Vec<(i64, String)> {
    for limit in 501..505 {
        assert_eq!(
            client
                .get(&format!("/api/v1/progress?limit={limit}"))
                .await
                .status,
            200
        );
    }
    completed(&client.get("/api/v1/progress?limit=500").await)
}

/// Users and courses that a reply has as completed.
fn completed(reply: &Reply) -> Vec<(i64, String)> {
    let page = reply.json();
    let rows = page["items"].as_array().expect("a page").iter();
    let done = rows.filter(|row| row["status"] == "completed");
    let key = |row: &Value| {
        (
            row["userid"].as_i64().expect("an id"),
            row["coursename"].as_str().expect("a name").to_owned(),
        )
    };
    done.map(key).collect()
}

#[actix_web::test]
async fn an_admin_runs_a_manual_sync_and_sees_both_learners_completed() {
    let app = demo_app().await;
    Admin::register(&app).await;
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };

    sign_in(&browser).await;
    browser.click("Look for companies in Moodle").await;
    browser.sees("companies known").await;
    browser.go("/sync?company=42&mode=full").await;
    browser.click("Full Company Sync…").await;
    browser.click("Run Manual Sync").await;
    browser.sees("users synced").await;

    let client = Client::new(&app, ACME, "read").await;
    for user in [17, 21] {
        browser.go("/demo").await;
        let learner = format!("Complete {COURSE} for api User {user}");
        browser.click(&learner).await;
        browser.sees("Moodle recorded the completion.").await;
    }
    let old = read_five_times(&client).await;

    browser.go("/companies/42").await;
    browser.click("Run Manual Sync").await;
    browser.click("Sync Recent Changes…").await;
    browser.sees("Run this sync?").await;
    browser.click("Run Manual Sync").await;
    browser.sees("2 users synced, 5 cache cleared").await;
    let run = browser.path().await;
    browser.reload().await;
    browser.sees("2 users synced, 5 cache cleared").await;
    assert_eq!(browser.path().await, run, "a reload shows the same run");

    let new = client.get("/api/v1/progress?limit=500").await;
    assert!(!old.contains(&(17, COURSE.into())) && !old.contains(&(21, COURSE.into())));
    for user in [17, 21] {
        assert!(
            completed(&new).contains(&(user, COURSE.into())),
            "{}",
            new.body
        );
        browser
            .go(&format!(
                "/companies/42?search=api+User+{user}&status=completed"
            ))
            .await;
        browser.sees(COURSE).await;
    }
}

#[actix_web::test]
async fn on_a_phone_no_page_scrolls_sideways() {
    let app = demo_app().await;
    Admin::register(&app).await;
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };
    browser.resize(375).await;
    sign_in(&browser).await;
    browser.click("Look for companies in Moodle").await;
    browser.sees("companies known").await;
    browser.go("/sync/confirm?company=42&mode=full").await;
    browser.click("Run Manual Sync").await;
    browser.sees("users synced").await;
    let run = browser.path().await;
    let client = Client::new(&app, ACME, "read").await;
    client.get("/api/v1/progress").await;
    app.write_down().await;

    for page in [
        "/",
        "/companies/42",
        "/companies/7",
        "/sync",
        "/sync/history",
        "/sync/batches/confirm?mode=full",
        "/sync/batches",
        "/schedules",
        "/companies/42/schedule",
        "/companies/42?column=course&column=version&column=enrolled&search=a&band=0",
        "/companies/42/views",
        "/companies/42/courses",
        "/companies/42/courses/1",
        "/companies/42/people",
        "/companies/42/people/17",
        "/companies/42/sync",
        "/companies/42/settings",
        "/companies/42/cache",
        "/companies/42/changes",
        "/companies/42/coverage",
        "/companies/42/power-bi",
        "/companies/42/tokens",
        "/companies/42/tokens/1",
        "/companies/42/tokens/1/rotate",
        "/companies/42/settings/delivery",
        "/settings/delivery",
        "/companies/42/requests",
        "/requests",
        "/requests/1",
        "/health",
        "/settings",
        "/demo",
        run.as_str(),
        "/nothing",
    ] {
        browser.go(page).await;
        let wide = browser
            .ask("return document.documentElement.scrollWidth - window.innerWidth")
            .await;
        assert!(
            wide.as_i64().is_some_and(|pixels| pixels <= 0),
            "{page} is {wide} pixels too wide"
        );
    }
}
