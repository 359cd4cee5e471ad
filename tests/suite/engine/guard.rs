//! The deletion guard: what a lying source cannot take away.

use alx_report_api::schema::audit_log;
use diesel::prelude::*;

use super::{CROWD, address, change, ended, run, stored, synced_crowd};

const HALF_LEAVES: &str = "delete from mdl_company_users where userid > 1040";

#[actix_web::test]
async fn a_sync_that_would_take_away_much_stops_with_its_list_and_changes_nothing() {
    let (app, admin, acme) = synced_crowd().await;
    let before = stored(&app).await;
    change(&app, HALF_LEAVES);

    let page = run(&admin, "full", false).await;

    assert!(page.says("Needs confirmation"), "{}", page.body);
    assert!(page.says("Take these 60 rows out of the reports"));
    assert!(page.says("Learner 041") && page.says("1–20 of 60 changes"));
    assert_eq!(stored(&app).await, before);
    let runs = acme.get("/api/v1/syncs?limit=1").await.json();
    assert_eq!(runs["items"][0]["state"], "needs_confirmation");
    let statistics = &runs["items"][0]["statistics"];
    assert_eq!(statistics["success"], false);
    assert_eq!(statistics["records_deleted"], 60, "what it would take away");
    assert_eq!(statistics["version_before"], statistics["version_after"]);
    let id = runs["items"][0]["id"].as_str().unwrap();
    let planned = acme
        .get(&format!("/api/v1/syncs/{id}/changes?limit=1000"))
        .await;
    assert_eq!(planned.each("kind"), ["removed"; 60]);
}

#[actix_web::test]
async fn a_question_that_an_admin_reads_stays_while_a_schedule_goes_on() {
    let (app, admin, acme) = synced_crowd().await;
    let before = stored(&app).await;
    change(&app, HALF_LEAVES);
    let waiting = address(&run(&admin, "full", false).await);

    for mode in ["changes", "cleanup", "full"] {
        let page = run(&admin, mode, false).await;

        assert!(page.says("decide about that one"), "{mode}: {}", page.body);
        let last = acme.get("/api/v1/syncs?limit=1").await.json()["items"][0].clone();
        let done = &last["statistics"];
        assert_eq!(last["state"], "rejected", "{mode}");
        assert_eq!(done["version_before"], done["version_after"], "{mode}");
        assert_eq!(done["cache_cleared"], 0, "{mode}: it has written nothing");
    }
    assert_eq!(stored(&app).await, before);
    assert!(admin.get(&waiting).await.says("Take these 60 rows out"));
    let found = admin.get("/?health=waiting").await;
    assert!(found.says("1–1 of 1 company"), "{}", found.body);
    let confirmed = admin.post(&format!("{waiting}/confirm"), &[]).await;
    assert_eq!(confirmed.status, 303, "{}", confirmed.body);
}

#[actix_web::test]
async fn a_confirmed_removal_is_carried_out_by_another_run_and_is_in_the_audit_log() {
    let (app, admin, acme) = synced_crowd().await;
    change(&app, HALF_LEAVES);
    let waiting = address(&run(&admin, "full", false).await);

    let confirmed = admin.post(&format!("{waiting}/confirm"), &[]).await;

    assert_eq!(confirmed.status, 303, "{}", confirmed.body);
    let done = ended(&admin, confirmed.location()).await;
    assert!(done.says("60 users synced"), "{}", done.body);
    assert_eq!(stored(&app).await.0, CROWD - 60);
    assert_eq!(
        acme.get("/api/v1/progress?limit=1000")
            .await
            .each("userid")
            .len(),
        40
    );
    assert!(
        admin
            .get(&waiting)
            .await
            .says("Confirmed: another run carries it out.")
    );
    let again = admin.post(&format!("{waiting}/confirm"), &[]).await;
    assert_eq!(again.status, 409, "{}", again.body);
    assert_eq!(audited(&app).await, ["removals_confirmed"]);
}

async fn audited(app: &crate::support::TestApp) -> Vec<String> {
    let read = app.app.db.run(|conn| {
        let actions = audit_log::table
            .filter(audit_log::action.ne_all(["signed_in", "delivery_changed", "sync_requested"]))
            .order(audit_log::id)
            .select(audit_log::action);
        Ok(actions.load(conn)?)
    });
    read.await.unwrap()
}

#[actix_web::test]
async fn a_rejected_removal_leaves_the_reports_as_they_are() {
    let (app, admin, _) = synced_crowd().await;
    let before = stored(&app).await;
    change(&app, HALF_LEAVES);
    let waiting = address(&run(&admin, "full", false).await);

    let rejected = admin.post(&format!("{waiting}/reject"), &[]).await;

    assert_eq!(
        (rejected.status, rejected.location()),
        (303, waiting.as_str())
    );
    assert!(
        admin
            .get(&waiting)
            .await
            .says("Rejected: nothing was changed.")
    );
    assert_eq!(stored(&app).await, before);
    assert_eq!(audited(&app).await, ["removals_rejected"]);
    let late = admin.post(&format!("{waiting}/confirm"), &[]).await;
    assert_eq!(late.status, 409);
}

#[actix_web::test]
async fn what_was_confirmed_covers_these_rows_and_no_others() {
    let (app, admin, _) = synced_crowd().await;
    change(&app, HALF_LEAVES);
    let waiting = address(&run(&admin, "full", false).await);
    change(&app, "delete from mdl_company_users where userid = 1001");

    let confirmed = admin.post(&format!("{waiting}/confirm"), &[]).await;

    let page = ended(&admin, confirmed.location()).await;
    assert!(
        page.says("Take these 61 rows out of the reports"),
        "{}",
        page.body
    );
    assert_eq!(stored(&app).await.0, CROWD);
}

#[actix_web::test]
async fn two_admins_who_confirm_at_once_start_one_run() {
    let (app, admin, _) = synced_crowd().await;
    change(&app, HALF_LEAVES);
    let waiting = address(&run(&admin, "full", false).await);
    let address = format!("{waiting}/confirm");
    let confirm = || admin.post(&address, &[]);

    let (one, other) = futures_util::future::join(confirm(), confirm()).await;

    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
}

#[actix_web::test]
async fn a_moodle_that_is_well_again_lets_the_waiting_run_go() {
    let (app, admin, acme) = synced_crowd().await;
    change(
        &app,
        "update mdl_company_users set suspended = 1 where userid > 1040",
    );
    let waiting = address(&run(&admin, "full", false).await);
    change(&app, "update mdl_company_users set suspended = 0");
    let id = waiting.trim_start_matches("/sync/runs/");
    let lines = format!("/api/v1/syncs/{id}/changes?limit=20");
    let first = acme.get(&lines).await.json();
    let cursor = first["next_cursor"].as_str().expect("there are more");

    run(&admin, "full", false).await;

    let page = admin.get(&waiting).await;
    assert!(
        page.says("Rejected") && page.says("a newer sync"),
        "{}",
        page.body
    );
    for address in [lines.clone(), format!("{lines}&cursor={cursor}")] {
        let planned = acme.get(&address).await;
        assert_eq!(planned.status, 410, "{address}: {}", planned.body);
    }
    assert_eq!(stored(&app).await.0, CROWD);
}

#[actix_web::test]
async fn fifty_rows_or_a_fifth_go_without_a_question() {
    let (app, admin, _) = synced_crowd().await;
    change(&app, "delete from mdl_company_users where userid > 1050");

    let page = run(&admin, "full", false).await;

    assert!(page.says("50 users synced"), "{}", page.body);
    assert_eq!(stored(&app).await.0, 50);
}

#[actix_web::test]
async fn a_source_that_lies_takes_nothing_away() {
    let lies = [
        (
            "nobody is in any company",
            "delete from mdl_company_users",
            "Needs confirmation",
        ),
        (
            "no role is assigned",
            "delete from mdl_role_assignments",
            "Needs confirmation",
        ),
        (
            "the roles lost their capability",
            "delete from mdl_role_capabilities",
            "Needs confirmation",
        ),
        (
            "half restored: no enrolments",
            "delete from mdl_user_enrolments",
            "Needs confirmation",
        ),
        (
            "half restored: no courses",
            "delete from mdl_course",
            "Needs confirmation",
        ),
        (
            "half restored: no contexts",
            "delete from mdl_context",
            "Needs confirmation",
        ),
        (
            "the courses were taken away",
            "delete from mdl_company_course",
            "Needs confirmation",
        ),
        (
            "an empty site",
            "delete from mdl_user; delete from mdl_company_users",
            "Needs confirmation",
        ),
        ("the company is gone", "delete from mdl_company", "Failed"),
        (
            "a table is missing",
            "drop table mdl_user_enrolments",
            "Failed",
        ),
        (
            "another prefix",
            "alter table mdl_company rename to other_company",
            "Failed",
        ),
    ];
    for (lie, statements, state) in lies {
        let (app, admin, acme) = synced_crowd().await;
        let before = stored(&app).await;
        change(&app, statements);

        for mode in ["full", "changes", "cleanup"] {
            let page = run(&admin, mode, false).await;

            let asked = page.says("decide about that one");
            assert!(page.says(state) || asked, "{lie}, {mode}: {}", page.body);
        }
        assert_eq!(stored(&app).await, before, "{lie}");
        assert_eq!(
            acme.get("/api/v1/progress?limit=1000")
                .await
                .each("userid")
                .len(),
            100,
            "{lie}"
        );
    }
}
