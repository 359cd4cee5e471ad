//! What tells an operator's tools that the server lives, is ready, and how busy it is.

use crate::support::TestApp;
use crate::support::client::{Client, synced};

#[actix_web::test]
async fn a_server_without_moodle_is_alive_and_ready() {
    let app = TestApp::without_moodle().await;
    let anybody = Client::with_token(&app, "");

    let (live, ready) = (
        anybody.get("/health/live").await,
        anybody.get("/health/ready").await,
    );

    assert_eq!(
        (live.status, live.json()["status"].as_str()),
        (200, Some("ok"))
    );
    assert_eq!(
        (ready.status, ready.json()["moodle"].as_str()),
        (200, Some("not configured"))
    );
    assert_eq!(ready.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn metrics_count_calls_and_name_nobody() {
    let (_app, acme) = synced().await;
    acme.get("/api/v1/progress").await;
    acme.get("/api/v1/progress?limit=0").await;

    let metrics = acme.get("/metrics").await;

    assert_eq!(metrics.status, 200);
    assert!(
        metrics
            .body
            .contains("alx_api_calls_total{outcome=\"refused\"} 1\n"),
        "{}",
        metrics.body
    );
    assert!(
        metrics
            .body
            .contains("alx_sync_runs{state=\"running\"} 0\n"),
        "{}",
        metrics.body
    );
    assert!(metrics.body.contains("# TYPE alx_cache_bytes gauge\n"));
    for name in ["Ada", "Acme", "example.com"] {
        assert!(!metrics.body.contains(name), "{name}");
    }
}

#[actix_web::test]
async fn metrics_are_for_the_networks_that_may_read_them() {
    let elsewhere = "10.9.8.7".parse().expect("a network");
    let app = TestApp::start(|_| {}, |config| config.metrics_from = elsewhere).await;
    let anybody = Client::with_token(&app, "");

    assert_eq!(anybody.get("/metrics").await.status, 403);
    let through_proxy = anybody
        .get_with("/metrics", "x-forwarded-for", "10.9.8.7")
        .await;
    assert_eq!(through_proxy.status, 200);

    let app = TestApp::without_moodle().await;
    let anybody = Client::with_token(&app, "");
    assert_eq!(anybody.get("/metrics").await.status, 200);
    let hidden = anybody.get_with("/metrics", "x-forwarded-for", "unknown");
    assert_eq!(hidden.await.status, 403, "not our proxy itself");
}
