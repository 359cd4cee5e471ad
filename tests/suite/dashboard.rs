//! What an admin does on the pages beside syncing: look, filter, clear the cache, make and revoke tokens.

use std::path::Path;

use actix_web::http::StatusCode;
use alx_report_api::config::Config;
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::CourseId;
use alx_report_api::time::now;

use crate::support::TestApp;
use crate::support::acme::{acme, course_named, fill_cache, synced_app};
use crate::support::admin::Admin;
use crate::support::client::{ACME, Client};

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
            (303, "/companies/42/cache")
        );
        let page = admin.get("/companies/42/cache").await;
        assert!(page.says(told), "{}", page.body);
        assert!(page.says("<dt>Entries</dt><dd>0</dd>"), "{}", page.body);
        let again = admin.get("/companies/42/cache").await;
        assert!(!again.says("purged."), "a flash is shown once");
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
    let company = admin.get("/companies/42/tokens").await;
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
        (303, "/companies/42/tokens")
    );
    assert!(!caller(&app, &token).await);
    assert!(
        admin
            .get("/companies/42/tokens")
            .await
            .says("The token is revoked.")
    );
}

#[actix_web::test]
async fn a_new_token_is_shown_with_an_address_that_can_be_called() {
    let (app, admin) = synced_app().await;
    let address = async |name: &str, host: &str| {
        let fields = [("name", name), ("read", "on")];
        let page = admin.get("/companies/42").await;
        let csrf = page.between("name=\"csrf\" value=\"", "\"");
        let made = admin
            .post_with("/companies/42/tokens", &csrf, &fields, &[("host", host)])
            .await;
        made.between("\" \"", "/api/v1/progress")
    };

    assert_eq!(
        address("a", "reports.lan:81").await,
        "http://reports.lan:81"
    );
    assert_eq!(address("b", "x$(id)").await, app.url);
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

    assert_eq!((again.status, scopeless.status), (409, 422));
    assert!(
        again.says("This company has a token of that name already"),
        "{}",
        again.body
    );
}

#[actix_web::test]
async fn the_demo_moodle_completes_a_course_by_click_and_by_script() {
    let file = |config: &mut Config| {
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

async fn caller(app: &TestApp, token: &str) -> bool {
    Client::with_token(app, token)
        .get("/api/v1/progress")
        .await
        .status
        == 200
}
