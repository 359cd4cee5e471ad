//! One's own account: preferences, password and sessions.

use alx_report_api::admins::Role;
use alx_report_api::schema::sessions;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL, PASSWORD};

const CHOSEN: &str = "another long one";

#[actix_web::test]
async fn times_language_and_theme_follow_the_reader() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    let fields = [
        ("zone", "Europe/Madrid"),
        ("language", "ar"),
        ("theme", "dark"),
    ];
    let saved = admin.post("/account/preferences", &fields).await;
    let page = admin.get("/account").await;
    let wrong = [("zone", "Mars/Base"), ("language", "en"), ("theme", "dark")];
    let refused = admin.post("/account/preferences", &wrong).await;

    assert_eq!((saved.status, saved.location()), (303, "/account"));
    assert!(
        page.body
            .contains("<html lang=\"ar\" dir=\"rtl\" data-theme=\"dark\">")
    );
    assert!(
        page.body.contains(" CET<") || page.body.contains(" CEST<"),
        "{}",
        page.body
    );
    assert!(page.body.contains("value=\"Europe/Madrid\" selected"));
    assert_eq!(refused.status, 400);
}

#[actix_web::test]
async fn another_password_needs_the_old_one_and_ends_the_other_sessions() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let mut elsewhere = Admin::stranger(&app);
    elsewhere.sign_in(EMAIL, PASSWORD).await;

    let send = |old: &'static str, one: &'static str, two: &'static str| {
        [("old", old), ("password", one), ("repeated", two)]
    };
    for (fields, said) in [
        (send("wrong", CHOSEN, CHOSEN), "The old password is wrong."),
        (
            send(PASSWORD, CHOSEN, "other"),
            "The two new passwords differ.",
        ),
        (send(PASSWORD, "short", "short"), "at least 12 characters"),
    ] {
        let refused = admin.post("/account/password", &fields).await;
        assert_eq!(refused.status, 422, "{said}");
        assert!(refused.says(said), "{}", refused.body);
    }
    assert_eq!(elsewhere.get("/account").await.status, 200);
    let fields = send(PASSWORD, CHOSEN, CHOSEN);
    assert_eq!(admin.post("/account/password", &fields).await.status, 303);

    assert_eq!(admin.get("/account").await.status, 200);
    assert_eq!(elsewhere.get("/account").await.status, 303);
    assert_eq!(elsewhere.sign_in(EMAIL, CHOSEN).await.status, 303);
}

#[actix_web::test]
async fn sessions_say_where_they_are_and_can_be_ended() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let mut hostile = Admin::stranger(&app);
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let agent = format!("<b>Brow\tser</b>{}", "x".repeat(400));
    let begun = hostile
        .post_with("/sign-in", "", &fields, &[("user-agent", &agent)])
        .await;
    assert_eq!(begun.status, 303);

    let page = admin.get("/account").await;

    assert!(page.says("This browser") && page.says("127.0.0.1"));
    assert!(!page.body.contains("<b>Brow") && page.body.contains("Browser"));
    assert!(!page.body.contains(&"x".repeat(200)));
    let name = page.between("name=\"session\" value=\"", "\"");
    admin.post("/account/sessions", &[("session", &name)]).await;
    assert_eq!(hostile.get("/account").await.status, 303);
    assert_eq!(admin.get("/account").await.status, 200);

    hostile.sign_in(EMAIL, PASSWORD).await;
    admin
        .post("/account/sessions", &[("session", "others")])
        .await;
    assert_eq!(hostile.get("/account").await.status, 303);
}

#[actix_web::test]
async fn a_session_that_was_over_by_itself_is_not_counted_among_those_that_end() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    for _ in 0..2 {
        Admin::stranger(&app).sign_in(EMAIL, PASSWORD).await;
    }
    let page = admin.get("/account").await;
    let over = page.between("name=\"session\" value=\"", "\"");
    let expire = move |conn: &mut _| {
        let one = sessions::table.find(&over);
        let set = sessions::expires_at.eq(1);
        Ok(diesel::update(one).set(set).execute(conn)?)
    };
    app.app.db.change(expire).await.unwrap();

    admin
        .post("/account/sessions", &[("session", "others")])
        .await;

    let page = admin.get("/account").await;
    assert!(page.says("1 session ended."), "{}", page.body);
}

#[actix_web::test]
async fn nobody_ends_the_session_of_somebody_else() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let mut twice = Admin::stranger(&app);
    twice.sign_in(EMAIL, PASSWORD).await;
    let viewer = Admin::with_role(&app, Role::Viewer, None).await;

    let name = admin.get("/account").await;
    let name = name.between("name=\"session\" value=\"", "\"");
    viewer
        .post("/account/sessions", &[("session", &name)])
        .await;
    viewer
        .post("/account/sessions", &[("session", "others")])
        .await;

    assert_eq!(twice.get("/account").await.status, 200);
    assert_eq!(admin.get("/account").await.status, 200);
}
