//! Sync history: its filters, and the calendar of the last twelve weeks.

use alx_report_api::schema::{admins, companies, sync_runs};
use alx_report_api::sync::{Mode, RunState};
use alx_report_api::time::now;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::{ACME, Client, OTHER, two_companies};

const DAY: i64 = 86_400;

/// ACME with a full sync, one of changes and a preview; OTHER with a full sync.
async fn four_runs() -> (TestApp, Admin) {
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read,sync").await;
    acme.sync().await;
    let post = |body| acme.post("/api/v1/syncs?wait=30", body);
    post(serde_json::json!({"mode": "changes", "hours_back": 1})).await;
    post(serde_json::json!({"mode": "full", "dry_run": true})).await;
    Client::new(&app, OTHER, "sync").await.sync().await;
    let admin = Admin::signed_in(&app).await;
    (app, admin)
}

/// Says when all runs of a mode were asked for, and how they ended.
async fn move_to(app: &TestApp, mode: Mode, at: i64, state: RunState) {
    let change = app.app.db.change(move |conn| {
        let of_mode = sync_runs::table
            .filter(sync_runs::mode.eq(mode))
            .filter(sync_runs::dry_run.eq(false));
        let values = (
            sync_runs::requested_at_ms.eq(at * 1000),
            sync_runs::state.eq(state),
        );
        Ok(diesel::update(of_mode).set(values).execute(conn)?)
    });
    change.await.unwrap();
}

async fn read_in(app: &TestApp, zone: &'static str) {
    let change = app.app.db.change(move |conn| {
        Ok(diesel::update(admins::table)
            .set(admins::zone.eq(zone))
            .execute(conn)?)
    });
    change.await.unwrap();
}

/// The day of a moment in UTC.
fn day(at: i64) -> String {
    DateTime::<Utc>::from_timestamp(at, 0)
        .unwrap()
        .format("%Y-%m-%d")
        .to_string()
}

#[actix_web::test]
async fn every_filter_shows_and_exports_the_same_runs() {
    let (app, admin) = four_runs().await;
    let old = now() - 10 * DAY;
    move_to(&app, Mode::Changes, old, RunState::Failed).await;
    let (that, before, after) = (day(old), day(old - DAY), day(old + DAY));

    for (query, runs) in [
        ("", 4),
        ("company=42", 3),
        ("state=failed", 1),
        ("trigger=api", 4),
        ("trigger=scheduled", 0),
        ("mode=full", 3),
        ("dry_run=yes", 1),
        ("dry_run=no", 3),
        ("mode=full&dry_run=no&company=7", 1),
        (&format!("from={that}&to={that}"), 1),
        (&format!("to={before}"), 0),
        (&format!("from={after}"), 3),
        (&format!("to={that}"), 1),
    ] {
        let page = admin.get(&format!("/sync/history?{query}")).await;
        let shown = page
            .body
            .matches("<th scope=\"row\"><a href=\"/sync/runs/")
            .count();
        let file = admin
            .get(&format!("/sync/history/export.ndjson?{query}"))
            .await;
        assert_eq!(
            (shown, file.body.lines().count()),
            (runs, runs),
            "{query}: {}",
            page.body
        );
    }
    for wrong in [
        "from=yesterday",
        "to=2026-02-30",
        "mode=all",
        "dry_run=perhaps",
    ] {
        assert_eq!(
            admin.get(&format!("/sync/history?{wrong}")).await.status,
            400,
            "{wrong}"
        );
    }
}

#[actix_web::test]
async fn filters_that_are_on_are_chips_that_can_be_removed_and_files_keep_them() {
    let (_app, admin) = four_runs().await;

    let page = admin
        .get("/sync/history?company=42&mode=full&dry_run=no")
        .await;

    let chips = page.between("<ul class=\"chips\"", "</ul>");
    for (chip, without) in [
        (
            "Company: <bdi>Acme</bdi>",
            "/sync/history?mode=full&#38;dry_run=no",
        ),
        (
            "Mode: <bdi>Full</bdi>",
            "/sync/history?company=42&#38;dry_run=no",
        ),
        (
            "Previews: <bdi>Without previews</bdi>",
            "/sync/history?company=42&#38;mode=full",
        ),
    ] {
        assert!(
            chips.contains(chip) && chips.contains(&format!("href=\"{without}\"")),
            "{chip}: {chips}"
        );
    }
    let files = page.between("class=\"downloads\"", "</p>");
    assert!(
        files.contains("export.csv?company=42&#38;mode=full&#38;dry_run=no"),
        "{files}"
    );
    let plain = admin.get("/sync/history").await;
    assert!(!plain.body.contains("class=\"chips\""));
    let nothing = admin.get("/sync/history?state=failed").await;
    assert!(nothing.says("No run matches this filter."));
}

#[actix_web::test]
async fn pages_keep_the_filter() {
    let (app, admin) = four_runs().await;
    let more = app.app.db.change(|conn| {
        let columns = "company_id, mode, trigger, requested_by, state, errors, dry_run, rank, people_read, rows_read, rows_planned, rows_written";
        for number in 0..30 {
            let copy = format!(
                "insert into sync_runs (id, requested_at_ms, {columns}) select 'copy-{number}', requested_at_ms - {number} - 1, {columns} \
                 from sync_runs where company_id = 7"
            );
            diesel::sql_query(copy + " and id not like 'copy-%'").execute(conn)?;
        }
        Ok(())
    });
    more.await.unwrap();

    let first = admin.get("/sync/history?company=7").await;
    let older = first
        .between("rel=\"next\" href=\"", "\"")
        .replace("&#38;", "&");
    let second = admin.get(&older).await;

    assert!(
        older.starts_with("/sync/history?company=7&after="),
        "{older}"
    );
    assert!(
        first.says("25 runs on this page") && second.says("6 runs on this page"),
        "{}",
        second.body
    );
    assert!(
        second
            .body
            .contains("<a href=\"/sync/history?company=7\">← Newest</a>")
    );
}

#[actix_web::test]
async fn the_calendar_shows_each_days_worst_state_and_leads_to_its_runs() {
    let (app, admin) = four_runs().await;
    let noon = (now() - 9 * DAY).div_euclid(DAY) * DAY + DAY / 2;
    move_to(&app, Mode::Full, noon, RunState::Succeeded).await;
    move_to(&app, Mode::Changes, noon, RunState::Failed).await;
    let that = day(noon);

    let all = admin.get("/sync/history").await;
    let acme = admin.get("/sync/history?company=42").await;
    let other = admin.get("/sync/history?company=7").await;

    let says = |count, word| format!("{that}: {count}, worst: {word}");
    assert!(all.says(&says("3 syncs", "Failed")), "{}", all.body);
    assert!(acme.says(&says("2 syncs", "Failed")) && other.says(&says("1 sync", "Succeeded")));
    assert!(all.body.contains("<a class=\"day bad\"") && all.says(">F 3<"));
    assert!(!other.body.contains("day bad") && other.says(">✓ 1<"));
    let link = acme
        .between("<a class=\"day bad\" href=\"", "\"")
        .replace("&#38;", "&");
    assert_eq!(
        link,
        format!("/sync/history?company=42&from={that}&to={that}&dry_run=no")
    );
    assert!(admin.get(&link).await.says("2 runs on this page"));
    let weeks = all.between("<thead><tr><th scope=\"col\">Week of</th>", "</tr>");
    assert_eq!(weeks.matches("<th scope=\"col\">").count(), 12);
    let calendar = all.between("<table class=\"calendar\">", "</table>");
    assert_eq!(calendar.matches("<tr><th scope=\"row\"").count(), 7);
    assert!(!calendar.contains("style="));
}

#[actix_web::test]
async fn a_day_is_one_of_the_readers_zone() {
    let (app, admin) = four_runs().await;
    let midnight = (now() - 20 * DAY).div_euclid(DAY) * DAY;
    let late = midnight - 20 * 60; // 05:10 of the next day in Kolkata
    move_to(&app, Mode::Full, late, RunState::Succeeded).await;
    move_to(&app, Mode::Changes, late, RunState::Partial).await;
    let (here, there) = (day(late), day(late + DAY));

    let utc = admin.get("/sync/history").await;
    read_in(&app, "Asia/Kolkata").await;
    let kolkata = admin.get("/sync/history").await;

    assert!(
        utc.says(&format!("{here}: 3 syncs, worst: Partly succeeded")),
        "{}",
        utc.body
    );
    assert!(
        kolkata.says(&format!("{there}: 3 syncs, worst: Partly succeeded")),
        "{}",
        kolkata.body
    );
    assert!(kolkata.says("Days are those of Asia/Kolkata."));
    let that = format!("/sync/history?from={there}&to={there}");
    assert!(admin.get(&that).await.says("3 runs on this page"));
    let file = admin
        .get(&format!(
            "/sync/history/export.ndjson?from={there}&to={there}"
        ))
        .await;
    assert_eq!(file.body.lines().count(), 3);
}

#[actix_web::test]
async fn a_company_with_the_name_of_a_state_keeps_it_in_every_language() {
    let (app, admin) = four_runs().await;
    let change = app.app.db.change(|conn| {
        let rename = diesel::update(companies::table.find(ACME));
        rename.set(companies::name.eq("Failed")).execute(conn)?;
        Ok(diesel::update(admins::table)
            .set(admins::language.eq("de"))
            .execute(conn)?)
    });
    change.await.unwrap();

    let page = admin.get("/sync/history?company=42&state=failed").await;

    assert!(
        page.says("<bdi>Failed</bdi>") && page.says("<bdi>Fehlgeschlagen</bdi>"),
        "{}",
        page.body
    );
}
