//! Whatever goes wrong is a page: with plain words, what to do, a way back, and the id that the log knows.

use alx_report_api::admins::Role;
use alx_report_api::db::Kind;
use alx_report_api::schema::admins;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::acme::synced_app;
use crate::support::admin::{Admin, Answer};
use crate::support::client::ACME;

/// A page with this status that has all that an error page has.
fn is_error(answer: &Answer, status: u16, title: &str) {
    let body = &answer.body;
    assert_eq!(answer.status, status, "{body}");
    assert!(answer.says(&format!("<h1>{title}</h1>")), "{title}: {body}");
    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert!(
        answer.says(&format!(
            "Request {id}: the log of the server knows it by this."
        )),
        "{body}"
    );
    assert!(answer.says(&format!("Status {status}.")), "{body}");
    assert!(body.contains("<main") && body.contains("<a href=\"/\">Go to the first page</a>"));
    assert_eq!(
        body.matches("<p>").count(),
        4,
        "words, advice, a way back, the foot: {body}"
    );
    assert!(!body.contains("<p></p>"), "{body}");
}

#[actix_web::test]
async fn whoever_is_signed_in_reads_what_went_wrong_and_what_to_do() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    is_error(
        &admin.get("/sync/history?state=nonsense").await,
        400,
        "This request is not valid",
    );
    let forged = admin.post_with("/sync", "another", &[], &[]).await;
    is_error(&forged, 403, "This form is not valid any more");
    is_error(&admin.get("/nowhere").await, 404, "Not found");
    is_error(
        &admin.get("/sign-out").await,
        405,
        "This page works differently",
    );
    let long = "x".repeat(300 * 1024);
    let big = admin.post("/settings", &[("requests_days", &long)]).await;
    is_error(&big, 413, "This form is too big");
    is_error(
        &admin.post("/companies/look-up", &[]).await,
        503,
        "No Moodle is configured",
    );
}

#[actix_web::test]
async fn who_is_not_signed_in_gets_the_same_pages() {
    let app = TestApp::without_moodle().await;
    let stranger = Admin::stranger(&app);

    is_error(&stranger.get("/nowhere").await, 404, "Not found");
    let elsewhere = [("sec-fetch-site", "cross-site")];
    let forged = stranger
        .post_with(
            "/sign-in",
            "",
            &[("email", "a"), ("password", "b")],
            &elsewhere,
        )
        .await;
    is_error(&forged, 403, "This form is not valid any more");
    is_error(
        &stranger.post("/sign-in", &[("email", "a")]).await,
        400,
        "This request is not valid",
    );
    let long = "x".repeat(300 * 1024);
    let big = stranger
        .post("/sign-in", &[("email", &long), ("password", "b")])
        .await;
    is_error(&big, 413, "This form is too big");
}

#[actix_web::test]
async fn a_role_that_does_not_allow_it_is_told_so() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let change = app.app.db.change(|conn| {
        Ok(diesel::update(admins::table)
            .set(admins::role.eq("viewer"))
            .execute(conn)?)
    });
    change.await.unwrap();

    is_error(
        &admin.post("/health", &[]).await,
        403,
        "Your role does not allow this",
    );
}

#[actix_web::test]
async fn a_machine_that_fails_is_500_and_names_no_path() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    if app.app.db.kind() == Kind::Postgres {
        return; // its own tools make copies
    }
    std::fs::write(app.folder.path().join("backups"), "in the way").unwrap();

    let failed = admin.post("/health", &[]).await;

    is_error(&failed, 500, "Something went wrong");
    assert!(
        !failed
            .body
            .contains(&app.folder.path().display().to_string())
    );
}

#[actix_web::test]
async fn a_store_that_fails_is_503_and_says_nothing_of_its_tables() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let broken = app
        .app
        .db
        .change(|conn| Ok(conn.batch_execute("alter table sync_runs rename to gone")?));
    broken.await.unwrap();

    let failed = admin.get("/sync/history").await;

    is_error(&failed, 503, "The store does not answer");
    assert!(!failed.body.contains("sync_runs"), "{}", failed.body);
}

#[actix_web::test]
async fn whoever_is_signed_in_keeps_the_menu_and_the_language() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let german = [
        ("zone", "Europe/Berlin"),
        ("language", "de"),
        ("theme", "dark"),
    ];
    assert_eq!(
        admin.post("/account/preferences", &german).await.status,
        303
    );
    let long = "x".repeat(300 * 1024);

    for (answer, status) in [
        (admin.get("/nowhere").await, 404),
        (admin.get("/requests/4711").await, 404),
        (admin.get("/requests/none").await, 404),
        (admin.get("/companies/none/people").await, 404),
        (admin.get("/sync/history?state=nonsense").await, 400),
        (admin.get("/requests?from=nonsense").await, 400),
        (admin.get("/sign-out").await, 405),
        (
            admin.post("/settings", &[("requests_days", &long)]).await,
            413,
        ),
        (admin.post_with("/sync", "another", &[], &[]).await, 403),
        (admin.post("/companies/look-up", &[]).await, 503),
    ] {
        let what = format!("{status}: {}", answer.body);
        assert_eq!(answer.status, status, "{what}");
        assert!(answer.body.contains("<html lang=\"de\""), "{what}");
        assert!(answer.body.contains("data-theme=\"dark\""), "{what}");
        assert!(
            answer.says("href=\"/sync\"") && answer.says("Abmelden"),
            "{what}"
        );
        let csrf = answer.between("name=\"csrf\" value=\"", "\"");
        assert_eq!(csrf.len(), 64, "the button to sign out works");
    }
    let change = app.app.db.change(|conn| {
        Ok(diesel::update(admins::table)
            .set(admins::role.eq("viewer"))
            .execute(conn)?)
    });
    change.await.unwrap();
    let refused = admin.get("/audit").await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.says("href=\"/sync/history\"") && !refused.says("href=\"/admins\""),
        "{}",
        refused.body
    );
    let stranger = Admin::stranger(&app).get("/nowhere").await;
    assert!(!stranger.says("Sign out") && !stranger.says("<nav"));
}

#[actix_web::test]
async fn what_moodles_database_said_of_itself_is_for_admins_only() {
    let (app, admin) = synced_app().await;
    let manager = Admin::with_role(&app, Role::CompanyManager, Some(ACME)).await;
    let viewer = Admin::with_role(&app, Role::Viewer, None).await;
    std::fs::rename(app.moodle_file(), app.folder.path().join("away.db")).unwrap();
    let failed = admin.sync(42, "full").await;
    let known = "/companies/42/people/101/courses/1";
    let run = admin.get(&failed).await;

    assert!(run.says("In detail:"), "{}", run.body);
    for (address, status) in [
        (failed.as_str(), 200),
        ("/companies/42/settings", 200),
        (known, 503),
    ] {
        let raw = admin.get(address).await;
        assert_eq!(raw.status, status, "{address}: {}", raw.body);
        for reader in [&manager, &viewer] {
            let page = reader.get(address).await;
            assert_eq!(page.status, status, "{address}: {}", page.body);
            assert!(page.says("atabase cannot be reached."), "{}", page.body);
            assert!(!page.says("cannot be reached:") && !page.says("In detail"));
        }
    }
    let settings = admin.get("/companies/42/settings").await;
    assert!(settings.says("cannot be reached:"), "{}", settings.body);
}
