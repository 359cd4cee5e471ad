//! A source that dies while it is read: the run fails with a sentence, and nothing is changed.

use std::sync::atomic::Ordering::SeqCst;

use alx_report_api::ids::CompanyId;
use serde_json::json;

use crate::support::TestApp;
use crate::support::client::Client;
use crate::support::{proxy, say};

async fn dies(variable: &str, usual_port: u16) {
    let Ok(url) = std::env::var(variable) else {
        say(&format!("NOT RUN: a source that dies needs {variable}"));
        return;
    };
    let (moodle, limits) = proxy::before(&url, usual_port);
    let app = TestApp::start(|_| {}, |config| config.moodle_url = Some(moodle)).await;
    let acme = Client::new(&app, CompanyId(42), "read,sync").await;
    let (mut died, mut came_through) = (0, 0);

    for bytes in [
        2_000, 8_000, 15_000, 20_000, 30_000, 45_000, 60_000, 80_000, 100_000,
    ] {
        limits.to_client.store(bytes, SeqCst);
        let run = acme
            .post("/api/v1/syncs?wait=30", json!({"mode": "full"}))
            .await
            .json();
        let rows = acme
            .get("/api/v1/progress?limit=1000")
            .await
            .each("userid")
            .len();
        if run["state"] == "failed" {
            died += 1;
            assert_eq!(
                run["statistics"]["errors"][0].as_str().unwrap(),
                "The Moodle database cannot be reached. Nothing was changed."
            );
            assert!([0, 366].contains(&rows), "{rows} rows after {bytes} bytes");
        } else {
            came_through += 1;
            assert_eq!((run["state"].as_str().unwrap(), rows), ("succeeded", 366));
        }
    }
    limits.lift();
    acme.sync().await;

    assert!(died > 2, "{died} died, {came_through} came through");
    assert_eq!(
        acme.get("/api/v1/progress?limit=1000")
            .await
            .each("userid")
            .len(),
        366
    );
}

#[actix_web::test]
async fn a_mariadb_that_dies_while_it_is_read_changes_nothing() {
    dies("ALX_TEST_MOODLE_MARIADB", 3306).await;
}

#[actix_web::test]
async fn a_postgresql_that_dies_while_it_is_read_changes_nothing() {
    dies("ALX_TEST_MOODLE_POSTGRES", 5432).await;
}
