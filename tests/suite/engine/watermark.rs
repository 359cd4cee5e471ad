//! "Data as of": until when the rows say all that Moodle says.

use alx_report_api::schema::company_state;
use alx_report_api::time::now;
use diesel::prelude::*;

use super::{change, run, synced_crowd};
use crate::support::TestApp;
use crate::support::client::{ACME, Client};

const HOUR: i64 = 3600;

/// Lets the last complete sync have been so many hours ago.
async fn synced_hours_ago(app: &TestApp, hours: i64) -> i64 {
    let at = now() - hours * HOUR;
    let age = app.app.db.change(move |conn| {
        diesel::update(company_state::table.find(ACME))
            .set(company_state::synced_at.eq(at))
            .execute(conn)?;
        Ok(())
    });
    age.await.unwrap();
    at
}

async fn complete_as_of(acme: &Client) -> String {
    acme.get("/api/v1/progress?limit=1").await.json()["as_of"]["synced_at"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[actix_web::test]
async fn a_cleanup_or_a_short_look_back_does_not_make_the_data_complete_and_the_next_scheduled_run_misses_nothing()
 {
    let (app, admin, acme) = synced_crowd().await;
    let complete = synced_hours_ago(&app, 5).await;
    let complete = alx_report_api::time::rfc3339(complete).unwrap();
    let then = now() - 3 * HOUR;
    change(
        &app,
        &format!(
            "update mdl_user set firstname = 'Renamed', timemodified = {then} where id = 1001"
        ),
    );

    run(&admin, "cleanup", false).await;
    let after_cleanup = complete_as_of(&acme).await;
    let body = serde_json::json!({"mode": "changes", "hours_back": 1});
    let short = acme.post("/api/v1/syncs?wait=30", body).await.json();
    let page = admin
        .get(&format!("/sync/runs/{}", short["id"].as_str().unwrap()))
        .await;
    let after_short = complete_as_of(&acme).await;
    let scheduled = alx_report_api::sync::Request::of(
        ACME,
        alx_report_api::sync::Mode::Changes,
        alx_report_api::sync::Trigger::Scheduled,
        "schedule".into(),
    );
    let scheduled = alx_report_api::sync::start(&app.app, scheduled)
        .await
        .unwrap()
        .run;
    super::ended(&admin, &format!("/sync/runs/{scheduled}")).await;

    assert_eq!((&after_cleanup, &after_short), (&complete, &complete));
    assert!(page.says("A full sync closes the gap."), "{}", page.body);
    assert_eq!(
        acme.get("/api/v1/progress?limit=1").await.each("firstname"),
        ["Renamed"]
    );
    assert_ne!(
        complete_as_of(&acme).await,
        complete,
        "it reached back to the last complete data"
    );
}

#[actix_web::test]
async fn a_row_that_ended_says_why_it_would_end_now() {
    let (app, admin, acme) = synced_crowd().await;
    change(&app, "delete from mdl_company_users where userid = 1001");
    run(&admin, "full", false).await;
    change(&app, "update mdl_user set deleted = 1 where id = 1001");

    for (mode, restated) in [("cleanup", "0"), ("full", "1"), ("full", "0")] {
        let page = run(&admin, mode, false).await;

        let told = page.between("<code>records_updated</code></th><td class=\"num\">", "<");
        assert_eq!(told, restated, "{mode}");
        assert!(page.says("Succeeded"));
    }
    let deleted = acme.get("/api/v1/progress?state=deleted").await;
    assert_eq!(deleted.each("userid"), [1001]);
}
