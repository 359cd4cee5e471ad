//! What holds for every page: who may see it, how it is built, and that names stay text.

use std::path::Path;

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::{CompanyId, UserId};
use alx_report_api::time::now;
use serde_json::json;

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::Client;

const MARKUP: &str = "<script>alert(1)</script>";
const QUOTES: &str = "\"><img src=x onerror='alert(2)'>";
const TURNED: &str = "\u{202e}مرحبا 🎓 & Söhne";

/// One company with names as bad as they come, one deleted learner, one learner without any row.
fn hostile(file: &Path) {
    let mut moodle = MoodleBuilder::open(file).unwrap();
    let company = moodle.company_as(CompanyId(42), MARKUP).unwrap();
    let course = moodle.course(QUOTES).unwrap();
    moodle.activities(course, 2).unwrap();
    moodle.give_course(company, course).unwrap();
    let long = "x".repeat(100);
    for (id, first, last) in [
        (301, MARKUP, QUOTES),
        (302, TURNED, "\u{202e}"),
        (303, "Long", long.as_str()),
    ] {
        let user = moodle.user_as(UserId(id), first, last).unwrap();
        moodle.member(company, user).unwrap();
        moodle.enrol(user, course, now() - 9000).unwrap();
    }
    let hash = "0123456789abcdef0123456789abcdef";
    moodle
        .execute(&format!(
            "update mdl_user set email = '{hash}' where id = 303"
        ))
        .unwrap();
}

async fn hostile_app() -> (TestApp, Admin, String) {
    let app = TestApp::with_moodle(hostile).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    let run = admin.sync(42, "full").await;
    let made = admin
        .post("/companies/42/tokens", &[("name", QUOTES), ("read", "on")])
        .await;
    let client = Client::with_token(&app, &made.between("id=\"token\">", "<"));
    client.get("/api/v1/progress").await;
    app.write_down().await;
    app.deliver(CompanyId(42), json!({"calls_per_token": 1}))
        .await;
    crate::alerts::look(&app, now()).await; // the only call is used up
    (app, admin, run)
}

fn pages(run: &str) -> Vec<String> {
    let fixed = [
        "/",
        "/companies/42",
        "/companies/42?search=%22%3E%3Cscript%3E",
        "/companies/42?search=%3Cb%3E&course=2&band=0&enrolled_from=2020-01-01&column=course&column=username",
        "/companies/42/views",
        "/companies/42/courses",
        "/companies/42/courses?search=%22%3E%3Cscript%3E",
        "/companies/42/courses/2",
        "/companies/42/people",
        "/companies/42/people?search=%22%3E%3Cscript%3E",
        "/companies/42/sync",
        "/companies/42/cache",
        "/companies/42/tokens",
        "/companies/42/tokens/1",
        "/companies/42/tokens/1/rotate",
        "/companies/42/tokens/1/revoke",
        "/companies/42/requests",
        "/companies/42/requests?route=%22%3E%3Cscript%3E",
        "/monitor",
        "/monitor?window=7d&sort=%6eame",
        "/requests",
        "/requests/1",
        "/companies/42/settings/delivery",
        "/settings/delivery",
        "/companies/42/settings",
        "/settings/rows",
        "/settings/rows/confirm?learners=roles&role=5&suspended=yes&enrolled=ever&completed=ever",
        "/companies/42/people/301/courses/2",
        "/companies/42/people/303/courses/2",
        "/sync",
        "/sync?company=42&hours_back=%22%3E",
        "/sync/confirm?company=42&mode=full",
        "/sync/history",
        "/sync/history?company=42&from=2026-01-01&mode=full",
        "/health",
        "/settings",
        "/alerts",
        "/alerts/1",
        "/alerts/rules",
    ];
    fixed
        .into_iter()
        .map(str::to_owned)
        .chain([run.to_owned()])
        .collect()
}

#[actix_web::test]
async fn every_page_opens_for_an_admin_and_for_nobody_else() {
    let (app, admin, run) = hostile_app().await;
    let stranger = Admin::stranger(&app);

    for page in pages(&run) {
        assert_eq!(admin.get(&page).await.status, 200, "{page}");
        let refused = stranger.get(&page).await;
        assert_eq!(refused.status, 303, "{page}");
        assert!(
            refused.location().starts_with("/sign-in") && refused.body.is_empty(),
            "{page}"
        );
    }
}

/// A page without the one script that a page may load: ours, from a file of its own.
fn without_ours(body: &str) -> String {
    let Some((before, rest)) = body.split_once("<script src=\"/static/live.js?v=") else {
        return body.to_owned();
    };
    let after = rest.split_once("\" defer></script>").expect("a file").1;
    format!("{before}{after}")
}

#[actix_web::test]
async fn hostile_names_are_text_on_every_page() {
    let (_app, admin, run) = hostile_app().await;

    for page in pages(&run) {
        let answer = admin.get(&page).await;
        let body = without_ours(&answer.body);
        assert!(
            !body.contains("<script") && !body.contains("<img"),
            "{page}: {}",
            answer.body
        );
    }
    let company = admin.get("/companies/42").await;
    assert!(
        company
            .body
            .contains("&#60;script&#62;alert(1)&#60;/script&#62;"),
        "{}",
        company.body
    );
    assert!(
        company.body.contains("مرحبا 🎓 &#38; Söhne"),
        "{}",
        company.body
    );
}

#[actix_web::test]
async fn the_hash_that_moodle_leaves_of_a_deleted_email_is_not_shown() {
    let (_app, admin, run) = hostile_app().await;

    for page in ["/companies/42", run.as_str()] {
        let answer = admin.get(page).await;
        assert!(
            answer.says("deleted account") && !answer.body.contains("0123456789abcdef0123"),
            "{page}"
        );
    }
}

#[actix_web::test]
async fn every_page_has_one_heading_a_title_a_skip_link_and_no_script_or_style_inside() {
    let (_app, admin, run) = hostile_app().await;
    let stranger = Admin::stranger(&_app);
    let mut answers = vec![
        stranger.get("/sign-in").await,
        admin.get("/no-such-page").await,
    ];
    for page in pages(&run) {
        answers.push(admin.get(&page).await);
    }

    for answer in answers {
        let body = &without_ours(&answer.body);
        assert_eq!(body.matches("<h1>").count(), 1, "{body}");
        assert!(
            body.contains("<html lang=\"en\" dir=\"ltr\"") && body.contains("href=\"#main\""),
            "{body}"
        );
        assert!(!answer.between("<title>", "</title>").trim().is_empty());
        for inside in [" style=", "<style", "<script", " onclick=", "javascript:"] {
            assert!(!body.contains(inside), "{inside} in {body}");
        }
        let policy = answer.header(reqwest::header::CONTENT_SECURITY_POLICY);
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(answer.header(reqwest::header::CACHE_CONTROL), "no-store");
    }
}

#[actix_web::test]
async fn every_field_of_a_form_has_a_label() {
    let (app, admin, run) = hostile_app().await;
    let stranger = Admin::stranger(&app);
    let mut answers = vec![stranger.get("/sign-in").await];
    for page in pages(&run) {
        answers.push(admin.get(&page).await);
    }

    for answer in answers {
        let fields = answer
            .body
            .split('<')
            .filter(|tag| tag.starts_with("input") || tag.starts_with("select"));
        for field in fields.filter(|tag| !tag.contains("type=\"hidden\"")) {
            let id = field
                .split("id=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .unwrap_or_else(|| panic!("{field}"));
            assert!(answer.body.contains(&format!("for=\"{id}\"")), "{field}");
        }
    }
}

#[actix_web::test]
async fn a_missing_page_says_so_and_names_its_request() {
    let (_app, admin, _) = hostile_app().await;

    for missing in [
        "/no-such-page",
        "/companies/999",
        "/companies/abc",
        "/sync/runs/none",
        "/companies/42/tokens/99",
        "/companies/42/tokens/99/revoke",
        "/companies/42/tokens/99/rotate",
        "/companies/999/settings/delivery",
        "/companies/0/settings/delivery",
        "/companies/999/requests",
        "/requests/999",
    ] {
        let answer = admin.get(missing).await;
        let id = answer.headers["x-request-id"].to_str().unwrap();
        assert_eq!(answer.status, 404, "{missing}");
        assert!(
            answer.says("<h1>Not found</h1>") && answer.body.contains(id),
            "{missing}: {}",
            answer.body
        );
    }
}

#[actix_web::test]
async fn an_address_with_a_nul_is_a_mistake_of_whoever_sent_it() {
    let (app, admin, _) = hostile_app().await;
    let client = Client::new(&app, CompanyId(42), "read").await;

    for path in [
        "/companies/42?search=%00",
        "/sync/runs/%00",
        "/sync/history?after=1.%00",
        "/sign-in?next=%00",
    ] {
        let answer = admin.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(
            answer.says("<h1>This request is not valid</h1>") && answer.says("NUL character"),
            "{}",
            answer.body
        );
    }
    for path in [
        "/api/v1/progress?cursor=%00",
        "/api/v1/syncs/%00",
        "/api/v1/syncs/%00/changes",
    ] {
        let reply = client.get(path).await;
        assert_eq!(reply.status, 400, "{path}");
        assert_eq!(reply.header("content-type"), "application/problem+json");
        let errors = reply.json()["errors"].to_string();
        assert!(errors.contains("NUL character"), "{errors}");
    }
}

#[actix_web::test]
async fn a_wrong_method_gets_a_page_that_names_the_right_ones() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    for (method, path, allowed) in [
        ("GET", "/sign-out", "POST"),
        ("POST", "/", "GET, HEAD"),
        ("PUT", "/sync", "GET, HEAD, POST"),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let answer = admin.ask(method, path).await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.headers["allow"], allowed);
        let said = format!("This address answers {allowed} only.");
        assert!(answer.body.contains(&said), "{}", answer.body);
    }
}

#[actix_web::test]
async fn without_a_moodle_the_first_page_says_what_to_set() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    assert!(
        admin.get("/").await.says("No Moodle is configured.")
            && admin.get("/").await.says("ALX_MOODLE_URL")
    );
    assert!(admin.get("/sync").await.says("No Moodle is configured."));
    assert!(
        admin
            .get("/sync/history")
            .await
            .says("Nothing was synced yet.")
    );
    assert_eq!(admin.post("/companies/look-up", &[]).await.status, 503);
}

#[actix_web::test]
async fn before_the_first_sync_each_page_says_what_comes_next() {
    let app = TestApp::with_moodle(hostile).await;
    let admin = Admin::signed_in(&app).await;

    let unknown = admin.get("/").await;
    let others = ["/schedules", "/sync", "/sync/batches/confirm?mode=full"];
    for other in others {
        let page = admin.get(other).await;
        assert!(page.says("No company was found yet.</strong> The list comes from IOMAD's"));
        assert!(page.says("action=\"/companies/look-up\""), "{}", page.body);
    }
    let asked = admin.post("/companies/look-up", &[]).await;
    let known = admin.get("/").await;
    let company = admin.get("/companies/42").await;

    assert!(
        unknown.says("No company was found yet.") && unknown.says("Look for companies in Moodle")
    );
    assert_eq!((asked.status, asked.location()), (303, "/"));
    assert!(
        known.says("No completion is known in this time.") && known.says("No call in this time."),
        "{}",
        known.body
    );
    assert!(
        known.says("Moodle was asked: 1 company known.") && known.says("Never synced"),
        "{}",
        known.body
    );
    assert!(
        known.says("no data yet") && !known.says("<td class=\"num\">0</td>"),
        "unknown is not zero"
    );
    assert!(company.says("This company was never synced.") && company.says("Run a full sync"));
    assert!(
        admin
            .get("/companies/42/tokens")
            .await
            .says("No token yet.")
    );
}

#[actix_web::test]
async fn the_stylesheet_is_kept_for_a_year_under_its_own_version_only() {
    let app = TestApp::without_moodle().await;
    let browser = Admin::stranger(&app);
    let address = browser
        .get("/sign-in")
        .await
        .between("rel=\"stylesheet\" href=\"", "\"");

    let current = browser.get(&address).await;
    let other = browser.get("/static/app.css?v=0").await;
    let tag = current.headers["etag"].to_str().unwrap().to_owned();
    let client = reqwest::Client::new();
    let known = client
        .get(format!("{}{address}", app.url))
        .header("if-none-match", tag)
        .send()
        .await
        .unwrap();

    assert_eq!(
        current.header(reqwest::header::CONTENT_TYPE),
        "text/css; charset=utf-8"
    );
    assert_eq!(
        current.header(reqwest::header::CACHE_CONTROL),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(other.header(reqwest::header::CACHE_CONTROL), "no-cache");
    assert_eq!(known.status().as_u16(), 304);
    assert_eq!(browser.get("/static/..%2fCargo.toml").await.status, 404);
}
