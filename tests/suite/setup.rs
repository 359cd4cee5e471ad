//! The first admin, made by the one-time link.

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL, PASSWORD};

#[actix_web::test]
async fn the_setup_link_makes_the_first_admin_and_then_opens_nothing() {
    let app = TestApp::without_moodle().await;
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
    let app = TestApp::without_moodle().await;
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
