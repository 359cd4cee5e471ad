//! The limit on guessing codes: the same as for passwords.

use alx_report_api::audit;
use alx_report_api::db::Conn;
use alx_report_api::schema::login_failures;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL, PASSWORD};
use crate::support::phone::set_up;

async fn quarter_of_an_hour_passes(app: &TestApp) {
    let work = |conn: &mut Conn| {
        let earlier = login_failures::failed_at - 15 * 60;
        Ok(diesel::update(login_failures::table)
            .set(login_failures::failed_at.eq(earlier))
            .execute(conn)?)
    };
    app.app.db.change(work).await.unwrap();
}

#[actix_web::test]
async fn password_and_codes_of_one_email_share_the_limit_and_the_right_code_waits_too() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (phone, _) = set_up(&app, &admin).await;
    let mut browser = Admin::stranger(&app);
    browser.sign_in(EMAIL, PASSWORD).await;
    for _ in 0..4 {
        assert_eq!(browser.enter_code(&phone.wrong()).await.status, 403);
    }

    let refused = browser.enter_code(&phone.code()).await;
    let from_the_start = Admin::stranger(&app).sign_in(EMAIL, PASSWORD).await;
    quarter_of_an_hour_passes(&app).await;
    let later = browser.enter_code(&phone.code()).await;

    assert_eq!((refused.status, from_the_start.status), (429, 429));
    assert!(refused.says("There were too many failed attempts. Try again in 15 minutes."));
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(later.status, 303, "{}", later.body);
}

#[actix_web::test]
async fn a_right_password_does_not_forgive_wrong_codes() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (phone, codes) = set_up(&app, &admin).await;
    let mut browser = Admin::stranger(&app);

    browser.sign_in(EMAIL, PASSWORD).await;
    browser.enter_code(&phone.wrong()).await;
    browser.sign_in(EMAIL, PASSWORD).await;
    browser.enter_code(&phone.wrong()).await;
    browser.sign_in(EMAIL, PASSWORD).await;

    assert_eq!(browser.enter_code(&codes[0]).await.status, 429);
}

#[actix_web::test]
async fn codes_guessed_at_the_same_moment_count_each_other() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (phone, _) = set_up(&app, &admin).await;
    let mut browser = Admin::stranger(&app);
    browser.sign_in(EMAIL, PASSWORD).await;
    let wrong = phone.wrong();
    let fields = [("code", wrong.as_str())];
    let guess = || browser.post("/sign-in/code", &fields);

    let answers = futures_util::future::join_all((0..12).map(|_| guess())).await;

    let tried = answers.iter().filter(|answer| answer.status == 403).count();
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!((tried, refused), (4, 8));
}

#[actix_web::test]
async fn an_address_that_failed_too_often_guesses_no_code_either() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (phone, _) = set_up(&app, &admin).await;
    let mut browser = Admin::stranger(&app);
    browser.sign_in(EMAIL, PASSWORD).await;
    for number in 0..19 {
        let email = format!("somebody{number}@example.com");
        Admin::stranger(&app)
            .sign_in(&email, "a wrong password")
            .await;
    }

    assert_eq!(browser.enter_code(&phone.code()).await.status, 429);
}

#[actix_web::test]
async fn passwords_are_not_guessed_on_the_page_of_the_second_factor() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let wrong = [("password", "a wrong password")];
    for _ in 0..5 {
        let answer = admin.post("/account/second-factor", &wrong).await;
        assert_eq!(answer.status, 422);
    }

    let right = [("password", PASSWORD)];
    let refused = admin.post("/account/second-factor", &right).await;

    assert_eq!(refused.status, 429);
    assert!(refused.says("Try again in 15 minutes."));
}

async fn refused_lines(app: &TestApp) -> i64 {
    let read = app
        .app
        .db
        .run(|conn| audit::count_since(conn, "proof_failed", 0));
    read.await.unwrap()
}

#[actix_web::test]
async fn passwords_are_not_guessed_on_the_page_of_the_account_and_each_guess_has_its_line() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let change = |old: &'static str| {
        [
            ("old", old),
            ("password", "another long one"),
            ("repeated", "another long one"),
        ]
    };
    for _ in 0..5 {
        let answer = admin
            .post("/account/password", &change("a wrong password"))
            .await;
        assert_eq!(answer.status, 422);
        assert!(answer.says("The old password is wrong."), "{}", answer.body);
    }

    let refused = admin.post("/account/password", &change(PASSWORD)).await;
    quarter_of_an_hour_passes(&app).await;
    let later = admin.post("/account/password", &change(PASSWORD)).await;

    assert_eq!((refused.status, later.status), (429, 303));
    assert!(refused.says("Try again in 15 minutes."), "{}", refused.body);
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused_lines(&app).await, 5);
}

#[actix_web::test]
async fn a_new_password_that_is_too_short_is_no_guess() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let short = [
        ("old", PASSWORD),
        ("password", "short"),
        ("repeated", "short"),
    ];

    for _ in 0..7 {
        let answer = admin.post("/account/password", &short).await;
        assert_eq!(answer.status, 422);
    }
}

#[actix_web::test]
async fn a_wrong_code_of_somebody_who_is_signed_in_has_its_line_too() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (phone, _) = set_up(&app, &admin).await;
    let fields = |code: String| [("password", PASSWORD.to_owned()), ("code", code)];
    let wrong = fields(phone.wrong());
    let wrong = wrong
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));

    let answer = admin.post("/account/second-factor/off", &wrong).await;

    assert_eq!(answer.status, 422);
    assert_eq!(refused_lines(&app).await, 1);
}
