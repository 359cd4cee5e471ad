//! Pages on paper: what they say, dark on white whatever the reader's screen looks like, and nothing to press.

use crate::support::acme::synced_app;
use crate::support::admin::{EMAIL, PASSWORD};
use crate::support::browser::Browser;

/// What still shows that nobody can press on paper, and how light the text is, from 0 to 255.
const PRINTED: &str = "const shows = one => one.getClientRects().length > 0; \
    const dead = [...document.querySelectorAll('nav, form, button')].filter(shows); \
    const light = /\\d+/.exec(getComputedStyle(document.body).color)[0]; \
    const table = document.querySelector('main table'); \
    return { dead: dead.map(one => one.outerHTML.slice(0, 80)), light: Number(light), rows: table ? table.rows.length : 0 }";

#[actix_web::test]
async fn a_page_prints_its_content_dark_on_white_and_nothing_to_press() {
    let (app, admin) = synced_app().await;
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };
    let dark = [("zone", "UTC"), ("language", "en"), ("theme", "dark")];
    assert_eq!(admin.post("/account/preferences", &dark).await.status, 303);
    browser.sign_in(EMAIL, PASSWORD).await;

    for page in ["/", "/companies/42", "/sync/history", "/monitor"] {
        browser.go(page).await;
        let screen = browser.ask(PRINTED).await;
        browser.prints().await;
        let paper = browser.ask(PRINTED).await;
        browser.look_like(1280, "dark").await;

        assert!(screen["light"].as_i64() > Some(150), "{page}: {screen}");
        assert!(paper["light"].as_i64() < Some(100), "{page}: {paper}");
        assert_eq!(paper["dead"], serde_json::json!([]), "{page}");
        assert_eq!(paper["rows"], screen["rows"], "{page}");
    }
}
