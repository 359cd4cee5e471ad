//! Nothing keeps anybody out of a page: axe-core looks at every page in a real browser, light and dark, narrow and wide, and
//! from right to left.
//!
//! `ALX_TEST_BROWSER=1` and `ALX_TEST_AXE`, the file `axe.min.js` of axe-core, run it; with `ALX_TEST_SCREENSHOTS`, a folder, it
//! leaves a picture of every page there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use alx_report_api::admins::Role;
use alx_report_api::schema::admins;
use diesel::prelude::*;
use serde_json::Value;

use crate::shape;
use crate::support::TestApp;
use crate::support::acme::synced_app;
use crate::support::admin::{Admin, EMAIL, PASSWORD};
use crate::support::browser::Browser;
use crate::support::client::{plant_running, planted};
use crate::support::crawl::{Sight, kind, sights, walk};
use crate::support::furnished::furnished;
use crate::support::html;
use crate::support::phone::Phone;
use crate::support::say;

/// How wide a page is looked at, in pixels: every page in each of them.
const WIDTHS: [u32; 4] = [320, 1280, 768, 1920];
/// Pages that differ from the others in their words only.
const FEW: [u32; 2] = [320, 1280];
/// What the reader's system prefers: by turns, so that some pages are light and others dark at every width.
const COLOURS: [&str; 2] = ["dark", "light"];
/// So many pages of a kind, where they show different things.
const OF_A_KIND: usize = 8;

/// A browser with axe-core, and what it found.
struct Eyes {
    browser: Browser,
    script: String,
    /// What the pictures of this reader are named with.
    reader: &'static str,
    /// How many pictures each name has.
    names: BTreeMap<String, usize>,
    /// How many pages were looked at; whose turn it is.
    turn: usize,
    looks: usize,
    wrong: Vec<String>,
}

impl Eyes {
    /// `None` where nothing can be looked at; that is said.
    async fn open(app: &TestApp, reader: &'static str) -> Option<Self> {
        let Ok(script) = std::env::var("ALX_TEST_AXE") else {
            say("NOT RUN: axe needs ALX_TEST_AXE, the file axe.min.js of axe-core");
            return None;
        };
        Some(Self {
            browser: Browser::open(&app.url).await?,
            script: std::fs::read_to_string(script).expect("axe-core's script"),
            reader,
            names: BTreeMap::new(),
            turn: 0,
            looks: 0,
            wrong: Vec::new(),
        })
    }

    async fn go(&mut self, page: &str, widths: &[u32]) {
        self.browser.go(page).await;
        self.look(page, widths).await;
    }

    /// The same at one width, by turns, in both colours before the next one.
    async fn glance(&mut self, page: &str, widths: &[u32]) {
        let width = widths[self.turn / 2 % widths.len()];
        self.go(page, &[width]).await;
    }

    /// Looks at the page that is there.
    async fn look(&mut self, page: &str, widths: &[u32]) {
        self.browser.ask(&self.script).await;
        let name = self.name(page);
        for (place, width) in widths.iter().enumerate() {
            let colours = COLOURS[(self.turn + place) % 2];
            self.browser.look_like(*width, colours).await;
            self.picture(&format!("{name}-{width}-{colours}")).await;
            let at = format!("{page} at {width} {colours} {}", self.reader);
            let wide = self.browser.too_wide().await;
            if !wide.is_empty() {
                self.wrong.push(format!("{at} scrolls sideways: {wide:?}"));
            }
            let found = self.browser.ask_later(RUN).await;
            for violation in found.as_array().expect("a list") {
                self.wrong.push(format!("{at}: {}", told(violation)));
            }
            self.looks += 1;
        }
        self.turn += 1;
    }

    /// What its pictures are named with: its kind, and which one of that kind it is.
    fn name(&mut self, page: &str) -> String {
        let plain = |letter: char| match letter.is_ascii_alphanumeric() {
            true => letter,
            false => '_',
        };
        let name: String = kind(page).chars().map(plain).collect();
        let number = self.names.entry(name.clone()).or_default();
        *number += 1;
        match *number {
            1 => name,
            number => format!("{name}-{number}"),
        }
    }

    /// Fills the forms of a page that send something with what no field takes, and looks at what comes.
    async fn mistakes(&mut self, page: &str, forms: usize) {
        for place in 0..forms {
            self.browser.go(page).await;
            self.browser.ask("window.isOld = true").await;
            let script = MISTAKE.replace("PLACE", &place.to_string());
            if self.browser.ask(&script).await == true {
                self.browser.loads_anew().await;
                let width = FEW[self.turn / 2 % 2];
                self.look(&format!("{page} after mistakes {place}"), &[width])
                    .await;
            }
        }
    }

    async fn picture(&self, name: &str) {
        let Ok(folder) = std::env::var("ALX_TEST_SCREENSHOTS") else {
            return;
        };
        let file = PathBuf::from(folder).join(format!("{name}{}.png", self.reader));
        std::fs::write(file, self.browser.screenshot().await).expect("a picture");
    }

    fn ends(self, what: &str) {
        say(&format!("AXE: {what}: {} looks", self.looks));
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}

const RUN: &str = "const done = arguments[arguments.length - 1]; \
    axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }) \
       .then(found => done(found.violations))";

/// Whether there was something to fill in.
const MISTAKE: &str = "const form = document.querySelectorAll('main form[method=post]')[PLACE]; if (!form) return false; \
    const fields = [...form.elements].filter(one => one.matches('input:not([type=hidden]), textarea')); \
    if (fields.length === 0) return false; \
    for (const field of fields) { if (field.type === 'checkbox') field.checked = false; else if (field.type !== 'radio') field.value = '<-1>'; } \
    form.noValidate = true; form.querySelector('button').click(); return true";

fn told(violation: &Value) -> String {
    let nodes = violation["nodes"].as_array().into_iter().flatten();
    let where_: Vec<String> = nodes.map(|node| node["target"].to_string()).collect();
    format!("{}: {}", violation["id"], where_.join(" "))
}

/// Every kind of page, and several of the kinds whose pages show different things.
async fn pages(admin: &Admin) -> Vec<Sight> {
    sights(walk(admin, &["/"]).await.pages, OF_A_KIND)
}

/// How many forms of a page send something.
fn sends(sight: &Sight) -> usize {
    let forms = html::forms(&sight.answer.body, &sight.page);
    forms.iter().filter(|form| form.method == "post").count()
}

/// Another admin, who reads Arabic.
async fn arabic(app: &TestApp) -> String {
    Admin::with_role(app, Role::Admin, None).await;
    let email = format!("{}@example.com", Role::Admin);
    let theirs = email.clone();
    let change = app.app.db.change(move |conn| {
        diesel::update(admins::table.filter(admins::email.eq(&theirs)))
            .set(admins::language.eq("ar"))
            .execute(conn)?;
        Ok(())
    });
    change.await.unwrap();
    email
}

#[actix_web::test]
async fn axe_finds_nothing_on_any_page_in_any_look_and_none_scrolls_sideways() {
    let (app, admin) = furnished().await;
    let email = arabic(&app).await;
    let (Some(mut eyes), Some(mut turned)) =
        (Eyes::open(&app, "").await, Eyes::open(&app, "-ar").await)
    else {
        return;
    };
    let pages = pages(&admin).await;
    assert!(pages.len() > 80, "only {} pages", pages.len());
    for (kind, shows) in [
        ("/sync/runs/", "/confirm\">"),
        ("/sync/runs/", "class=\"status failed\""),
        ("/sync/runs/", ">Run it for real<"),
        ("/sync/runs/", ">Undo this sync…<"),
        ("/companies/", "This company was never synced."),
        ("/api/v1/docs", "Skip to the content"),
    ] {
        let is_seen = pages
            .iter()
            .any(|sight| sight.page.starts_with(kind) && sight.answer.body.contains(shows));
        assert!(is_seen, "no page below {kind} shows {shows}");
    }

    let forwards = async {
        eyes.browser.sign_in(EMAIL, PASSWORD).await;
        for sight in &pages {
            match sight.is_first {
                true => eyes.go(&sight.page, &WIDTHS).await,
                false => eyes.glance(&sight.page, &WIDTHS).await,
            }
        }
    };
    let backwards = async {
        turned.browser.sign_in(&email, PASSWORD).await;
        for sight in pages.iter().filter(|sight| sight.is_first) {
            turned.glance(&sight.page, &FEW).await;
        }
    };
    futures_util::join!(forwards, backwards);

    turned.wrong.append(&mut eyes.wrong);
    turned.looks += eyes.looks;
    turned.ends(&format!("{} pages", pages.len()));
}

#[actix_web::test]
async fn axe_finds_nothing_on_pages_with_mistakes_and_after_forms() {
    let (app, admin) = furnished().await;
    let Some(mut eyes) = Eyes::open(&app, "").await else {
        return;
    };
    let pages = pages(&admin).await;

    eyes.browser.sign_in(EMAIL, PASSWORD).await;
    for sight in pages.iter().filter(|sight| sight.is_first) {
        let page = &sight.page;
        if !page.starts_with("/account") && page != "/admins/1" {
            eyes.mistakes(page, sends(sight)).await;
        }
    }
    eyes.mistakes("/account", 3).await;

    assert!(eyes.looks > 40, "only {} looks", eyes.looks);
    eyes.ends("mistakes and what comes after forms");
}

#[actix_web::test]
async fn axe_finds_nothing_on_pages_of_what_is_not_done_yet() {
    let (app, admin) = synced_app().await;
    let Some(mut eyes) = Eyes::open(&app, "-moving").await else {
        return;
    };
    eyes.browser.sign_in(EMAIL, PASSWORD).await;

    plant_running(&app, false).await;
    let all = [("mode", "full"), ("key", "a batch that waits")];
    let batch = admin.post("/sync/batches", &all).await;
    let batch = batch.location();
    eyes.glance(&format!("/sync/runs/{}", planted()), &FEW)
        .await;
    eyes.glance(batch, &FEW).await;
    let waits = admin.get(batch).await;
    admin.post(&format!("{batch}/cancel"), &[]).await;
    let (preview, page) = shape::preview(&admin, &[("suspended", "yes")]).await;
    eyes.glance(&preview, &FEW).await;

    assert!(waits.body.contains("data-events"), "{}", waits.body);
    assert!(
        page.says("The preview is being made"),
        "it has ended: {}",
        page.body
    );
    eyes.ends("what is not done yet");
}

#[actix_web::test]
async fn axe_finds_nothing_on_the_ways_in() {
    let app = TestApp::without_moodle().await;
    let Some(mut eyes) = Eyes::open(&app, "").await else {
        return;
    };
    let admin = Admin::signed_in(&app).await;
    let guest = [
        ("email", "bob@example.com"),
        ("role", "viewer"),
        ("company", ""),
    ];
    let invited = admin.post("/admins", &guest).await;
    let link = invited.between("id=\"link\">", "<").replace(&app.url, "");

    eyes.go(&link, &WIDTHS).await;
    eyes.mistakes(&link, 1).await;
    eyes.browser.sign_in(EMAIL, PASSWORD).await;
    eyes.go("/account/second-factor", &WIDTHS).await;
    eyes.browser.fill("#password", PASSWORD).await;
    eyes.browser.click("Set up the second factor").await;
    eyes.browser.sees("Show that it works").await;
    eyes.look("/account/second-factor set up", &WIDTHS).await;
    let phone = Phone::shown(&eyes.browser.text("#secret").await);
    eyes.browser.fill("#code", &phone.code()).await;
    eyes.browser.click("Turn the second factor on").await;
    eyes.browser.sees("Your recovery codes").await;
    eyes.look("/account/second-factor recovery codes", &WIDTHS)
        .await;
    eyes.browser.go("/account/second-factor").await;
    eyes.look("/account/second-factor on", &WIDTHS).await;
    eyes.browser.leave().await;
    eyes.browser.fill("#email", EMAIL).await;
    eyes.browser.fill("#password", PASSWORD).await;
    eyes.browser.click("Sign in").await;
    eyes.browser.arrives("/sign-in/code").await;
    eyes.look("/sign-in/code", &WIDTHS).await;
    eyes.browser.fill("#code", "1").await;
    eyes.browser.click("Sign in").await;
    eyes.browser.sees("The code is wrong").await;
    eyes.look("/sign-in/code after a mistake", &WIDTHS).await;
    eyes.ends("the ways in");
}

#[actix_web::test]
async fn axe_finds_nothing_where_there_is_nothing_yet_and_where_something_went_wrong() {
    let app = TestApp::without_moodle().await;
    let Some(mut eyes) = Eyes::open(&app, "-empty").await else {
        return;
    };
    let setup = app.app.setup.path();

    eyes.go(&setup, &WIDTHS).await;
    eyes.mistakes(&setup, 1).await;
    for public in ["/sign-in", "/no-such-page", "/sign-in?next=%00"] {
        eyes.go(public, &WIDTHS).await;
    }
    let admin = Admin::signed_in(&app).await;
    eyes.mistakes("/sign-in", 1).await;
    eyes.browser.sign_in(EMAIL, PASSWORD).await;
    for sight in pages(&admin).await {
        eyes.go(&sight.page, &FEW).await;
    }
    for wrong in [
        "/no-such-page",
        "/sync/history?state=x",
        "/sign-in?next=%00",
    ] {
        eyes.go(wrong, &FEW).await;
    }
    Admin::with_role(&app, Role::Viewer, None).await;
    eyes.browser.go("/").await;
    eyes.browser.leave().await;
    eyes.browser.sign_in("viewer@example.com", PASSWORD).await;
    eyes.reader = "-viewer";
    for page in ["/", "/admins", "/settings", "/health"] {
        eyes.go(page, &FEW).await;
    }
    eyes.ends("nothing yet, and errors");
}
