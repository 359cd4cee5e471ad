//! Pages with their scripts in a real browser: every button does something, no script complains, and what lasts is told by
//! itself, or without script by a refresh.

use std::collections::BTreeSet;

use alx_report_api::admins::Role;
use alx_report_api::schema::sync_runs;
use alx_report_api::sync::RunState;
use alx_report_api::time::now_ms;
use diesel::prelude::*;

use crate::batches::{hold, release};
use crate::shape::preview;
use crate::support::acme::synced_app;
use crate::support::admin::{Admin, EMAIL, PASSWORD};
use crate::support::browser::Browser;
use crate::support::crawl::{kind, sights, walk};
use crate::support::furnished::furnished;
use crate::support::{TestApp, html};

/// Marks a button by its place instead of the one before, but those for the key Enter that nobody sees; opens what it is
/// hidden in, and fills in what its form asks for.
const MARK: &str = "const all = [...document.querySelectorAll('main button:not([aria-hidden=true]), main summary')]; \
    const one = all[PLACE]; if (!one) return null; \
    for (const marked of document.querySelectorAll('[data-pressed]')) marked.removeAttribute('data-pressed'); \
    for (let at = one.parentElement; at; at = at.parentElement) if (at.tagName === 'DETAILS' && one.parentElement !== at) at.open = true; \
    for (const field of one.form ? one.form.elements : []) if (field.required && !field.value) \
       field.value = { email: 'some@example.com', password: 'a long enough one', number: '1', date: '2026-01-01' }[field.type] || 'a name'; \
    one.setAttribute('data-pressed', ''); window.isOld = true; window.wasOpen = one.parentElement.open; \
    return (one.form ? one.form.getAttribute('action') || '' : one.tagName) + ' ' + one.textContent.trim()";

/// Whether pressing it did something: another page came or comes, something opened, or a field asks to be filled in.
const LIVES: &str = "const one = document.querySelector('[data-pressed]'); \
    return !window.isOld || !one || document.readyState !== 'complete' || location.hash !== '' \
       || one.tagName === 'SUMMARY' && one.parentElement.open !== window.wasOpen \
       || document.activeElement.matches(':invalid')";

/// So many pages of a kind, where their buttons differ.
const OF_A_KIND: usize = 4;

#[actix_web::test]
async fn every_button_of_every_page_lives_and_no_script_complains() {
    press_all(true).await;
}

#[actix_web::test]
async fn every_button_of_every_page_lives_without_script() {
    press_all(false).await;
}

/// What was pressed, and what was dead or complained.
struct Hand<'a> {
    browser: &'a Browser,
    pressed: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Hand<'_> {
    /// Presses the buttons of a page that are new.
    async fn press_page(&mut self, page: &str, buttons: usize) {
        let mut is_fresh = false;
        for place in 0..buttons {
            if !is_fresh {
                self.browser.go(page).await;
            }
            let mark = MARK.replace("PLACE", &place.to_string());
            let said = self.browser.ask(&mark).await;
            let Some(button) = said.as_str() else { break };
            let button = format!("{} {button}", kind(page));
            let alike = button.replace(|letter: char| letter.is_ascii_digit(), "");
            is_fresh = ends_the_session(&button) || !self.pressed.insert(alike);
            if !is_fresh {
                self.press(page, &button).await;
            }
        }
    }

    /// Presses the button that is marked.
    async fn press(&mut self, page: &str, button: &str) {
        let clicked = self.browser.click_on("[data-pressed]").await;
        if clicked.is_err() || !self.browser.comes_true(LIVES).await {
            self.wrong
                .push(format!("{button:?} on {page} is dead: {clicked:?}"));
        }
        for line in self.browser.complaints().await {
            self.wrong.push(format!("{button:?} on {page}: {line}"));
        }
    }
}

async fn press_all(with_script: bool) {
    let (app, admin) = furnished().await;
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };
    let pages = sights(walk(&admin, &["/"]).await.pages, OF_A_KIND);
    let mut hand = Hand {
        browser: &browser,
        pressed: BTreeSet::new(),
        wrong: Vec::new(),
    };

    browser.sign_in(EMAIL, PASSWORD).await;
    if !with_script {
        browser.without_script().await;
    }
    for sight in pages {
        let buttons = html::buttons(&sight.answer.body);
        hand.press_page(&sight.page, buttons).await;
    }
    assert!(hand.wrong.is_empty(), "{:#?}", hand.wrong);
    assert!(hand.pressed.len() > 60, "only these: {:#?}", hand.pressed);
}

/// Those of one's own password and sessions would end the walk, and are sent in `account_pages.rs`; those of another account
/// are pressed below.
fn ends_the_session(button: &str) -> bool {
    let ends = ["/account/password", "/account/sessions", "/admins/*"];
    ends.iter().any(|ends| button.contains(ends))
}

/// The forms of another one's account in the order of a life, and what the page says after each.
const LIFE: [(&str, &str); 7] = [
    ("form[action$='/sessions']", "1 session ended."),
    (
        "form[action$='/sessions']:has([value=all])",
        "2 sessions ended.",
    ),
    ("form[action$='/role']", "The account is changed."),
    ("form[action$='/password']", "A link to hand over"),
    ("form[action$='/disable']", "Let in again"),
    ("form[action$='/enable']", "Keep out"),
    ("form[action$='/remove']", "The account is removed"),
];

#[actix_web::test]
async fn every_button_of_an_account_does_what_it_says() {
    press_account(true).await;
}

#[actix_web::test]
async fn every_button_of_an_account_does_what_it_says_without_script() {
    press_account(false).await;
}

async fn press_account(with_script: bool) {
    let app = TestApp::without_moodle().await;
    Admin::register(&app).await;
    Admin::with_role(&app, Role::Viewer, None).await;
    for _ in 0..2 {
        let mut elsewhere = Admin::stranger(&app);
        elsewhere.sign_in("viewer@example.com", PASSWORD).await;
    }
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };
    browser.sign_in(EMAIL, PASSWORD).await;
    if !with_script {
        browser.without_script().await;
    }

    for (form, says) in LIFE {
        browser.go("/admins/2").await;
        let folded = format!("details:has({form}) > summary");
        if form.contains("disable") || form.contains("remove") {
            browser.click_on(&folded).await.unwrap();
        }
        browser.click_on(&format!("{form} button")).await.unwrap();
        browser.sees(says).await;
    }

    assert_eq!(browser.path().await, "/admins");
    assert!(!browser.text("main").await.contains("viewer@example.com"));
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

/// A sync that waits behind one that lasts, and the address of its page.
async fn waiting(app: &TestApp, admin: &Admin) -> String {
    hold(app, 42).await;
    admin.sync(42, "full").await
}

async fn is_synced(app: &TestApp) {
    let read = |conn: &mut _| {
        let waits = sync_runs::table.filter(
            sync_runs::state
                .eq(RunState::Queued)
                .or(sync_runs::state.eq(RunState::Running)),
        );
        Ok(waits.count().get_result::<i64>(conn)?)
    };
    for _ in 0..300 {
        if app.app.db.run(read).await.unwrap() == 0 {
            return;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the sync never ended");
}

#[actix_web::test]
async fn the_page_of_a_sync_that_lasts_tells_its_end_by_itself() {
    let (app, admin) = synced_app().await;
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };
    browser.sign_in(EMAIL, PASSWORD).await;
    let run = waiting(&app, &admin).await;

    browser.go(&run).await;
    browser.ask("window.isOld = true").await;
    let before = browser.text("main").await;
    release(&app).await;
    browser.loads_anew().await;

    assert!(!before.contains("Succeeded"), "{before}");
    browser.sees("Succeeded").await;
    assert_eq!(browser.path().await, run);
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[actix_web::test]
async fn the_page_of_a_preview_that_is_being_made_tells_its_end_by_itself() {
    let (app, admin) = synced_app().await;
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };
    browser.sign_in(EMAIL, PASSWORD).await;
    let (address, _) = preview(&admin, &[("suspended", "yes")]).await;
    previews_are(&app, RunState::Running).await;

    browser.go(&address).await;
    browser.sees("The preview is being made").await;
    browser.ask("window.isOld = true").await;
    previews_are(&app, RunState::Succeeded).await;
    browser.sees("Save without syncing").await;

    assert_eq!(browser.ask("return window.isOld").await, true);
    let marked = "return document.querySelectorAll('[data-refresh]').length";
    assert_eq!(browser.ask(marked).await, 0);
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

async fn previews_are(app: &TestApp, state: RunState) {
    let change = app.app.db.change(move |conn| {
        let trials = sync_runs::table.filter(sync_runs::dry_run.eq(true));
        diesel::update(trials)
            .set((
                sync_runs::state.eq(state),
                sync_runs::lease_until_ms.eq(now_ms() + 600_000),
            ))
            .execute(conn)?;
        Ok(())
    });
    change.await.unwrap();
}

#[actix_web::test]
async fn without_script_the_page_of_a_sync_refreshes_itself() {
    let (app, admin) = synced_app().await;
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };
    browser.sign_in(EMAIL, PASSWORD).await;
    let run = waiting(&app, &admin).await;

    browser.without_script().await;
    browser.go(&run).await;
    let before = browser.text("main").await;
    release(&app).await;
    is_synced(&app).await;

    assert!(!before.contains("Succeeded"), "{before}");
    browser.sees("Succeeded").await;
}

#[actix_web::test]
async fn the_overview_says_what_is_new_by_itself_but_not_under_the_readers_hand() {
    let (app, admin) = synced_app().await;
    let Some(browser) = Browser::open(&app.url).await else {
        return;
    };
    browser.sign_in(EMAIL, PASSWORD).await;
    let soon = "const usual = window.setTimeout; \
        window.setTimeout = (work, ms) => usual(work, ms / 100)";
    browser.prepare(soon).await;

    browser.go("/").await;
    browser.sees("Nothing needs you.").await;
    browser
        .ask("document.querySelector('#live a').focus()")
        .await;
    fails(&app).await;
    actix_web::rt::time::sleep(std::time::Duration::from_secs(1)).await;
    let under_hand = browser.text("#live").await;
    browser.ask("document.activeElement.blur()").await;

    browser.sees("The latest sync did not succeed").await;
    let companies = browser.text("#live-companies").await;
    assert!(companies.contains("Failing"), "{companies}");
    assert!(under_hand.contains("Nothing needs you."), "{under_hand}");
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    assert!(admin.get("/").await.says(">Refresh</a>"), "without script");
}

async fn fails(app: &TestApp) {
    let change = |conn: &mut _| {
        diesel::update(sync_runs::table)
            .set((
                sync_runs::state.eq(RunState::Failed),
                sync_runs::finished_at_ms.eq(now_ms()),
            ))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(change).await.unwrap();
}
