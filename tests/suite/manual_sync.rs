//! Run Manual Sync: the confirmation, the run page, the history.

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::{CourseId, UserId};
use alx_report_api::schema::sync_runs;
use alx_report_api::time::now;
use diesel::prelude::*;
use serde_json::Value;

use crate::support::TestApp;
use crate::support::acme::{course_named, fill_cache, synced_app};
use crate::support::admin::EMAIL;
use crate::support::client::{ACME, Client, complete};
use crate::support::html;

#[actix_web::test]
async fn the_confirmation_names_company_mode_cut_off_and_what_will_be_purged() {
    let (app, admin) = synced_app().await;
    fill_cache(&app.app, 3).await;

    let page = admin
        .get("/sync/confirm?company=42&mode=changes&hours_back=24")
        .await;
    let full = admin
        .get("/sync/confirm?company=42&mode=full&hours_back=24")
        .await;

    assert!(
        page.says("<bdi>Acme</bdi></strong> (id 42), <strong>recent changes</strong>"),
        "{}",
        page.body
    );
    assert!(
        page.says("24 hours back")
            && page.says("<strong>3 cached responses</strong> will be purged")
    );
    assert!(full.says("<strong>everything</strong>") && !full.says("hours back"));
}

#[actix_web::test]
async fn who_chooses_recent_changes_reads_what_they_cannot_see() {
    let (_app, admin) = synced_app().await;
    let blind = "completions dated in the past; a full sync sees everything.";

    let form = admin.get("/sync").await;
    let changes = admin
        .get("/sync/confirm?company=42&mode=changes&hours_back=24")
        .await;
    let full = admin.get("/sync/confirm?company=42&mode=full").await;

    assert!(form.says(blind) && changes.says(blind) && !full.says(blind));
}

#[actix_web::test]
async fn hours_back_outside_1_to_168_are_refused_with_the_form_kept() {
    let (_app, admin) = synced_app().await;

    for hours in ["0", "169", "-1", "1.5", "x"] {
        let page = admin
            .get(&format!(
                "/sync/confirm?company=42&mode=changes&hours_back={hours}"
            ))
            .await;
        assert_eq!(page.status, 422, "{hours}");
        assert!(page.says("Hours back must be a whole number from 1 to 168."));
        assert!(page.says(&format!("value=\"{hours}\"")), "{}", page.body);
    }
}

#[actix_web::test]
async fn a_manual_sync_shows_who_changed_and_how_many_responses_it_purged() {
    let (app, admin) = synced_app().await;
    fill_cache(&app.app, 5).await;
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).unwrap();
    let fire = CourseId(course_named(&mut moodle, "Fire safety"));
    moodle.complete(UserId(102), fire, now()).unwrap();
    moodle.complete(UserId(103), fire, now()).unwrap();

    let page = admin.synced(42, "changes").await;

    assert_eq!(page.status, 200);
    assert!(
        page.says("<strong>2 users synced, 5 cache cleared</strong>"),
        "{}",
        page.body
    );
    for (name, value) in [
        ("total_processed", "2"),
        ("records_created", "0"),
        ("records_updated", "2"),
        ("records_deleted", "0"),
        ("records_unchanged", "4"),
        ("cache_cleared", "5"),
        ("errors", "0"),
        ("success", "true"),
        ("version_before", "6"),
        ("version_after", "8"),
    ] {
        let cell = format!("<code>{name}</code></th><td class=\"num\">{value}</td>");
        assert!(page.says(&cell), "{name}: {}", page.body);
    }
    assert!(
        page.says(
            "<del><bdi>25 %</bdi></del> <span class=\"arrow\">→</span> <ins><bdi>100 %</bdi></ins>"
        ),
        "{}",
        page.body
    );
    assert!(page.says("<del><bdi>in progress</bdi></del> <span class=\"arrow\">→</span> <ins><bdi>completed</bdi></ins>"));
    assert!(page.says("The API now serves version 8 of this company"));
    assert!(
        page.says("Affected learners (2)") && page.says("Bob Stone") && !page.says("Ada Byron")
    );
}

#[actix_web::test]
async fn the_api_returns_old_rows_until_a_manual_sync_and_new_ones_after_it() {
    let (app, admin) = synced_app().await;
    let client = Client::new(&app, ACME, "read").await;
    let statuses = || async { client.get("/api/v1/progress?limit=10").await.each("status") };
    for limit in 11..15 {
        client.get(&format!("/api/v1/progress?limit={limit}")).await;
    }
    let before = statuses().await;

    complete(&app, 102, "Fire safety");
    complete(&app, 103, "Fire safety");
    let unsynced = statuses().await;
    let page = admin.synced(42, "changes").await;
    let after = statuses().await;

    assert_eq!(before, unsynced);
    assert!(
        page.says("2 users synced, 5 cache cleared"),
        "{}",
        page.body
    );
    let done = |statuses: &[Value]| {
        statuses
            .iter()
            .filter(|status| *status == "completed")
            .count()
    };
    assert_eq!((done(&before), done(&after)), (1, 3));
}

#[actix_web::test]
async fn a_sync_without_changes_says_so() {
    let (_app, admin) = synced_app().await;

    let page = admin.synced(42, "full").await;

    assert!(
        page.says("0 users synced, 0 cache cleared: every row was up to date"),
        "{}",
        page.body
    );
    assert!(page.says("No course was affected by this sync."));
}

#[actix_web::test]
async fn a_form_sent_twice_or_reloaded_runs_once() {
    let (_app, admin) = synced_app().await;
    let confirm = admin.get("/sync/confirm?company=42&mode=full").await;
    let key = confirm.between("name=\"key\" value=\"", "\"");
    let fields = [("company", "42"), ("mode", "full"), ("key", &key)];
    let runs = || async {
        admin
            .get("/sync/history")
            .await
            .body
            .matches("/sync/runs/")
            .count()
    };
    let before = runs().await;

    let (first, second) =
        futures_util::join!(admin.post("/sync", &fields), admin.post("/sync", &fields));
    let again = admin.post("/sync", &fields).await;

    assert_eq!((first.status, second.status, again.status), (303, 303, 303));
    assert_eq!(first.location(), second.location());
    assert_eq!(first.location(), again.location());
    assert_eq!(runs().await, before + 1);
}

#[actix_web::test]
async fn a_form_without_a_usable_key_starts_nothing() {
    let (_app, admin) = synced_app().await;
    let before = admin.get("/sync/history").await.body;

    for key in ["", &"x".repeat(256)] {
        let fields = [("company", "42"), ("mode", "full"), ("key", key)];
        let answer = admin.post("/sync", &fields).await;
        assert_eq!(answer.status, 400, "{key:?}");
        assert!(answer.says("must have 1 to 255 characters"));
    }
    let runs = |page: &str| page.matches("/sync/runs/").count();
    assert_eq!(runs(&admin.get("/sync/history").await.body), runs(&before));
}

#[actix_web::test]
async fn a_sync_without_moodle_fails_in_plain_words_and_changes_nothing() {
    let (app, admin) = synced_app().await;
    std::fs::remove_file(app.moodle_file()).unwrap();
    std::fs::create_dir(app.moodle_file()).unwrap();

    let page = admin.synced(42, "full").await;

    assert!(page.says("Failed: nothing was changed."), "{}", page.body);
    assert!(page.says("status failed") && page.says("run the sync again"));
    assert!(admin.get("/companies/42").await.says("1–6 of 6 rows."));
}

#[actix_web::test]
async fn why_a_sync_failed_is_said_in_the_readers_language() {
    let (app, admin) = synced_app().await;
    std::fs::remove_file(app.moodle_file()).unwrap();
    std::fs::create_dir(app.moodle_file()).unwrap();
    let german = [("zone", "UTC"), ("language", "de"), ("theme", "light")];
    admin.post("/account/preferences", &german).await;

    let page = admin.synced(42, "full").await;

    for said in [
        "Die Moodle-Datenbank ist nicht erreichbar. Es wurde nichts geändert.",
        "Im Einzelnen: die Moodle-Datenbank ist nicht erreichbar: es gibt keine Datei ",
    ] {
        assert!(page.says(said), "{said}: {}", page.body);
    }
    assert!(!page.says("Nothing was changed"), "{}", page.body);
}

/// Puts a run of Acme into the store that stands somewhere.
async fn run_that_is(app: &TestApp, state: &'static str, errors: &'static str) -> String {
    let id = format!("{state:0>32}");
    let key = id.clone();
    let insert = move |conn: &mut _| {
        diesel::insert_into(sync_runs::table)
            .values((
                sync_runs::id.eq(&key),
                sync_runs::company_id.eq(42),
                sync_runs::mode.eq("full"),
                sync_runs::trigger.eq("api"),
                sync_runs::requested_by.eq("alx_1234"),
                sync_runs::state.eq(state),
                sync_runs::requested_at_ms.eq(now() * 1000),
                sync_runs::lease_until_ms.eq((now() + 600) * 1000),
                sync_runs::errors.eq(errors),
            ))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(insert).await.unwrap();
    format!("/sync/runs/{id}")
}

#[actix_web::test]
async fn a_run_that_lasts_says_so_and_its_page_looks_again_by_itself() {
    let (app, admin) = synced_app().await;
    let running = run_that_is(&app, "running", "[]").await;
    let queued = run_that_is(&app, "queued", "[]").await;

    let running = admin.get(&running).await;
    let queued = admin.get(&queued).await;
    let confirm = admin.get("/sync/confirm?company=42&mode=full").await;

    for page in [&running, &queued] {
        assert!(
            page.body.contains("http-equiv=\"refresh\""),
            "{}",
            page.body
        );
        assert!(!html::jumps(&page.body), "{}", page.body);
        assert!(page.says("Look again") && !page.says("<h2>Statistics</h2>"));
    }
    assert!(running.says("Running: Moodle is being read."));
    assert!(queued.says("Queued: it waits for its turn."));
    assert!(
        confirm.says("This one starts when it has ended."),
        "{}",
        confirm.body
    );
    assert!(admin.get("/sync/history").await.says("not ended"));
}

#[actix_web::test]
async fn a_run_whose_purge_is_still_counted_renews_its_figures_by_script_or_by_a_refresh() {
    let (app, admin) = synced_app().await;
    let run = admin.sync(42, "full").await;
    let ended = async |ago_ms: i64| {
        let change = app.app.db.change(move |conn| {
            diesel::update(sync_runs::table)
                .set((
                    sync_runs::cache_cleared.eq(None::<i64>),
                    sync_runs::finished_at_ms.eq(now() * 1000 - ago_ms),
                ))
                .execute(conn)?;
            Ok(())
        });
        change.await.unwrap();
        admin.get(&run).await
    };

    let counting = ended(0).await;
    let given_up = ended(11_000).await;

    for place in ["<div id=\"verdict\"", "<section id=\"statistics\""] {
        let mark = counting.between(place, ">");
        assert!(mark.ends_with("data-refresh=\"2\""), "{}", counting.body);
    }
    assert!(counting.says("/static/live.js?v="));
    assert!(counting.says("http-equiv=\"refresh\"") && !html::jumps(&counting.body));
    assert!(!given_up.says("data-refresh") && !given_up.says("http-equiv=\"refresh\""));
}

#[actix_web::test]
async fn an_abandoned_run_says_that_nothing_was_changed_and_what_to_do() {
    let (app, admin) = synced_app().await;
    let page = run_that_is(&app, "abandoned", "[\"The process stopped.\"]").await;

    let page = admin.get(&page).await;

    assert!(
        page.says("Abandoned: the process that ran this sync stopped. Nothing was changed."),
        "{}",
        page.body
    );
    assert!(page.says("Run the sync again.") && page.says("The process stopped."));
    assert!(!page.body.contains("http-equiv=\"refresh\""));
}

#[actix_web::test]
async fn the_history_lists_runs_newest_first_and_filters_them() {
    let (_app, admin) = synced_app().await;
    admin.synced(42, "changes").await;

    let all = admin.get("/sync/history").await;
    let failed = admin
        .get("/sync/history?company=42&state=failed&trigger=manual")
        .await;

    assert!(
        all.says("2 runs on this page, newest first"),
        "{}",
        all.body
    );
    assert!(
        all.body.find("Recent changes") < all.body.find("<td>Full"),
        "{}",
        all.body
    );
    assert!(
        all.says(&format!("Manual<small><bdi>{EMAIL}</bdi></small>")),
        "{}",
        all.body
    );
    assert!(failed.says("No run matches this filter."));
    assert_eq!(admin.get("/sync/history?state=nonsense").await.status, 400);
    assert_eq!(admin.get("/sync/runs/0000").await.status, 404);
}
