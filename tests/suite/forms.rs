//! Forms that are not ours: without the session's token, or of another site.

use crate::support::TestApp;
use crate::support::admin::Admin;

/// Every address that changes something for a signed-in admin.
const FORMS: [&str; 8] = [
    "/sign-out",
    "/companies/look-up",
    "/companies/42/cache/clear",
    "/companies/42/tokens",
    "/companies/42/tokens/1/revoke",
    "/sync",
    "/health",
    "/settings",
];

#[actix_web::test]
async fn a_form_without_the_token_of_its_session_changes_nothing() {
    let app = TestApp::without_moodle().await;
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
    let app = TestApp::without_moodle().await;
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
    let app = TestApp::without_moodle().await;
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
async fn a_form_with_a_nul_is_refused_before_anything_is_stored() {
    let app = TestApp::without_moodle().await;
    let browser = Admin::signed_in(&app).await;
    let token = [("name", "b\0i"), ("read", "on")];
    let sync = [("company", "42"), ("mode", "full"), ("key", "\0")];
    let visitor = [("email", "a\0@example.com"), ("password", "x")];

    for (form, fields) in [
        ("/companies/42/tokens", &token[..]),
        ("/sync", &sync),
        ("/sign-in", &visitor),
    ] {
        let answer = browser.post(form, fields).await;
        assert_eq!(answer.status, 400, "{form}");
        assert!(answer.says("NUL character"), "{}", answer.body);
    }
}
