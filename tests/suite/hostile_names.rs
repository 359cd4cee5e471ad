//! Names that attack: everything that anybody may name is named so, and stays text on every page.

use crate::support::admin::{Admin, EMAIL, PASSWORD};
use crate::support::browser::Browser;
use crate::support::crawl::{Walk, kind, walk};
use crate::support::furnished::{evil, hostile};
use crate::support::html;

/// Where nothing but such a name leads.
const ALSO: [&str; 8] = [
    "/",
    "/companies/7",
    "/companies/7/settings",
    "/companies/7/people/220",
    "/companies/7/views",
    "/companies/7/schedule",
    "/sync/confirm?company=7&mode=full",
    "/demo",
];

async fn everywhere(admin: &Admin) -> Walk {
    let walk = walk(admin, &ALSO).await;
    assert!(walk.wrong.is_empty(), "{:#?}", walk.wrong);
    assert!(walk.pages.len() > 90, "only {} pages", walk.pages.len());
    walk
}

#[actix_web::test]
async fn on_every_page_they_are_text() {
    let (_app, admin) = hostile().await;
    let name = evil();
    let name = askama::filters::escape(&name, askama::filters::Html);
    let name = name.expect("text").to_string();
    let mut with_names = 0;

    for (address, page) in everywhere(&admin).await.pages {
        let injected = html::injected(&page.body);
        assert!(injected.is_empty(), "{address}: {injected:#?}");
        let raw = ["<script>alert", "<img", "onerror=alert(2)>"];
        let raw: Vec<_> = raw.iter().filter(|raw| page.body.contains(**raw)).collect();
        assert!(raw.is_empty(), "{address}: {raw:?}");
        with_names += usize::from(page.body.contains(&name));
    }
    assert!(
        with_names > 50,
        "the whole name stands on {with_names} pages only"
    );
}

#[actix_web::test]
async fn on_a_phone_no_page_scrolls_sideways_because_of_them() {
    let (app, admin) = hostile().await;
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };
    browser.look_like(320, "light").await;
    browser.sign_in(EMAIL, PASSWORD).await;
    let mut kinds = std::collections::BTreeSet::new();
    let mut wrong = Vec::new();

    for (address, _) in everywhere(&admin).await.pages {
        if !kinds.insert(kind(&address)) {
            continue;
        }
        browser.go(&address).await;
        let wide = browser.too_wide().await;
        if !wide.is_empty() {
            wrong.push(format!("{address}: {wide:?}"));
        }
        let calls = browser.ask("return window.alerted || 0").await;
        assert_eq!(calls, 0, "{address} ran a name");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
