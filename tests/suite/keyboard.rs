//! Whoever has no mouse: Tab reaches every control in its order, shows where it is, and leaves again.

use serde_json::Value;

use crate::support::admin::{EMAIL, PASSWORD};
use crate::support::browser::Browser;
use crate::support::furnished::furnished;

const TAB: u32 = 9;
const ENTER: u32 = 13;

/// What Tab has to reach, in order; of a group of radio buttons the chosen one, or the first.
const CONTROLS: &str = "const all = document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex=\"0\"]'); \
    const chosen = one => one.type !== 'radio' || one.checked \
       || ![...document.getElementsByName(one.name)].some(other => other.checked && other.form === one.form) \
          && [...document.getElementsByName(one.name)].find(other => other.form === one.form) === one; \
    window.controls = [...all].filter(one => !one.disabled && one.tabIndex >= 0 && one.type !== 'hidden' && one.checkVisibility() && chosen(one)); \
    return window.controls.length";

/// Where the focus is: its place among them, whether it shows, and what it is.
const FOCUS: &str = "const one = document.activeElement; const style = getComputedStyle(one); const box = one.getBoundingClientRect(); \
    const shown = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2; \
    const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth; \
    return [window.controls.indexOf(one), shown, inside, one.outerHTML.slice(0, 120), one === document.body]";

/// The pages that people work on.
const PAGES: [&str; 24] = [
    "/",
    "/companies/42",
    "/companies/42/courses",
    "/companies/42/people",
    "/companies/42/tokens",
    "/companies/42/settings",
    "/companies/42/settings/delivery",
    "/companies/42/schedule",
    "/companies/42/sync",
    "/sync",
    "/sync/history",
    "/sync/confirm?company=42&mode=full",
    "/schedules",
    "/sync/batches",
    "/changes",
    "/monitor",
    "/requests",
    "/alerts",
    "/alerts/rules",
    "/settings",
    "/admins",
    "/account",
    "/health",
    "/no-such-page",
];

/// Places within one control, such as day, month and year of a date.
const PARTS: usize = 6;

async fn tab(browser: &Browser) -> Value {
    browser.press("Tab", TAB).await;
    browser.ask(FOCUS).await
}

/// Goes on to another control than the one that stands there.
async fn next_control(browser: &Browser, last: i64) -> Value {
    let mut at = tab(browser).await;
    for _ in 0..PARTS {
        if last < 0 || at[0] != last {
            break;
        }
        at = tab(browser).await;
    }
    at
}

/// What is wrong while Tab goes through a page.
async fn through(browser: &Browser, page: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    browser.go(page).await;
    let controls = browser.ask(CONTROLS).await.as_i64().expect("a number");
    let mut reached = Vec::new();
    for _ in 0..controls {
        let last = reached.last().copied().unwrap_or(-1);
        let at = next_control(browser, last).await;
        let place = at[0].as_i64().unwrap_or(-1);
        if at[4] == true {
            break; // it left the page
        }
        reached.push(place);
        if place < 0 {
            wrong.push(format!("{page}: Tab comes to {}", at[3]));
        } else if at[1] != true || at[2] != true {
            wrong.push(format!("{page}: the focus does not show at {}", at[3]));
        }
    }
    let expected: Vec<i64> = (0..controls).collect();
    if reached != expected {
        let odd = expected
            .iter()
            .zip(&reached)
            .find(|(one, other)| one != other);
        wrong.push(format!(
            "{page}: {} of {controls} in order, {odd:?}",
            reached.len()
        ));
    }
    let after = next_control(browser, controls - 1).await;
    if after[4] != true && after[0] != 0 {
        wrong.push(format!(
            "{page}: Tab does not leave but comes to {}",
            after[3]
        ));
    }
    wrong
}

#[actix_web::test]
async fn tab_reaches_every_control_in_order_shows_where_it_is_and_leaves() {
    let (app, _admin) = furnished().await;
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };
    browser.look_like(1280, "light").await;
    let mut wrong = through(&browser, "/sign-in").await;
    browser.sign_in(EMAIL, PASSWORD).await;

    for page in PAGES {
        wrong.extend(through(&browser, page).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[actix_web::test]
async fn the_first_tab_shows_the_way_past_the_menu() {
    let (app, _admin) = furnished().await;
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };
    browser.sign_in(EMAIL, PASSWORD).await;

    for width in [320, 1280] {
        browser.look_like(width, "light").await;
        browser.go("/sync").await;
        browser.ask(CONTROLS).await;
        let first = tab(&browser).await;
        let skip = browser.text(":focus").await;
        browser.press("Enter", ENTER).await;
        let next = tab(&browser).await;

        assert_eq!(skip, "Skip to content");
        assert!(first[1] == true && first[2] == true, "it shows: {first}");
        let inside = "return document.activeElement.closest('main') !== null";
        assert_eq!(browser.ask(inside).await, true, "{next}");
    }
}

#[actix_web::test]
async fn a_sync_is_asked_for_without_a_mouse() {
    let (app, _admin) = furnished().await;
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };
    browser.sign_in(EMAIL, PASSWORD).await;

    browser.go("/sync/confirm?company=42&mode=full").await;
    browser
        .ask("document.querySelector('main button.main').focus()")
        .await;
    browser.press("Enter", ENTER).await;

    browser.sees("Succeeded").await;
}
