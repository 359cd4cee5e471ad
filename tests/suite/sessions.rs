//! Signing in and out, and the session in between.

use alx_report_api::schema::sessions;
use alx_report_api::time::{now, now_ms};
use alx_report_api::{admins, staff};
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL, PASSWORD};

#[actix_web::test]
async fn the_right_password_opens_the_page_that_was_asked_for() {
    let app = TestApp::without_moodle().await;
    Admin::register(&app).await;
    let browser = Admin::stranger(&app);

    let asked = browser.get("/sync/history?state=failed").await;
    let fields = [
        ("email", " Grace@Example.com "),
        ("password", PASSWORD),
        ("next", "/sync/history?state=failed"),
    ];
    let answer = browser.post("/sign-in", &fields).await;

    assert_eq!(
        (asked.status, asked.location()),
        (303, "/sign-in?next=%2Fsync%2Fhistory%3Fstate%3Dfailed")
    );
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/sync/history?state=failed")
    );
    assert_eq!(browser.get("/sync/history?state=failed").await.status, 200);
}

#[actix_web::test]
async fn after_signing_in_no_browser_is_sent_to_another_host() {
    let app = TestApp::without_moodle().await;
    Admin::register(&app).await;

    for next in [
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
    ] {
        let fields = [("email", EMAIL), ("password", PASSWORD), ("next", next)];
        let answer = Admin::stranger(&app).post("/sign-in", &fields).await;
        assert_eq!((answer.status, answer.location()), (303, "/"), "{next}");
    }
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_email_get_the_same_answer() {
    let app = TestApp::without_moodle().await;
    Admin::register(&app).await;
    let mut browser = Admin::stranger(&app);

    let wrong = browser.sign_in(EMAIL, "not the password").await;
    let unknown = browser
        .sign_in("nobody@example.com", "not the password")
        .await;

    assert_eq!((wrong.status, unknown.status), (403, 403));
    let without_clock = |page: &str| page.split("<footer").next().unwrap_or_default().to_owned();
    assert_eq!(
        without_clock(&wrong.body.replace(EMAIL, "")),
        without_clock(&unknown.body.replace("nobody@example.com", ""))
    );
    assert!(
        wrong.says("The email or the password is wrong."),
        "{}",
        wrong.body
    );
    assert!(!wrong.body.contains("not the password"));
}

#[actix_web::test]
async fn the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let app = TestApp::without_moodle().await;
    Admin::register(&app).await;

    let answer = Admin::stranger(&app).sign_in(EMAIL, PASSWORD).await;

    let cookies = answer.cookies();
    let session = cookies
        .iter()
        .find(|cookie| cookie.starts_with("alx_session="))
        .expect("a session");
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(flag), "{session}");
    }
    assert!(
        !session.contains("Secure") && !session.contains("Domain"),
        "{session}"
    );
}

#[actix_web::test]
async fn over_tls_the_session_cookie_is_bound_to_the_host() {
    let app = TestApp::start(
        |_| {},
        |config| config.public_url = Some("HTTPS://Reports.example.com/".into()),
    )
    .await;
    Admin::register(&app).await;

    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let origin = [("origin", "https://reports.example.com")];
    let answer = Admin::stranger(&app)
        .post_with("/sign-in", "", &fields, &origin)
        .await;

    let cookies = answer.cookies();
    let session = cookies
        .iter()
        .find(|cookie| cookie.starts_with("__Host-alx_session="))
        .expect("a session");
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/", "Secure"] {
        assert!(session.contains(flag), "{session}");
    }
}

#[actix_web::test]
async fn the_store_never_holds_the_value_of_a_cookie() {
    let app = TestApp::without_moodle().await;
    Admin::register(&app).await;

    let answer = Admin::stranger(&app).sign_in(EMAIL, PASSWORD).await;

    let value = cookie_value(&answer.cookies());
    let stored: Vec<String> = app
        .app
        .db
        .run(|conn| Ok(sessions::table.select(sessions::hash).load(conn)?))
        .await
        .unwrap();
    assert_eq!(stored.len(), 1);
    assert!(!stored.contains(&value) && stored[0].len() == 64);
}

#[actix_web::test]
async fn signing_out_ends_the_session_for_every_copy_of_its_cookie() {
    let app = TestApp::without_moodle().await;
    Admin::register(&app).await;
    let mut browser = Admin::stranger(&app);
    let value = cookie_value(&browser.sign_in(EMAIL, PASSWORD).await.cookies());

    let out = browser.post("/sign-out", &[]).await;

    assert_eq!((out.status, out.location()), (303, "/sign-in"));
    assert!(browser.get("/sign-in").await.says("You are signed out."));
    assert!(
        !browser.get("/sign-in").await.says("You are signed out."),
        "a message is shown once"
    );
    assert_eq!(
        with_cookie(&app, &value).await,
        303,
        "the copy opens nothing"
    );
}

#[actix_web::test]
async fn signing_in_again_gives_a_new_session_and_ends_the_old_one() {
    let app = TestApp::without_moodle().await;
    Admin::register(&app).await;
    let mut browser = Admin::stranger(&app);
    let first = cookie_value(&browser.sign_in(EMAIL, PASSWORD).await.cookies());

    let second = cookie_value(&browser.sign_in(EMAIL, PASSWORD).await.cookies());

    assert_ne!(first, second);
    assert_eq!(
        (
            with_cookie(&app, &first).await,
            with_cookie(&app, &second).await
        ),
        (303, 200)
    );
}

#[actix_web::test]
async fn a_session_that_is_too_old_is_over() {
    let app = TestApp::without_moodle().await;
    let browser = Admin::signed_in(&app).await;
    let expire = |conn: &mut _| {
        diesel::update(sessions::table)
            .set(sessions::expires_at.eq(1))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(expire).await.unwrap();

    let answer = browser.get("/").await;

    assert_eq!((answer.status, answer.location()), (303, "/sign-in"));
}

#[actix_web::test]
async fn a_session_in_use_lasts_longer_but_never_beyond_seven_days() {
    let app = TestApp::without_moodle().await;
    let browser = Admin::signed_in(&app).await;
    let set = |begun: i64| {
        app.app.db.change(move |conn| {
            let times = (
                sessions::created_at.eq(begun),
                sessions::expires_at.eq(now() + 60),
            );
            diesel::update(sessions::table).set(times).execute(conn)?;
            Ok(())
        })
    };
    let end = || {
        app.app.db.run(|conn| {
            Ok(sessions::table
                .select(sessions::expires_at)
                .first::<i64>(conn)?)
        })
    };
    let day = 24 * 3600;

    set(now() - day).await.unwrap();
    browser.get("/").await;
    let prolonged = end().await.unwrap();
    set(now() - 7 * day + 3600).await.unwrap();
    browser.get("/").await;
    let last = end().await.unwrap();

    assert!(
        prolonged > now() + 7 * 3600,
        "eight hours from the last request"
    );
    assert!(last <= now() + 3600, "seven days from the sign-in");
}

fn cookie_value(cookies: &[&str]) -> String {
    let session = cookies
        .iter()
        .find_map(|cookie| cookie.strip_prefix("alx_session="))
        .expect("a session");
    session.split(';').next().expect("a value").to_owned()
}

async fn with_cookie(app: &TestApp, value: &str) -> u16 {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let request = client
        .get(&app.url)
        .header("cookie", format!("alx_session={value}"));
    request.send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn a_sign_in_with_the_old_password_that_is_under_way_does_not_survive_another_password() {
    let app = TestApp::without_moodle().await;
    Admin::register(&app).await;
    let hash = admins::hash("another long one").unwrap();
    let browser = Admin::stranger(&app);
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let reset = async {
        actix_web::rt::time::sleep(std::time::Duration::from_millis(30)).await;
        let set = move |conn: &mut _| {
            let admin = admins::store::find_by_email(conn, EMAIL)?.unwrap();
            staff::set_password(conn, admin.id, (&hash, None), "test", now_ms())
        };
        app.app.db.change(set).await.unwrap();
    };
    let sign_ins =
        futures_util::future::join_all((0..4).map(|_| browser.post("/sign-in", &fields)));

    let (answers, ()) = futures_util::future::join(sign_ins, reset).await;

    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer.status, 303 | 403))
    );
    let left = |conn: &mut _| Ok(sessions::table.count().get_result::<i64>(conn)?);
    assert_eq!(app.app.db.run(left).await.unwrap(), 0);
}
