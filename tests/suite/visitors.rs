//! Whoever is not signed in: pages in the language that their browser asks for, which an account begins with.

use alx_report_api::admins::Role;
use alx_report_api::admins::invitations::Guest;
use alx_report_api::language::Language;
use alx_report_api::schema::admins;
use alx_report_api::staff;
use alx_report_api::time::now_ms;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL, PASSWORD};

const GUEST: &str = "ada@example.com";

/// A page as a browser reads it that asks for a language.
async fn read(app: &TestApp, path: &str, language: &str) -> String {
    let asked = reqwest::Client::new()
        .get(format!("{}{path}", app.url))
        .header("accept-language", language);
    asked.send().await.unwrap().text().await.unwrap()
}

async fn language_of(app: &TestApp, email: &'static str) -> Language {
    let found = app.app.db.run(move |conn| {
        let theirs = admins::table.filter(admins::email.eq(email));
        Ok(theirs.select(admins::language).get_result(conn)?)
    });
    found.await.unwrap()
}

/// A link that makes an account for the guest.
async fn link(app: &TestApp) -> String {
    let guest = Guest {
        email: GUEST.into(),
        role: Role::Viewer,
        company: None,
        admin: None,
    };
    let invite = move |conn: &mut _| staff::invite(conn, &guest, EMAIL, now_ms());
    let text = app.app.db.change(invite).await.unwrap();
    text.reveal().to_owned()
}

#[actix_web::test]
async fn pages_before_the_sign_in_speak_the_language_of_the_browser() {
    let app = TestApp::without_moodle().await;
    let setup = app.app.setup.path();
    let invitation = format!("/invitation?token={}", link(&app).await);

    for path in [
        "/sign-in",
        "/sign-in/code",
        &setup,
        &invitation,
        "/setup?token=x",
    ] {
        let german = read(&app, path, "de-AT,de;q=0.9,en;q=0.5").await;
        let arabic = read(&app, path, "ar").await;
        let french = read(&app, path, "fr").await;

        assert!(german.contains("<html lang=\"de\""), "{path}: {german}");
        assert!(
            arabic.contains("lang=\"ar\" dir=\"rtl\""),
            "{path}: {arabic}"
        );
        assert!(french.contains("<html lang=\"en\""), "{path}: {french}");
    }
    assert!(read(&app, "/sign-in", "de").await.contains("Anmelden"));
}

#[actix_web::test]
async fn an_account_begins_with_the_language_of_the_browser_that_made_it() {
    let app = TestApp::without_moodle().await;
    let path = app.app.setup.path();
    let setup = [
        ("token", path.split_once('=').unwrap().1),
        ("email", EMAIL),
        ("password", PASSWORD),
        ("repeated", PASSWORD),
    ];
    let made = Admin::stranger(&app)
        .post_with("/setup", "", &setup, &[("accept-language", "es")])
        .await;
    let token = link(&app).await;
    let chosen = [
        ("token", token.as_str()),
        ("password", PASSWORD),
        ("repeated", PASSWORD),
    ];
    let joined = Admin::stranger(&app)
        .post_with("/invitation", "", &chosen, &[("accept-language", "de")])
        .await;

    assert_eq!((made.status, joined.status), (303, 303));
    assert_eq!(language_of(&app, EMAIL).await, Language::Spanish);
    assert_eq!(language_of(&app, GUEST).await, Language::German);
}

#[actix_web::test]
async fn whoever_is_signed_in_reads_the_language_that_they_chose() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    let page = admin
        .post_with("/account/password", "", &[], &[("accept-language", "de")])
        .await;

    assert!(page.body.contains("<html lang=\"en\""), "{}", page.body);
}
