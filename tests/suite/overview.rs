//! The overview: what needs somebody, how every company stands, and completions in the reader's zone.

use std::time::{Duration, Instant};

use alx_report_api::admins::Role;
use alx_report_api::progress::completions;
use alx_report_api::schema::{
    admins, companies, company_state, progress, sync_runs, sync_schedules,
};
use alx_report_api::sync::schedule::{Plan, Rhythm, store};
use alx_report_api::sync::{Mode, RunState, Trigger};
use alx_report_api::time::buckets::{Step, buckets};
use alx_report_api::time::now;
use chrono_tz::Tz;
use diesel::prelude::*;

use crate::monitor::become_manager;
use crate::support::TestApp;
use crate::support::acme::synced_app;
use crate::support::admin::{Admin, Answer};
use crate::support::client::{ACME, synced, two_companies};
use crate::support::files::records;

async fn schedule(app: &TestApp, rhythm: Rhythm) {
    let plan = Plan {
        rhythm,
        mode: Mode::Full,
    };
    let saved = app
        .app
        .db
        .change(move |conn| store::save(conn, ACME, plan, "test", now()));
    saved.await.unwrap();
}

async fn runs_are(app: &TestApp, state: &'static str) {
    let changed = app.app.db.change(move |conn| {
        diesel::update(sync_runs::table)
            .set(sync_runs::state.eq(state))
            .execute(conn)?;
        Ok(())
    });
    changed.await.unwrap();
}

async fn synced_at(app: &TestApp, at: i64) {
    let changed = app.app.db.change(move |conn| {
        diesel::update(company_state::table.find(ACME.0))
            .set(company_state::synced_at.eq(at))
            .execute(conn)?;
        Ok(())
    });
    changed.await.unwrap();
}

#[actix_web::test]
async fn each_state_of_a_company_is_named_and_found() {
    let (app, admin) = synced_app().await;
    let state = async || {
        let page = admin.get("/").await;
        let rest = page
            .body
            .split_once("class=\"wide\"><a href=\"/companies/42\">");
        let cell = rest.unwrap_or_else(|| panic!("{}", page.body)).1;
        let word = cell.split_once("<td><span class=\"status ").unwrap().1;
        word.split_once('>')
            .unwrap()
            .1
            .split_once('<')
            .unwrap()
            .0
            .to_owned()
    };

    assert_eq!(state().await, "No schedule");
    schedule(&app, Rhythm::Daily(120, Tz::Europe__Berlin)).await;
    assert_eq!(state().await, "On time");
    synced_at(&app, now() - 27 * 3600).await;
    assert_eq!(state().await, "Late");
    schedule(&app, Rhythm::Minutes(15)).await;
    synced_at(&app, now() - 29 * 60).await;
    assert_eq!(state().await, "On time", "not yet twice its rhythm");
    synced_at(&app, now() - 31 * 60).await;
    assert_eq!(state().await, "Late");
    runs_are(&app, "failed").await;
    assert_eq!(state().await, "Failing");
    runs_are(&app, "needs_confirmation").await;
    assert_eq!(state().await, "Waits for you");
    let found = admin.get("/?health=waiting").await;
    assert!(found.says("1–1 of 1 company"), "{}", found.body);
    let none = admin.get("/?health=failing").await;
    let renewed =
        |page: &Answer| page.between("<div id=\"live-companies\" data-refresh>", "<details>");
    assert!(renewed(&found).contains("href=\"/companies/42\""));
    assert!(renewed(&none).contains("No company matches this filter."));
    assert!(!renewed(&found).contains("<form"), "{}", found.body);
    assert_eq!(admin.get("/?health=x").await.status, 400);
}

#[actix_web::test]
async fn what_needs_somebody_comes_first_with_a_link_to_it() {
    let (app, admin) = synced_app().await;
    let before = admin.get("/").await;
    schedule(&app, Rhythm::Minutes(15)).await;
    synced_at(&app, now() - 3 * 3600).await;
    let late = admin.get("/").await;
    runs_are(&app, "needs_confirmation").await;
    let waiting = admin.get("/").await;
    runs_are(&app, "abandoned").await;
    let failed = admin.get("/").await;

    assert!(
        before.says("Nothing needs you.") && before.says("No schedule will ask for a sync."),
        "{}",
        before.body
    );
    assert!(
        late.says("Data that is later than its schedule promises:")
            && late.says("data as of 3 hours ago"),
        "{}",
        late.body
    );
    assert!(
        late.says("</time>: <a href=\"/companies/42/schedule\"><bdi>Acme</bdi>"),
        "the next run"
    );
    assert!(
        waiting.says("Syncs wait for your word") && waiting.says("<li><a href=\"/sync/runs/"),
        "{}",
        waiting.body
    );
    assert!(
        failed.says("The latest sync did not succeed:") && failed.says("Abandoned"),
        "{}",
        failed.body
    );
    assert!(failed.body.find("Needs you") < failed.body.find("Calls of the last 24 hours"));
}

#[actix_web::test]
async fn syncs_that_wait_for_a_word_are_counted_however_many_there_are() {
    let (app, admin) = synced_app().await;
    let waiting = app.app.db.change(|conn| {
        for number in 0..250 {
            diesel::insert_into(sync_runs::table)
                .values((
                    sync_runs::id.eq(format!("waits-{number}")),
                    sync_runs::company_id.eq(ACME.0),
                    sync_runs::mode.eq(Mode::Full),
                    sync_runs::trigger.eq(Trigger::Manual),
                    sync_runs::requested_by.eq("test"),
                    sync_runs::state.eq(RunState::NeedsConfirmation),
                    sync_runs::requested_at_ms.eq(now() * 1000 + number),
                ))
                .execute(conn)?;
        }
        Ok(())
    });
    waiting.await.unwrap();

    let overview = admin.get("/").await;
    let health = admin.get("/health").await;
    gone(&app).await;
    let all = admin.get("/sync/history?state=needs_confirmation").await;

    let named = overview.body.matches("<li><a href=\"/sync/runs/waits-");
    assert_eq!(named.count(), 5);
    let more = "<a href=\"/sync/history?state=needs_confirmation\">245 more</a>";
    assert!(overview.says(more), "{}", overview.body);
    assert!(health.says("250 waiting for somebody"), "{}", health.body);
    let of_gone = all.body.contains("/sync/runs/waits-249\"");
    assert!(of_gone, "they hold for every company: {}", all.body);
}

async fn gone(app: &TestApp) {
    let changed = app.app.db.change(|conn| {
        diesel::update(companies::table.find(ACME.0))
            .set(companies::gone.eq(true))
            .execute(conn)?;
        Ok(())
    });
    changed.await.unwrap();
}

/// The next run of a schedule would remove the same: it leaves the question to the one that waits.
async fn plant_later_run(app: &TestApp) {
    let planted = app.app.db.change(|conn| {
        diesel::insert_into(sync_runs::table)
            .values((
                sync_runs::id.eq("later"),
                sync_runs::company_id.eq(ACME.0),
                sync_runs::mode.eq(Mode::Full),
                sync_runs::trigger.eq(Trigger::Scheduled),
                sync_runs::requested_by.eq("schedule"),
                sync_runs::state.eq(RunState::Rejected),
                sync_runs::requested_at_ms.eq((now() + 60) * 1000),
            ))
            .execute(conn)?;
        diesel::update(sync_schedules::table.find(ACME.0))
            .set(sync_schedules::attempts.eq(1))
            .execute(conn)?;
        Ok(())
    });
    planted.await.unwrap();
}

#[actix_web::test]
async fn a_company_whose_removals_wait_waits_for_you_whatever_its_schedule_does_then() {
    let (app, admin) = synced_app().await;
    schedule(&app, Rhythm::Daily(120, Tz::Europe__Berlin)).await;
    runs_are(&app, "needs_confirmation").await;
    plant_later_run(&app).await;

    let overview = admin.get("/").await;
    let waiting = admin.get("/?health=waiting").await;
    let failing = admin.get("/?health=failing").await;

    assert!(
        overview.says("<a href=\"/?health=waiting\">1 company</a>"),
        "{}",
        overview.body
    );
    assert!(overview.says("Syncs wait for your word"));
    assert!(!overview.says("Schedules whose syncs fail"));
    assert!(waiting.says("1–1 of 1 company"), "{}", waiting.body);
    assert!(failing.says("No company matches this filter."));
    let besides = "Its latest sync failed too, or its schedule cannot be followed.";
    assert!(!overview.says(besides), "{}", overview.body);
    later_run_is(&app, RunState::Failed).await;
    let overview = admin.get("/").await;
    assert!(overview.says(besides), "{}", overview.body);
    assert!(!overview.says("The latest sync did not succeed"));
}

async fn later_run_is(app: &TestApp, state: RunState) {
    let changed = app.app.db.change(move |conn| {
        diesel::update(sync_runs::table.find("later"))
            .set(sync_runs::state.eq(state))
            .execute(conn)?;
        Ok(())
    });
    changed.await.unwrap();
}

#[actix_web::test]
async fn a_company_that_was_never_synced_needs_somebody_who_is_told_what_to_do() {
    let app = TestApp::with_moodle(two_companies).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    let viewer = Admin::with_role(&app, Role::Viewer, None).await;

    let before = admin.get("/").await;
    let seen = viewer.get("/").await;
    admin.synced(42, "full").await;
    admin.synced(7, "full").await;
    let after = admin.get("/").await;

    assert!(
        before.says("Companies that were never synced.") && !before.says("Nothing needs you."),
        "{}",
        before.body
    );
    assert!(before.says("<a href=\"/sync?company=42&amp;mode=full\">Run a full sync"));
    assert!(seen.says("Companies that were never synced.") && !seen.says("Run a full sync"));
    assert!(after.says("Nothing needs you."), "{}", after.body);
}

#[actix_web::test]
async fn completions_are_counted_in_the_readers_days() {
    let (app, _admin) = synced_app().await;
    let midnight = 1_774_738_800; // 2026-03-29 00:00 in Berlin
    let counted = async |at: i64, zone: Tz| {
        let changed = app.app.db.change(move |conn| {
            diesel::update(progress::table.filter(progress::status.eq("completed")))
                .set(progress::timecompleted.eq(at))
                .execute(conn)?;
            Ok(())
        });
        changed.await.unwrap();
        let days = buckets((midnight - 86_400, midnight + 47 * 3600), Step::Day, zone);
        let read = app
            .app
            .db
            .run(move |conn| completions(conn, Some(ACME), &days));
        read.await.unwrap()
    };

    assert_eq!(counted(midnight - 1, Tz::Europe__Berlin).await, [1, 0, 0]);
    assert_eq!(counted(midnight, Tz::Europe__Berlin).await, [0, 1, 0]);
    assert_eq!(
        counted(midnight + 23 * 3600 - 1, Tz::Europe__Berlin).await,
        [0, 1, 0]
    );
    assert_eq!(
        counted(midnight + 23 * 3600, Tz::Europe__Berlin).await,
        [0, 0, 1]
    );
    assert_eq!(
        counted(midnight + 47 * 3600, Tz::Europe__Berlin).await,
        [0, 0, 0]
    );
    assert_eq!(counted(midnight - 1, Tz::UTC).await, [0, 1, 0, 0]);
}

#[actix_web::test]
async fn the_chart_of_completions_has_its_numbers_beside_it_in_the_readers_zone() {
    let (app, admin) = synced_app().await;
    let moved = app.app.db.change(|conn| {
        diesel::update(admins::table)
            .set(admins::zone.eq("Pacific/Auckland"))
            .execute(conn)?;
        Ok(())
    });
    moved.await.unwrap();

    let page = admin.get("/").await;

    let table = page.between(
        "<caption>Completions, last 30 days · Pacific/Auckland</caption>",
        "</table>",
    );
    let done = now() - 80_000;
    let day = chrono::DateTime::from_timestamp(done, 0).unwrap();
    let day = day
        .with_timezone(&Tz::Pacific__Auckland)
        .format("%Y-%m-%d")
        .to_string();
    let row = table
        .split("<tr>")
        .find(|row| row.contains(&format!(">{day}</time>")));
    assert!(row.unwrap().contains("<td class=\"num\">1</td>"), "{table}");
    assert_eq!(table.matches("<time").count(), 30, "no day of the future");
    assert!(page.says("<svg role=\"img\" aria-labelledby=\"completions-title completions-about\""));
}

#[actix_web::test]
async fn two_thousand_companies_are_found_and_shown_at_once() {
    let (app, _acme) = synced().await;
    let planted = app.app.db.change(|conn| {
        for id in 1000..2998_i64 {
            diesel::insert_into(companies::table)
                .values((
                    companies::id.eq(id),
                    companies::name.eq(format!("Company number {id}")),
                    companies::shortname.eq(format!("c{id}")),
                    companies::suspended.eq(false),
                    companies::cache_minutes.eq(60),
                    companies::delivery.eq("{}"),
                ))
                .execute(conn)?;
            diesel::insert_into(company_state::table)
                .values((
                    company_state::company_id.eq(id),
                    company_state::seq.eq(0),
                    company_state::stamp.eq("a stamp"),
                    company_state::learners.eq(id),
                    company_state::courses.eq(0),
                    company_state::enrolments.eq(0),
                    company_state::completed.eq(0),
                    company_state::in_progress.eq(0),
                ))
                .execute(conn)?;
        }
        Ok(())
    });
    planted.await.unwrap();
    let admin = Admin::signed_in(&app).await;
    let began = Instant::now();

    let first = admin.get("/").await;
    let took = began.elapsed();
    let last = admin.get("/?sort=name&page=40").await;
    let one = admin.get("/?search=NUMBER+2345").await;
    let none = admin.get("/?search=%25").await;
    let most = admin.get("/?sort=learners").await;

    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(
        first.says("1–50 of 2,000 companies") && first.says("Page 1 of 40"),
        "{}",
        first.body
    );
    assert!(
        first.says("<a href=\"/?health=never\">1,999 companies</a>"),
        "{}",
        first.body
    );
    assert!(last.says("1,951–2,000 of 2,000 companies"));
    assert!(one.says("1–1 of 1 company") && one.says("<bdi>Company number 2345</bdi>"));
    assert!(none.says("No company matches this filter."));
    assert!(most.body.find("number 2997").unwrap() < most.body.find("number 2990").unwrap());
    assert_eq!(
        records(&admin.get("/companies/export.csv").await.body).len(),
        2000
    );
    assert!(first.body.len() < 200_000, "{}", first.body.len());
}

#[actix_web::test]
async fn a_manager_of_one_company_has_an_overview_of_that_one() {
    let (app, _acme) = synced().await;
    let admin = Admin::signed_in(&app).await;
    become_manager(&app, 42).await;

    let page = admin.get("/").await;

    assert!(
        page.says("1–1 of 1 company") && page.says("<bdi>Acme</bdi>"),
        "{}",
        page.body
    );
    assert!(!page.says("Other") && !page.says("Look for new companies"));
}
