//! Clocks that step: a run whose process died is given up, whatever its lease says.

use alx_report_api::ids::RunId;
use alx_report_api::schema::sync_runs;
use alx_report_api::time::now_ms;
use diesel::prelude::*;

use super::{run, synced_crowd};
use crate::support::TestApp;
use crate::support::client::ACME;

/// A run that says it is running, as one leaves it whose process was killed.
async fn leave_running(app: &TestApp, lease_until_ms: Option<i64>) -> String {
    let id = RunId::from_key(ACME, "left behind");
    let address = format!("/sync/runs/{id}");
    let leave = app.app.db.change(move |conn| {
        diesel::insert_into(sync_runs::table)
            .values((
                (sync_runs::id.eq(&id), sync_runs::company_id.eq(ACME)),
                (sync_runs::mode.eq("full"), sync_runs::trigger.eq("manual")),
                (
                    sync_runs::requested_by.eq("ada"),
                    sync_runs::state.eq("running"),
                ),
                sync_runs::requested_at_ms.eq(now_ms()),
                sync_runs::lease_until_ms.eq(lease_until_ms),
            ))
            .execute(conn)?;
        Ok(())
    });
    leave.await.unwrap();
    address
}

#[actix_web::test]
async fn after_the_clock_stepped_back_a_dead_run_does_not_hold_its_company_for_hours() {
    const HOUR: i64 = 3_600_000;
    for lease in [Some(now_ms() - 1), Some(now_ms() + 5 * HOUR), None] {
        let (app, admin, _) = synced_crowd().await;
        let left = leave_running(&app, lease).await;

        let page = run(&admin, "full", false).await;

        assert!(page.says("Succeeded"), "{lease:?}: {}", page.body);
        let dead = admin.get(&left).await;
        assert!(
            dead.says("Abandoned: the process that ran this sync stopped."),
            "{}",
            dead.body
        );
    }
}

#[actix_web::test]
async fn a_run_that_is_alive_elsewhere_is_waited_for() {
    let (app, admin, acme) = synced_crowd().await;
    leave_running(&app, Some(now_ms() + 2_000)).await;

    let asked = acme
        .post("/api/v1/syncs", serde_json::json!({"mode": "full"}))
        .await
        .json();
    let page = admin
        .get(&format!("/sync/runs/{}", asked["id"].as_str().unwrap()))
        .await;

    assert!(page.says("Waiting for its turn"), "{}", page.body);
    let ended = super::ended(
        &admin,
        &format!("/sync/runs/{}", asked["id"].as_str().unwrap()),
    )
    .await;
    assert!(ended.says("Succeeded"), "{}", ended.body);
}
