//! Previews: the same plan, and nothing written.

use alx_report_api::sync::retention::{PLANS_DAYS, compact};
use alx_report_api::time::now_ms;
use serde_json::{Value, json};

use super::{address, change, run, stored, synced_crowd};
use crate::support::client::{Client, complete};

/// A preview that a program asks for; gives the address of what it would change.
async fn preview_of(acme: &Client) -> String {
    let wish = json!({"mode": "full", "dry_run": true});
    let run = acme.post("/api/v1/syncs?wait=30", wish).await;
    assert_eq!(run.status, 200, "{}", run.body);
    let id = run.json()["id"].as_str().unwrap().to_owned();
    format!("/api/v1/syncs/{id}/changes")
}

#[actix_web::test]
async fn a_preview_lists_by_the_api_what_it_would_do_page_by_page() {
    let (app, _, acme) = synced_crowd().await;
    complete(&app, 1001, "Fire safety");
    change(&app, "delete from mdl_company_users where userid = 1100");

    let path = preview_of(&acme).await;
    let first = acme.get(&format!("{path}?limit=1")).await.json();
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = acme
        .get(&format!("{path}?limit=1&cursor={cursor}"))
        .await
        .json();

    let item = &first["items"][0];
    assert_eq!(
        (&item["userid"], &item["kind"], &item["version"]),
        (&json!(1001), &json!("updated"), &Value::Null)
    );
    assert_eq!(item["before"]["status"], "not_started");
    assert_eq!(item["after"]["status"], "completed");
    let at = item["after"]["timecompleted"].as_str().unwrap_or_default();
    assert!(at.ends_with('Z'), "{item}");
    let item = &second["items"][0];
    assert_eq!(
        (&item["userid"], &item["kind"]),
        (&json!(1100), &json!("removed"))
    );
    assert_eq!(item["after"]["state"], "left");
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(second["as_of"]["version"], 100);
    app.deliver(
        alx_report_api::ids::CompanyId(42),
        json!({"fields": ["userid", "percentage"]}),
    )
    .await;
    let masked = acme.get(&path).await.json();
    assert_eq!(masked["items"][0]["before"].get("status"), None, "{masked}");
}

#[actix_web::test]
async fn what_a_preview_would_do_is_gone_by_name_after_a_month() {
    let (app, _, acme) = synced_crowd().await;
    complete(&app, 1001, "Fire safety");
    let path = preview_of(&acme).await;
    let later = async |days: i64| {
        let shared = app.app.clone();
        let work = move || compact(&shared, now_ms() + days * 86_400_000);
        let done = actix_web::rt::task::spawn_blocking(work).await;
        done.unwrap().unwrap();
        acme.get(&path).await
    };

    let young = later(PLANS_DAYS - 1).await;
    let old = later(PLANS_DAYS + 1).await;

    assert_eq!(young.each("userid"), [1001]);
    assert_eq!(
        (old.status, &old.json()["type"]),
        (410, &json!("urn:alx-report-api:problem:lines-let-go"))
    );
    let run = acme.get(path.trim_end_matches("/changes")).await.json();
    assert!(run["compacted_at"].is_string(), "{run}");
}

#[actix_web::test]
async fn a_preview_of_every_mode_says_what_the_sync_then_does_and_writes_nothing() {
    for mode in ["full", "changes", "cleanup"] {
        let (app, admin, acme) = synced_crowd().await;
        let before = stored(&app).await;
        complete(&app, 1001, "Fire safety");
        change(&app, "delete from mdl_company_users where userid = 1100");
        let cached = acme.get("/api/v1/progress").await;

        let preview = run(&admin, mode, true).await;

        assert!(
            preview.says("Preview: this is what the sync would do."),
            "{mode}: {}",
            preview.body
        );
        assert!(
            preview.says("Learner 100")
                && preview.says("Run it for real")
                && !preview.says("No course would be affected."),
            "{mode}"
        );
        assert_eq!(stored(&app).await, before, "{mode}");
        let after = acme.get("/api/v1/progress").await;
        assert_eq!(
            after.header("alx-cache"),
            "hit",
            "{mode}: the cache is as it was"
        );
        assert_eq!(after.body, cached.body);
        let key = preview.between("name=\"key\" value=\"", "\"");
        let fields = [
            ("company", "42"),
            ("mode", mode),
            ("hours_back", "24"),
            ("key", &key),
        ];
        let hours = if mode == "changes" {
            &fields[..]
        } else {
            &[fields[0], fields[1], fields[3]]
        };
        let real = admin.post("/sync", hours).await;
        let done = super::ended(&admin, real.location()).await;
        for name in [
            "records_created",
            "records_updated",
            "records_deleted",
            "records_unchanged",
        ] {
            assert_eq!(
                number(&preview, name),
                number(&done, name),
                "{mode}: {name}"
            );
        }
        let rows = if mode == "cleanup" { 0 } else { 1 };
        assert_eq!(number(&done, "records_updated"), rows.to_string(), "{mode}");
        assert_eq!(number(&done, "records_deleted"), "1", "{mode}");
    }
}

fn number(page: &crate::support::admin::Answer, name: &str) -> String {
    page.between(&format!("<code>{name}</code></th><td class=\"num\">"), "<")
}

#[actix_web::test]
async fn a_preview_before_the_first_sync_lists_rows_that_are_not_stored_yet() {
    let app = crate::support::TestApp::with_moodle(super::crowd).await;
    let admin = crate::support::admin::Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;

    let page = run(&admin, "full", true).await;

    assert!(
        page.says("not in the reports yet") && page.says("Learner 001"),
        "{}",
        page.body
    );
    assert!(page.says("1–20 of 100 changes"), "{}", page.body);
    assert_eq!(stored(&app).await.0, 0);
    assert!(admin.get("/companies/42").await.says("never synced"));
}

#[actix_web::test]
async fn a_preview_of_large_removals_needs_no_confirmation_but_the_real_run_does() {
    let (app, admin, _) = synced_crowd().await;
    change(&app, "delete from mdl_company_users where userid > 1040");

    let preview = run(&admin, "full", true).await;
    let real = run(&admin, "full", false).await;

    assert!(
        preview.says("Preview:") && preview.says("1–20 of 60 changes"),
        "{}",
        preview.body
    );
    assert!(real.says("Needs confirmation"), "{}", real.body);
    assert!(address(&real).starts_with("/sync/runs/"));
}

#[actix_web::test]
async fn the_form_keeps_the_wish_for_a_preview_and_the_confirmation_says_that_nothing_is_written() {
    let (_app, admin, _) = synced_crowd().await;

    let form = admin
        .get("/sync?company=42&mode=cleanup&dry_run=true")
        .await;
    let confirm = admin
        .get("/sync/confirm?company=42&mode=cleanup&hours_back=24&dry_run=true")
        .await;

    assert!(
        form.body
            .contains("id=\"cleanup-dry-run\" name=\"dry_run\" value=\"true\" checked"),
        "{}",
        form.body
    );
    assert!(
        !form
            .body
            .contains("id=\"full-dry-run\" name=\"dry_run\" value=\"true\" checked"),
        "{}",
        form.body
    );
    assert!(confirm.says("Nothing is written."), "{}", confirm.body);
}

#[actix_web::test]
async fn a_preview_that_was_read_before_an_erasure_keeps_nothing_of_the_person() {
    let (app, admin, _) = synced_crowd().await;
    change(
        &app,
        "update mdl_user set lastname = 'SECRETNAME' where id = 1001",
    );
    super::slow(&app);
    let key = alx_report_api::ids::random_hex::<8>();
    let fields = [
        ("company", "42"),
        ("mode", "full"),
        ("dry_run", "true"),
        ("key", key.as_str()),
    ];
    let (started, erased) = futures_util::future::join(admin.post("/sync", &fields), async {
        actix_web::rt::time::sleep(std::time::Duration::from_millis(500)).await;
        admin.post("/people/1001/erase", &[]).await
    })
    .await;

    let page = super::ended(&admin, started.location()).await;

    assert_eq!(erased.status, 303, "{}", erased.body);
    assert!(page.says("changed meanwhile"), "{}", page.body);
    let lines = app.app.db.run(|conn| {
        use alx_report_api::schema::sync_plan_lines;
        use diesel::prelude::*;
        Ok(sync_plan_lines::table.count().get_result::<i64>(conn)?)
    });
    assert_eq!(lines.await.unwrap(), 0);
}
