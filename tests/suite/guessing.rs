//! The limit on guessing passwords.

use alx_report_api::config::Config;
use alx_report_api::schema::login_failures;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL, PASSWORD};

#[actix_web::test]
async fn after_five_failures_even_the_right_password_has_to_wait() {
    let app = TestApp::without_moodle().await;
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
    let app = TestApp::without_moodle().await;
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
    let app = TestApp::without_moodle().await;
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
async fn an_email_that_nobody_can_have_counts_against_the_address_and_is_not_stored_whole() {
    let app = TestApp::without_moodle().await;
    let mut browser = Admin::stranger(&app);
    let email = |number: i32| format!("{number}{}@example.com", "a".repeat(250));
    for number in 0..20 {
        let answer = browser.sign_in(&email(number), "a wrong password").await;
        assert_eq!(answer.status, 403);
    }

    let refused = browser.sign_in(&email(20), "a wrong password").await;

    assert_eq!(refused.status, 429);
    let stored = |conn: &mut _| {
        Ok(login_failures::table
            .select(login_failures::email)
            .load::<String>(conn)?)
    };
    let stored = app.app.db.run(stored).await.unwrap();
    assert!(stored.len() == 20 && stored.iter().all(|email| email.len() < 100));
}

#[actix_web::test]
async fn addresses_of_one_ipv6_network_share_their_limit() {
    let app = TestApp::without_moodle().await;
    let browser = Admin::stranger(&app);
    let guess = async |number: i32, address: &str| {
        let email = format!("somebody{number}@example.com");
        let fields = [("email", email.as_str()), ("password", "a wrong password")];
        let headers = [("x-forwarded-for", address)];
        browser
            .post_with("/sign-in", "", &fields, &headers)
            .await
            .status
    };
    for number in 0..20 {
        let address = format!("2001:db8:1:2::{number:x}");
        assert_eq!(guess(number, &address).await, 403);
    }

    assert_eq!(guess(20, "2001:db8:1:2:ffff::1").await, 429);
    assert_eq!(guess(21, "2001:db8:1:3::1").await, 403);
}

/// Uses up the attempts of one address behind a proxy, then tries once more from the same and from another one.
async fn guesses_through_a_proxy(app: &TestApp) -> (u16, u16) {
    let browser = Admin::stranger(app);
    let guess = async |number: u8, address: &str| {
        let email = format!("somebody{number}@example.com");
        let fields = [("email", email.as_str()), ("password", "a wrong password")];
        let headers = [("x-forwarded-for", address)];
        browser.post_with("/sign-in", "", &fields, &headers).await
    };
    for number in 0..20 {
        let invented = format!("10.9.8.{number}, 203.0.113.5");
        assert_eq!(guess(number, &invented).await.status, 403);
    }
    let same = guess(20, "203.0.113.5").await.status;
    (same, guess(21, "203.0.113.6").await.status)
}

#[actix_web::test]
async fn behind_a_proxy_each_client_has_its_own_limit_and_cannot_invent_another() {
    let app = TestApp::without_moodle().await;

    assert_eq!(guesses_through_a_proxy(&app).await, (429, 403));
}

#[actix_web::test]
async fn whom_a_stranger_claims_to_speak_for_does_not_count() {
    let nobody = |config: &mut Config| config.trusted_proxies = "192.0.2.1".parse().unwrap();
    let app = TestApp::start(|_| {}, nobody).await;

    assert_eq!(guesses_through_a_proxy(&app).await, (429, 429));
}

#[actix_web::test]
async fn all_whom_a_proxy_cannot_name_share_one_limit() {
    let app = TestApp::without_moodle().await;
    let browser = Admin::stranger(&app);
    let guess = async |number: u8, address: &str| {
        let email = format!("somebody{number}@example.com");
        let fields = [("email", email.as_str()), ("password", "a wrong password")];
        let headers = [("x-forwarded-for", address)];
        let answer = browser.post_with("/sign-in", "", &fields, &headers);
        answer.await.status
    };

    for number in 0..20 {
        assert_eq!(
            guess(number, &format!("10.9.8.{number}, unknown")).await,
            403
        );
    }

    assert_eq!(guess(20, "somebody").await, 429);
    assert_eq!(guess(21, "203.0.113.6").await, 403);
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
