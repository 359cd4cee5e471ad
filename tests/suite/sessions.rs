//! Signing in and out, the limit on guessing, cookies, and forms that are not ours.

use alx_report_api::schema::{login_failures, sessions};
use alx_report_api::time::now;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL, PASSWORD};

/// Every address that changes something for a signed-in admin.
const FORMS: [&str; 6] = [
    "/sign-out",
    "/companies/look-up",
    "/companies/42/cache/clear",
    "/companies/42/tokens",
    "/companies/42/tokens/1/revoke",
    "/sync",
];

async fn app() -> TestApp {
    TestApp::with_moodle(|_| {}).await
}

#[actix_web::test]
async fn the_right_password_opens_the_page_that_was_asked_for() {
    let app = app().await;
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
    let app = app().await;
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
    let app = app().await;
    Admin::register(&app).await;
    let mut browser = Admin::stranger(&app);

    let wrong = browser.sign_in(EMAIL, "not the password").await;
    let unknown = browser
        .sign_in("nobody@example.com", "not the password")
        .await;

    assert_eq!((wrong.status, unknown.status), (403, 403));
    assert_eq!(
        wrong.body.replace(EMAIL, ""),
        unknown.body.replace("nobody@example.com", "")
    );
    assert!(
        wrong.says("The email or the password is wrong."),
        "{}",
        wrong.body
    );
    assert!(!wrong.body.contains("not the password"));
}

#[actix_web::test]
async fn after_five_failures_even_the_right_password_has_to_wait() {
    let app = app().await;
    Admin::register(&app).await;
    let mut browser = Admin::stranger(&app);
    for _ in 0..5 {
        assert_eq!(browser.sign_in(EMAIL, "a wrong password").await.status, 403);
    }

    let refused = browser.sign_in(EMAIL, PASSWORD).await;
    move_failures_back(&app, 15 * 60).await;
    let later = browser.sign_in(EMAIL, PASSWORD).await;

    assert_eq!(refused.status, 429);
    assert!(refused.says("Try again in 15 minutes."), "{}", refused.body);
    assert!(
        (800..=900).contains(
            &refused.headers["retry-after"]
                .to_str()
                .unwrap()
                .parse::<i64>()
                .unwrap()
        )
    );
    assert_eq!(later.status, 303);
}

#[actix_web::test]
async fn an_address_that_tries_many_emails_has_to_wait_too() {
    let app = app().await;
    let mut browser = Admin::stranger(&app);
    for number in 0..20 {
        let answer = browser
            .sign_in(&format!("somebody{number}@example.com"), "a wrong password")
            .await;
        assert_eq!(answer.status, 403);
    }

    let refused = browser
        .sign_in("another@example.com", "a wrong password")
        .await;

    assert_eq!(refused.status, 429);
}

#[actix_web::test]
async fn guesses_made_at_the_same_moment_count_each_other() {
    let app = app().await;
    Admin::register(&app).await;
    let browser = Admin::stranger(&app);
    let guess = || {
        browser.post(
            "/sign-in",
            &[("email", EMAIL), ("password", "a wrong password")],
        )
    };

    let answers = futures_util::future::join_all((0..12).map(|_| guess())).await;

    let tried = answers.iter().filter(|answer| answer.status == 403).count();
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!((tried, refused), (5, 7));
}

#[actix_web::test]
async fn the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let app = app().await;
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
        |config| config.public_url = Some("https://reports.example.com".into()),
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
    let app = app().await;
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
    let app = app().await;
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
    let app = app().await;
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
    let app = app().await;
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
    let app = app().await;
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

#[actix_web::test]
async fn a_form_without_the_token_of_its_session_changes_nothing() {
    let app = app().await;
    let browser = Admin::signed_in(&app).await;
    let other = Admin::signed_in(&app)
        .await
        .get("/")
        .await
        .between("name=\"csrf\" value=\"", "\"");

    for form in FORMS {
        for csrf in ["", "0000", other.as_str()] {
            let answer = browser.post_with(form, csrf, &[], &[]).await;
            assert_eq!(answer.status, 403, "{form} with {csrf:?}");
            assert!(
                answer.says("This form is not valid any more"),
                "{}",
                answer.body
            );
        }
    }
    assert_eq!(browser.get("/").await.status, 200, "still signed in");
}

#[actix_web::test]
async fn a_form_of_another_site_is_refused_even_with_the_right_token() {
    let app = app().await;
    let browser = Admin::signed_in(&app).await;
    let csrf = browser
        .get("/")
        .await
        .between("name=\"csrf\" value=\"", "\"");

    for header in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for form in FORMS.iter().chain(&["/sign-in", "/setup"]) {
            let answer = browser.post_with(form, &csrf, &[], &[header]).await;
            assert_eq!(answer.status, 403, "{form} with {header:?}");
        }
    }
}

#[actix_web::test]
async fn a_form_of_nobody_leads_to_the_sign_in_page() {
    let app = app().await;
    let browser = Admin::stranger(&app);

    for form in FORMS {
        let answer = browser.post(form, &[]).await;
        assert_eq!(
            (answer.status, answer.location()),
            (303, "/sign-in"),
            "{form}"
        );
    }
}

#[actix_web::test]
async fn the_setup_link_makes_the_first_admin_and_then_opens_nothing() {
    let app = app().await;
    let browser = Admin::stranger(&app);
    let link = app.app.setup.path();
    let token = link.split_once('=').unwrap().1.to_owned();
    let form = [
        ("token", token.as_str()),
        ("email", EMAIL),
        ("password", PASSWORD),
        ("repeated", PASSWORD),
    ];

    assert_eq!(browser.get("/setup?token=wrong").await.status, 404);
    assert_eq!(browser.get(&link).await.status, 200);
    let made = browser.post("/setup", &form).await;

    assert_eq!((made.status, made.location()), (303, "/"));
    assert!(
        browser
            .get("/")
            .await
            .says("Your account is ready, and you are signed in.")
    );
    assert_eq!(browser.get(&link).await.status, 404);
    assert_eq!(browser.post("/setup", &form).await.status, 404);
}

#[actix_web::test]
async fn the_first_admin_needs_a_long_password_typed_twice_alike() {
    let app = app().await;
    let browser = Admin::stranger(&app);
    let link = app.app.setup.path();
    let token = link.split_once('=').unwrap().1;
    let send = |password, repeated| {
        let form = [
            ("token", token),
            ("email", EMAIL),
            ("password", password),
            ("repeated", repeated),
        ];
        let form = form.to_vec();
        let browser = &browser;
        async move { browser.post("/setup", &form).await }
    };

    let short = send("elevenchars", "elevenchars").await;
    let different = send(PASSWORD, "another long one").await;

    assert_eq!((short.status, different.status), (422, 422));
    assert!(
        short.says("The password must have at least 12 characters."),
        "{}",
        short.body
    );
    assert!(
        different.says("The two passwords differ."),
        "{}",
        different.body
    );
}

async fn move_failures_back(app: &TestApp, seconds: i64) {
    let work = move |conn: &mut _| {
        let earlier = login_failures::failed_at - seconds;
        diesel::update(login_failures::table)
            .set(login_failures::failed_at.eq(earlier))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(work).await.unwrap();
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
