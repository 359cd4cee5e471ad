//! Coverage: the exact gap between Moodle and the store.

use alx_report_api::schema::progress;
use diesel::prelude::*;

use super::{change, run, synced_crowd};
use crate::support::TestApp;
use crate::support::client::ACME;

/// Spoils the store as no sync would: one row missing, one extra, one different.
async fn spoil(app: &TestApp) {
    let spoil = app.app.db.change(|conn| {
        let rows = || progress::table.filter(progress::company_id.eq(ACME));
        diesel::delete(rows().filter(progress::user_id.eq(1001))).execute(conn)?;
        diesel::update(rows().filter(progress::user_id.eq(1002)))
            .set(progress::firstname.eq("Somebody"))
            .execute(conn)?;
        Ok(())
    });
    spoil.await.unwrap();
    change(app, "delete from mdl_company_users where userid = 1003");
}

#[actix_web::test]
async fn a_full_sync_covers_everything() {
    let (_app, admin, _) = synced_crowd().await;

    let page = admin.get("/companies/42/coverage").await;
    let overview = admin.get("/").await;

    assert!(
        page.says("100 %: all 100 rows are as Moodle has them."),
        "{}",
        page.body
    );
    assert!(
        overview.says("/companies/42/coverage\">100 %<"),
        "{}",
        overview.body
    );
}

#[actix_web::test]
async fn a_check_names_what_is_missing_extra_and_different_and_the_repair_closes_the_gap() {
    let (app, admin, _) = synced_crowd().await;
    spoil(&app).await;

    let check = run(&admin, "full", true).await;
    let gap = admin.get("/companies/42/coverage").await;
    let overview = admin.get("/").await;
    let repair = admin.get("/sync/confirm?company=42&mode=full").await;
    run(&admin, "full", false).await;
    let repaired = admin.get("/companies/42/coverage").await;

    assert!(check.says("3 changes"), "{}", check.body);
    assert!(
        gap.says("97 %: 1 missing, 1 extra, 1 different."),
        "{}",
        gap.body
    );
    assert!(gap.says("Fire safety"), "{}", gap.body);
    assert!(
        gap.says("href=\"/sync/confirm?company=42&amp;mode=full\">Repair with a full sync</a>")
    );
    assert_eq!(repair.status, 200);
    assert_eq!(gap.body.matches("action=\"/sync\"").count(), 1, "the check");
    assert!(
        overview.says("1 missing, 1 extra, 1 different"),
        "{}",
        overview.body
    );
    assert!(
        repaired.says("100 %: all 99 rows are as Moodle has them."),
        "{}",
        repaired.body
    );
}

#[actix_web::test]
async fn a_company_that_was_never_compared_says_so() {
    let app = TestApp::with_moodle(super::crowd).await;
    let admin = crate::support::admin::Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;

    let page = admin.get("/companies/42/coverage").await;

    assert!(page.says("never compared with Moodle"), "{}", page.body);
    assert!(admin.get("/").await.says("not checked"));
    assert_eq!(admin.get("/companies/999/coverage").await.status, 404);
}

#[actix_web::test]
async fn what_an_undo_or_new_settings_made_of_the_rows_is_no_coverage_of_now() {
    let (app, admin, _) = synced_crowd().await;
    change(&app, "update mdl_user set firstname = 'Renamed'");
    let synced = run(&admin, "full", false).await;
    let id = synced.between("/sync/runs/", "/undo\"");

    let undo = admin.post(&format!("/sync/runs/{id}/undo"), &[]).await;
    super::ended(&admin, undo.location()).await;

    let page = admin.get("/companies/42/coverage").await;
    assert!(
        page.says("says nothing about now: a sync was undone since"),
        "{}",
        page.body
    );
    assert!(admin.get("/").await.says("check again"));
    run(&admin, "full", true).await;
    let page = admin.get("/companies/42/coverage").await;
    assert!(page.says("0 %: 100 different."), "{}", page.body);
}

#[actix_web::test]
async fn a_sync_that_waits_for_confirmation_leaves_its_gap_in_the_coverage() {
    let (app, admin, _) = synced_crowd().await;
    change(&app, "delete from mdl_company_users where userid > 1040");

    run(&admin, "full", false).await;

    let page = admin.get("/companies/42/coverage").await;
    assert!(page.says("40 %: 60 extra."), "{}", page.body);
}
