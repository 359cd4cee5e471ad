//! An erasure that commits while a run stands between reading Moodle and publishing.

use alx_report_api::ids::UserId;
use alx_report_api::sync::traces;
use serde_json::json;

use super::{change, slow, synced_crowd};
use crate::support::TestApp;
use crate::support::client::Client;

async fn state(acme: &Client, run: &str) -> (String, String) {
    let run = acme.get(&format!("/api/v1/syncs/{run}")).await.json();
    (run["state"].as_str().unwrap().to_owned(), run.to_string())
}

/// Whether nothing but the id is left of a person.
async fn is_gone(app: &TestApp, person: i64) -> bool {
    let search = app
        .app
        .db
        .run(move |conn| traces::search(conn, UserId(person)));
    let found = search.await.unwrap();
    found.iter().all(|table| table.telling.unwrap_or(0) == 0)
}

#[actix_web::test]
async fn a_run_between_reading_and_publishing_cannot_bring_an_erased_person_back() {
    let (app, admin, acme) = synced_crowd().await;
    slow(&app);
    let mut overtaken = 0;
    for person in [1001, 1002, 1003] {
        change(
            &app,
            &format!("update mdl_user set firstname = 'Fresh' where id = {person}"),
        );
        let run = acme.post("/api/v1/syncs", json!({"mode": "full"})).await;
        let run = run.json()["id"].as_str().unwrap().to_owned();
        while state(&acme, &run).await.0 != "running" {
            actix_web::rt::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(400)).await;

        let erased = admin.post(&format!("/people/{person}/erase"), &[]).await;

        assert_eq!(erased.status, 303, "{}", erased.body);
        let still_running = state(&acme, &run).await.0 == "running";
        while state(&acme, &run).await.0 == "running" {
            actix_web::rt::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let (ended, text) = state(&acme, &run).await;
        assert!(is_gone(&app, person).await, "{person}: {text}");
        if still_running && ended == "failed" {
            assert!(text.contains("changed meanwhile"), "{text}");
            overtaken += 1;
        }
        let again = acme.sync().await;
        assert_eq!(again["state"], "succeeded", "{again}");
        assert!(is_gone(&app, person).await, "{person}: {again}");
    }
    assert!(
        overtaken > 0,
        "no erasure came between reading and publishing"
    );
}
