//! Cancelling: at any moment before the commit, and never half.

use alx_report_api::ids::random_hex;
use alx_report_api::sync::{Mode, Request, Trigger, request};

use super::{change, ended, slow, slow_by, stored, synced_crowd};
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::ACME;

async fn start(admin: &Admin) -> String {
    let key = random_hex::<8>();
    let fields = [("company", "42"), ("mode", "full"), ("key", key.as_str())];
    let started = admin.post("/sync", &fields).await;
    assert_eq!(started.status, 303, "{}", started.body);
    started.location().to_owned()
}

/// Waits until a run is under way.
async fn running(admin: &Admin, address: &str) {
    for _ in 0..200 {
        if admin.get(address).await.says("Reading Moodle")
            || admin.get(address).await.says("Connecting")
        {
            return;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the run {address} does not begin");
}

/// A run of `app` that reads for seconds is cancelled through `by`.
async fn cancelled_through(app: &TestApp, admin: &Admin, by: &Admin) {
    let before = stored(app).await;
    change(app, "update mdl_user set lastname = 'Renamed'");
    slow(app);
    let address = start_at_once(app).await;
    running(admin, &address).await;

    let cancelled = by.post(&format!("{address}/cancel"), &[]).await;
    let page = ended(admin, &address).await;

    assert_eq!(cancelled.status, 303, "{}", cancelled.body);
    assert!(
        page.says("Cancelled: nothing was changed.") && page.says("Cancelled by"),
        "{}",
        page.body
    );
    assert_eq!(stored(app).await, before);
}

async fn start_at_once(app: &TestApp) -> String {
    let wish = Request::of(ACME, Mode::Full, Trigger::Manual, "ada".into());
    let run = alx_report_api::sync::start(&app.app, wish)
        .await
        .unwrap()
        .run;
    format!("/sync/runs/{run}")
}

#[actix_web::test]
async fn a_run_that_reads_is_cancelled_and_changes_nothing() {
    let (app, admin, _) = synced_crowd().await;

    cancelled_through(&app, &admin, &admin).await;
}

#[actix_web::test]
async fn another_instance_can_cancel_it_too() {
    let (app, admin, _) = synced_crowd().await;
    let second = app.second().await;
    let elsewhere = Admin::signed_in(&second).await;

    cancelled_through(&app, &admin, &elsewhere).await;
}

#[actix_web::test]
async fn a_run_that_has_ended_cannot_be_cancelled() {
    let (_app, admin, _) = synced_crowd().await;
    let address = start(&admin).await;
    ended(&admin, &address).await;

    let late = admin.post(&format!("{address}/cancel"), &[]).await;

    assert_eq!(late.status, 409);
    assert!(late.says("ended already"), "{}", late.body);
    assert_eq!(admin.post("/sync/runs/0/cancel", &[]).await.status, 404);
}

#[actix_web::test]
async fn a_waiting_run_is_cancelled_at_once_and_the_stream_of_its_page_ends() {
    let (app, admin, _) = synced_crowd().await;
    let queue = |conn: &mut _| {
        let wish = Request::of(ACME, Mode::Full, Trigger::Manual, "ada".into());
        request::record_in(conn, &wish, 1)
    };
    let run = app.app.db.change(queue).await.unwrap().run;
    let address = format!("/sync/runs/{run}");

    let page = admin.get(&address).await;
    let cancelled = admin.post(&format!("{address}/cancel"), &[]).await;
    let stream = admin.get(&format!("{address}/events")).await;

    assert!(page.says("Waiting for its turn"), "{}", page.body);
    assert!(
        page.body
            .contains(&format!("data-events=\"{address}/events\""))
    );
    assert_eq!(cancelled.status, 303);
    assert!(
        admin
            .get(&address)
            .await
            .says("Cancelled: nothing was changed.")
    );
    assert_eq!(stream.body, "event: end\ndata: \n\n");
}

#[actix_web::test]
async fn the_stream_tells_how_far_a_run_is() {
    let (app, admin, _) = synced_crowd().await;
    slow(&app);
    let address = format!("{}/events", start_at_once(&app).await);

    let stream = admin.get(&address).await;

    assert!(
        stream
            .header(reqwest::header::CONTENT_TYPE)
            .starts_with("text/event-stream")
    );
    assert!(stream.body.contains("event: progress\ndata: ") && stream.body.contains("<progress"));
    assert!(
        stream.body.ends_with("event: end\ndata: \n\n"),
        "{}",
        stream.body
    );
    assert_eq!(admin.get("/sync/runs/0/events").await.status, 404);
    assert_eq!(Admin::stranger(&app).get(&address).await.status, 303);
}

#[actix_web::test]
async fn a_run_that_takes_longer_than_the_settings_allow_fails_and_changes_nothing() {
    let (app, admin, _) = synced_crowd().await;
    let before = stored(&app).await;
    let wrong = admin.post("/settings", &[("sync_seconds", "86401")]).await;
    let saved = admin.post("/settings", &[("sync_seconds", "1")]).await;
    assert_eq!((wrong.status, saved.status), (422, 303));
    change(&app, "update mdl_user set lastname = 'Renamed'");
    slow_by(&app, 25_000_000);

    let address = start_at_once(&app).await;
    let page = ended(&admin, &address).await;

    assert!(
        page.says("It took longer than the settings of the site allow. Nothing was changed."),
        "{}",
        page.body
    );
    assert!(!page.says("Cancelled by"), "{}", page.body);
    assert_eq!(stored(&app).await, before);
}
