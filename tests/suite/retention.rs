//! Old details are let go; the runs and their counts stay.

use alx_report_api::schema::{sync_changes, sync_keys, sync_plan_lines, sync_runs};
use alx_report_api::sync::retention::{Compacted, compact};
use alx_report_api::time::now_ms;
use diesel::prelude::*;
use serde_json::json;

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::{ACME, Client, complete, synced, two_companies};

const DAY_MS: i64 = 86_400_000;

async fn compacted(app: &TestApp, at_ms: i64) -> Compacted {
    let shared = app.app.clone();
    actix_web::rt::task::spawn_blocking(move || compact(&shared, at_ms))
        .await
        .unwrap()
        .unwrap()
}

async fn lines(app: &TestApp) -> i64 {
    app.app
        .db
        .run(|conn| Ok(sync_changes::table.count().get_result(conn)?))
        .await
        .unwrap()
}

async fn age_first_run(app: &TestApp, days: i64) -> String {
    let run = app.app.db.change(move |conn| {
        let first: String = sync_runs::table
            .select(sync_runs::id)
            .order(sync_runs::version_after)
            .limit(1)
            .get_result(conn)?;
        diesel::update(sync_runs::table.find(&first))
            .set(sync_runs::finished_at_ms.eq(now_ms() - days * DAY_MS))
            .execute(conn)?;
        Ok(first)
    });
    run.await.unwrap()
}

#[actix_web::test]
async fn lines_of_old_runs_are_let_go_and_their_counts_stay() {
    let (app, acme) = synced().await;
    complete(&app, 17, "Fire safety");
    acme.sync().await;
    let old = age_first_run(&app, 401).await;
    let admin = Admin::signed_in(&app).await;

    let first = compacted(&app, now_ms()).await;
    let again = compacted(&app, now_ms()).await;

    assert_eq!((first.runs, first.changes), (1, 6));
    assert_eq!(again, Compacted::default(), "the same again finds nothing");
    assert_eq!(lines(&app).await, 1);
    let page = admin.get(&format!("/sync/runs/{old}")).await;
    assert!(
        page.says("were let go") || page.says("not kept any more"),
        "{}",
        page.body
    );
    assert!(
        page.says("<code>records_created</code></th><td class=\"num\">6"),
        "{}",
        page.body
    );
    assert!(
        admin
            .get("/companies/42/changes")
            .await
            .says("1 change on this page")
    );
    assert_eq!(
        acme.get("/api/v1/progress").await.each("userid").len(),
        6,
        "rows stay"
    );
    let run = acme.get(&format!("/api/v1/syncs/{old}")).await.json();
    assert!(run["compacted_at"].is_string(), "{run}");
    let gone = acme.get(&format!("/api/v1/syncs/{old}/changes")).await;
    assert_eq!(
        (gone.status, &gone.json()["type"]),
        (410, &json!("urn:alx-report-api:problem:lines-let-go"))
    );
}

#[actix_web::test]
async fn a_run_without_changes_and_one_that_is_young_have_nothing_that_was_let_go() {
    let (app, acme) = synced().await;
    let nothing = acme.sync().await["id"].as_str().unwrap().to_owned();
    let first = age_first_run(&app, 399).await;
    compacted(&app, now_ms()).await;

    for (run, lines) in [(nothing, 0), (first, 6)] {
        let changes = acme.get(&format!("/api/v1/syncs/{run}/changes")).await;
        assert_eq!(changes.each("version").len(), lines);
        let run = acme.get(&format!("/api/v1/syncs/{run}")).await.json();
        assert_eq!(run.get("compacted_at"), None, "{run}");
    }
}

#[actix_web::test]
async fn keys_that_joined_a_run_are_let_go_a_month_after_it() {
    let (app, _acme) = synced().await;
    let run = age_first_run(&app, 0).await;
    let plant = app.app.db.change(move |conn| {
        diesel::insert_into(sync_keys::table)
            .values((
                sync_keys::id.eq("joined"),
                sync_keys::run_id.eq(&run),
                sync_keys::mode.eq("full"),
                sync_keys::dry_run.eq(false),
            ))
            .execute(conn)?;
        Ok(())
    });
    plant.await.unwrap();

    let young = compacted(&app, now_ms() + 29 * DAY_MS).await;
    let old = compacted(&app, now_ms() + 31 * DAY_MS).await;

    assert_eq!((young.keys, old.keys), (0, 1));
}

#[actix_web::test]
async fn what_an_old_comparison_said_of_courses_goes_when_a_later_one_says_it() {
    let (app, acme) = synced().await;
    age_first_run(&app, 31).await;
    let alone = compacted(&app, now_ms()).await;
    acme.sync().await;

    let first = compacted(&app, now_ms()).await;
    let again = compacted(&app, now_ms()).await;

    assert_eq!(alone.courses, 0, "nothing else says it");
    assert!(first.courses > 0);
    assert_eq!(again.courses, 0);
    let admin = Admin::signed_in(&app).await;
    assert!(
        admin
            .get("/companies/42/coverage")
            .await
            .says("Fire safety")
    );
}

#[actix_web::test]
async fn lines_are_kept_for_400_days_or_for_ever() {
    let (app, _acme) = synced().await;
    age_first_run(&app, 399).await;
    assert_eq!(compacted(&app, now_ms()).await, Compacted::default());

    let app = TestApp::start(two_companies, |config| config.changes_days = 0).await;
    Client::new(&app, ACME, "read,sync").await.sync().await;
    age_first_run(&app, 4000).await;
    assert_eq!(compacted(&app, now_ms()).await, Compacted::default());
    let page = Admin::signed_in(&app).await.get("/changes").await;
    assert!(page.says("newest first.") && !page.says("Lines are kept for"));
}

#[actix_web::test]
async fn plans_of_previews_are_let_go_after_a_month() {
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    acme.post("/api/v1/syncs?wait=30", serde_json::json!({"mode": "full"}))
        .await;
    let planted = app.app.db.change(|conn| {
        let run: String = sync_runs::table
            .select(sync_runs::id)
            .limit(1)
            .get_result(conn)?;
        diesel::insert_into(sync_plan_lines::table)
            .values((
                sync_plan_lines::run_id.eq(run),
                sync_plan_lines::place.eq(1),
                sync_plan_lines::user_id.eq(17),
                sync_plan_lines::course_id.eq(1),
                sync_plan_lines::kind.eq("added"),
                sync_plan_lines::after.eq("{}"),
            ))
            .execute(conn)?;
        Ok(())
    });
    planted.await.unwrap();

    let fresh = compacted(&app, now_ms() + 29 * DAY_MS).await;
    let old = compacted(&app, now_ms() + 31 * DAY_MS).await;

    assert_eq!((fresh.plans, old.plans), (0, 1));
}
