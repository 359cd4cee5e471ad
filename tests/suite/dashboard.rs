//! What an admin does on the pages: look, filter, sync, clear the cache, make and revoke tokens.

use std::path::Path;
use std::time::Duration;

use actix_web::http::StatusCode;
use alx_report_api::app::App;
use alx_report_api::cache::{Answer as Cached, Key, Loaded};
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::{CourseId, UserId};
use alx_report_api::schema::sync_runs;
use alx_report_api::time::now;
use diesel::prelude::*;
use serde_json::Value;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL};
use crate::support::client::{ACME, Client, complete};

/// Acme has three learners in two courses; Ada has completed Fire safety, Bob has begun it.
fn acme(file: &Path) {
    let mut moodle = MoodleBuilder::open(file).unwrap();
    moodle.company_as(ACME, "Acme").unwrap();
    let fire = course(&mut moodle, "Fire safety");
    let aid = course(&mut moodle, "First aid");
    for (id, first, last) in [
        (1, "Ada", "Byron"),
        (2, "Bob", "Stone"),
        (3, "Zoe", "Quinn"),
    ] {
        let user = moodle.user_as(UserId(100 + id), first, last).unwrap();
        moodle.member(ACME, user).unwrap();
        moodle.enrol(user, fire, now() - 90_000).unwrap();
        moodle.enrol(user, aid, now() - 90_000).unwrap();
    }
    moodle.complete(UserId(101), fire, now() - 80_000).unwrap();
    moodle.done(UserId(102), fire, 1, now() - 80_000).unwrap();
}

fn course(moodle: &mut MoodleBuilder, name: &str) -> CourseId {
    let course = moodle.course(name).unwrap();
    moodle.activities(course, 4).unwrap();
    moodle.give_course(ACME, course).unwrap();
    course
}

async fn synced_app() -> (TestApp, Admin) {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    admin.synced(42, "full").await;
    (app, admin)
}

/// Puts some entries into the company's group, as that many different requests would.
async fn fill_cache(app: &App, count: usize) {
    for number in 0..count {
        let key = Key {
            stamp: "a stamp".into(),
            view: "test",
            query: number.to_string(),
        };
        let answer = Cached {
            body: "[]".into(),
            headers: [].into(),
        };
        let loaded = Loaded {
            stamp: key.stamp.clone(),
            answer,
        };
        let kept = app
            .cache
            .answer(ACME, Duration::from_secs(60), key, || async {
                Ok::<_, ()>(loaded)
            });
        kept.await.unwrap();
    }
}

#[actix_web::test]
async fn the_overview_shows_each_companys_numbers_and_how_old_they_are() {
    let (_app, admin) = synced_app().await;

    let page = admin.get("/").await;

    assert!(page.says("<bdi>Acme</bdi>"), "{}", page.body);
    assert!(page.says("<td class=\"num\">3</td> <td class=\"num\">6</td> <td class=\"num\">1<small>16.67 %</small>"), "{}", page.body);
    assert!(page.says("just now") && page.says("UTC</time>") && page.says("Succeeded"));
}

#[actix_web::test]
async fn the_progress_table_shows_status_percentage_and_date_of_each_row() {
    let (_app, admin) = synced_app().await;

    let page = admin.get("/companies/42").await;

    assert!(page.says("1–6 of 6 rows."), "{}", page.body);
    assert!(page.says("<span class=\"status completed\">Completed</span>"));
    assert!(page.says("100 %") && page.says("25 %") && page.says("0 %"));
    assert!(page.says("ada.byron@example.com"));
}

#[actix_web::test]
async fn the_progress_table_is_searched_filtered_and_sorted_by_its_address() {
    let (_app, admin) = synced_app().await;
    let course = {
        let page = admin.get("/companies/42").await;
        page.between("<option value=\"completed\"", "First aid"); // both filters are there
        let options = page.between("name=\"course\"", "</select>");
        options
            .rsplit_once("<option value=\"")
            .unwrap()
            .1
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    };

    let found = admin.get("/companies/42?search=BYRON").await;
    let done = admin.get("/companies/42?status=completed").await;
    let aid = admin.get(&format!("/companies/42?course={course}")).await;
    let down = admin.get("/companies/42?sort=name&order=down").await;
    let nothing = admin.get("/companies/42?search=%25").await;

    assert!(
        found.says("1–2 of 2 rows, filtered from 6.") && !found.says("Bob Stone"),
        "{}",
        found.body
    );
    assert!(done.says("1–1 of 1 row") && done.says("Ada Byron"));
    assert!(aid.says("1–3 of 3 rows"));
    assert!(
        down.body.find("Bob Stone") < down.body.find("Ada Byron"),
        "{}",
        down.body
    );
    assert!(down.says("aria-sort=\"descending\""));
    assert!(
        nothing.says("The filter hides all 6 rows of this company."),
        "{}",
        nothing.body
    );
    assert_eq!(admin.get("/companies/42?status=nonsense").await.status, 400);
}

#[actix_web::test]
async fn a_long_table_has_pages_and_a_page_beyond_the_end_is_the_last_one() {
    let many = |file: &Path| {
        acme(file);
        let mut moodle = MoodleBuilder::open(file).unwrap();
        let aid = CourseId(course_named(&mut moodle, "First aid"));
        for number in 0..30 {
            let user = moodle
                .user("Learner", &format!("Number {number:02}"))
                .unwrap();
            moodle.member(ACME, user).unwrap();
            moodle.enrol(user, aid, now() - 9000).unwrap();
        }
    };
    let app = TestApp::with_moodle(many).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    let run = admin.sync(42, "full").await;

    let changes = admin.get(&format!("{run}?page=2")).await;
    let second = admin.get("/companies/42?page=2&sort=course").await;
    let beyond = admin.get("/companies/42?page=99").await;

    assert!(changes.says("21–36 of 36 changes"), "{}", changes.body);
    assert!(changes.says("Page 2 of 2") && changes.says("Affected learners (33)"));
    assert!(
        second.says("26–36 of 36 rows") && second.says("Page 2 of 2"),
        "{}",
        second.body
    );
    assert!(
        second.body.contains("/companies/42?sort=course&amp;page=1")
            || second.body.contains("/companies/42?sort=course&#38;page=1"),
        "{}",
        second.body
    );
    assert!(beyond.says("26–36 of 36 rows"));
}

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
async fn a_sync_without_moodle_fails_in_plain_words_and_changes_nothing() {
    let (app, admin) = synced_app().await;
    std::fs::remove_file(app.moodle_file()).unwrap();
    std::fs::create_dir(app.moodle_file()).unwrap();

    let page = admin.synced(42, "full").await;

    assert!(page.says("Failed: nothing was changed."), "{}", page.body);
    assert!(page.says("status failed") && page.says("run the sync again"));
    assert!(admin.get("/companies/42").await.says("1–6 of 6 rows."));
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
        assert!(page.says("Look again") && !page.says("<h2>Statistics</h2>"));
    }
    assert!(running.says("Running: Moodle is being read."));
    assert!(queued.says("Queued: another sync of this company is running"));
    assert!(
        confirm.says("This one starts when it has ended."),
        "{}",
        confirm.body
    );
    assert!(admin.get("/sync/history").await.says("not ended"));
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

#[actix_web::test]
async fn clearing_the_cache_tells_how_many_responses_were_there() {
    let (app, admin) = synced_app().await;

    for (there, told) in [
        (0, "0 cached responses purged."),
        (1, "1 cached response purged."),
        (5, "5 cached responses purged."),
    ] {
        fill_cache(&app.app, there).await;
        assert_eq!(app.app.cache.report(ACME).entries, there);
        let cleared = admin.post("/companies/42/cache/clear", &[]).await;
        assert_eq!(
            (cleared.status, cleared.location()),
            (303, "/companies/42#cache")
        );
        let page = admin.get("/companies/42").await;
        assert!(page.says(told), "{}", page.body);
        assert_eq!(app.app.cache.report(ACME).entries, 0);
    }
}

#[actix_web::test]
async fn a_token_is_shown_once_and_ends_with_its_revocation() {
    let (app, admin) = synced_app().await;

    let made = admin
        .post(
            "/companies/42/tokens",
            &[("name", "Power BI"), ("read", "on")],
        )
        .await;
    let token = made.between("id=\"token\">", "<");
    let company = admin.get("/companies/42").await;
    let valid = caller(&app, &token).await;
    let revoke = company.between("danger\" href=\"", "\"");
    let asked = admin.get(&revoke).await;
    let revoked = admin.post(&revoke, &[]).await;

    assert!(
        made.status == 200 && token.starts_with("alx_") && token.len() == 52,
        "{}",
        made.body
    );
    assert_eq!(made.header(reqwest::header::CACHE_CONTROL), "no-store");
    assert!(made.cookies().is_empty());
    assert!(
        !company.body.contains(&token) && company.says(&format!("{}…", &token[..10])),
        "{}",
        company.body
    );
    assert!(valid);
    assert!(asked.says("stops working at once"), "{}", asked.body);
    assert_eq!(
        (revoked.status, revoked.location()),
        (303, "/companies/42#tokens")
    );
    assert!(!caller(&app, &token).await);
    assert!(
        admin
            .get("/companies/42")
            .await
            .says("The token is revoked.")
    );
}

#[actix_web::test]
async fn a_second_token_of_the_same_name_is_refused() {
    let (_app, admin) = synced_app().await;
    let fields = [("name", "Power BI"), ("read", "on")];

    assert_eq!(
        admin.post("/companies/42/tokens", &fields).await.status,
        200
    );
    let again = admin.post("/companies/42/tokens", &fields).await;
    let scopeless = admin
        .post("/companies/42/tokens", &[("name", "other")])
        .await;

    assert_eq!((again.status, scopeless.status), (409, 400));
    assert!(
        again.says("This company has a token of that name already"),
        "{}",
        again.body
    );
}

#[actix_web::test]
async fn the_demo_moodle_completes_a_course_by_click_and_by_script() {
    let file = |config: &mut alx_report_api::config::Config| {
        config.demo = Some(config.data_dir.join("moodle.db"));
    };
    let app = TestApp::start(acme, file).await;
    let browser = Admin::stranger(&app);
    let page = browser.get("/demo").await;
    let course = page.between("name=\"course_id\" value=\"", "\"");
    let fields = [("user_id", "101"), ("course_id", course.as_str())];

    let click = browser.post("/demo/complete", &fields).await;
    let script = browser
        .post_with(
            "/demo/complete",
            "",
            &fields,
            &[("accept", "application/json")],
        )
        .await;
    let nobody = browser
        .post(
            "/demo/complete",
            &[("user_id", "999"), ("course_id", &course)],
        )
        .await;

    assert!(
        page.says("Ada Byron") && page.says("Complete <bdi>First aid</bdi>"),
        "{}",
        page.body
    );
    assert_eq!((click.status, click.location()), (303, "/demo#user-101"));
    assert_eq!(
        (script.status, nobody.status),
        (StatusCode::NO_CONTENT.as_u16(), 404)
    );
    assert!(
        browser
            .get("/demo")
            .await
            .says("Moodle recorded the completion.")
    );
}

#[actix_web::test]
async fn without_the_demo_there_is_no_demo_page() {
    let (_app, admin) = synced_app().await;

    assert_eq!(admin.get("/demo").await.status, 404);
    assert_eq!(
        admin
            .post("/demo/complete", &[("user_id", "101"), ("course_id", "1")])
            .await
            .status,
        404
    );
    assert!(!admin.get("/").await.says("Demo Moodle"));
}

fn course_named(moodle: &mut MoodleBuilder, name: &str) -> i64 {
    moodle
        .number(&format!(
            "select id as number from mdl_course where fullname = '{name}'"
        ))
        .unwrap()
}

async fn caller(app: &TestApp, token: &str) -> bool {
    Client::with_token(app, token)
        .get("/api/v1/progress")
        .await
        .status
        == 200
}
