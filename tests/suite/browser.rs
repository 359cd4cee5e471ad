//! The seed story in a real browser: old rows, Run Manual Sync, new rows. Set `ALX_TEST_BROWSER=1` to run it.

use alx_report_api::config::Config;
use alx_report_api::demo;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL, PASSWORD};
use crate::support::browser::Browser;

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
    browser.click("Continue").await;
    browser.click("Run Manual Sync").await;
    browser.sees("users synced").await;

    for user in [17, 21] {
        browser.go("/demo").await;
        let learner = format!("Complete API_course for completion test for api User {user}");
        browser.click(&learner).await;
        browser.sees("Moodle recorded the completion.").await;
    }
    browser
        .go("/companies/42?search=api+User+17&status=completed")
        .await;
    browser.sees("No row matches.").await;

    browser.go("/companies/42").await;
    browser.click("Run Manual Sync").await;
    browser.click("Continue").await;
    browser.sees("Run this sync?").await;
    browser.click("Run Manual Sync").await;
    browser.sees("2 users synced, 0 cache cleared").await;
    let run = browser.path().await;
    browser.reload().await;
    browser.sees("2 users synced, 0 cache cleared").await;
    assert_eq!(browser.path().await, run, "a reload shows the same run");

    for user in [17, 21] {
        browser
            .go(&format!(
                "/companies/42?search=api+User+{user}&status=completed"
            ))
            .await;
        browser.sees("API_course for completion test").await;
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
    browser.go("/sync/confirm?company=42&mode=full").await;
    browser.click("Run Manual Sync").await;
    browser.sees("users synced").await;
    let run = browser.path().await;

    for page in [
        "/",
        "/companies/42",
        "/companies/7",
        "/sync",
        "/sync/history",
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
