//! Somebody who presses every button, with whatever is in the form, with nothing, and with rubbish.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use alx_report_api::db::Conn;
use alx_report_api::schema::login_failures;
use diesel::RunQueryDsl as _;

use super::TestApp;
use super::admin::{Admin, Answer, PASSWORD};
use super::crawl::{Walk, kind};
use super::html::{self, Form};

/// What ends what the others stand on, so it comes last.
const LAST: [&str; 9] = [
    "undo",
    "erase",
    "revoke",
    "delete",
    "/admins/",
    "disable",
    "remove",
    "sign-out",
    "account/password",
];

/// What somebody types who does not care.
const RUBBISH: [&str; 5] = [
    "-1",
    "99999999999999999999",
    "🎓\u{202e}مرحبا",
    "\"'><script>alert(1)</script>{{7*7}}",
    "\u{7}\r\nX: y",
];

/// How a form is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filling {
    /// Every field blank and every box without its tick.
    Blank,
    /// The same text in every field that takes text.
    Typed(usize),
    /// More than any field takes.
    Long,
    /// Rubbish also where nobody can type.
    Forged,
    /// A character that no text can have.
    Nul,
    /// No field at all.
    Nothing,
    /// As it comes.
    Own,
}

use Filling::{Blank, Forged, Long, Nothing, Nul, Own, Typed};

/// One somebody, and what they found.
pub struct Presser<'a> {
    app: &'a TestApp,
    email: String,
    admin: Admin,
    /// What is wrong.
    pub wrong: Vec<String>,
    /// The kinds of addresses that something was sent to.
    pub sent: BTreeSet<String>,
    /// Pages that came after forms.
    pub after: BTreeMap<String, Answer>,
}

impl<'a> Presser<'a> {
    /// Somebody who is signed in.
    pub fn new(app: &'a TestApp, admin: Admin, email: &str) -> Self {
        Self {
            app,
            email: email.to_owned(),
            admin,
            wrong: Vec::new(),
            sent: BTreeSet::new(),
            after: BTreeMap::new(),
        }
    }

    /// Presses every button of a walk, and those of the pages that come then: the first of a kind in every way.
    pub async fn press(&mut self, walk: Walk) {
        let mut all: Vec<(String, Form)> = walk.forms.into_values().collect();
        // What is below an address comes before it: it may end what they are about.
        all.sort_by_key(|(_, form)| (place(form), Reverse(form.action.clone())));
        let (mut queue, mut known) = (VecDeque::from(all), BTreeSet::new());
        while let Some((page, form)) = queue.pop_front() {
            let is_new = known.insert((kind(&form.action), form.label.clone()));
            if !is_new && page.is_empty() {
                continue;
            }
            let ways = if is_new { ways(&form) } else { vec![Own] };
            let next = self.every_way(&page, form, ways).await;
            queue.extend(next.into_iter().map(|form| (String::new(), form)));
        }
    }

    /// Fills one form in these ways; gives the forms of the pages that came.
    async fn every_way(&mut self, page: &str, form: Form, ways: Vec<Filling>) -> Vec<Form> {
        let mut next = Vec::new();
        let mut now = None;
        for way in ways {
            if way == Own || now.is_none() {
                now = self.as_it_is(page, &form).await;
            }
            let Some(form) = &now else {
                break;
            };
            let answer = self.send(form, way).await;
            let from = kind(&form.action);
            let known = self.wrong.len();
            self.judge(page, form, way, &answer).await;
            for wrong in &self.wrong[known..] {
                super::say(&format!("{}: {wrong}", self.email)); // at once: the walk lasts
            }
            let changed = answer.status == 303;
            let led = self.after.get(&kind(answer.location())).filter(|_| changed);
            let shown = match matches!(answer.status, 200 | 422) {
                true => Some(&answer),
                false => led,
            };
            if let Some(page) = shown {
                let found = html::forms(&page.body, &form.action);
                next.extend(found.into_iter().filter(|one| one.method == "post"));
            }
            if !changed {
                self.after.insert(format!("{from} {way:?}"), answer);
            }
            self.come_back(form).await;
            if changed {
                now = None;
            }
        }
        next
    }

    /// What was done meanwhile may have taken the form away, and then nobody can send it.
    async fn as_it_is(&self, page: &str, form: &Form) -> Option<Form> {
        if page.is_empty() {
            return Some(self.with_my_token(form).await);
        }
        let now = self.admin.get(page).await;
        let words = |form: &Form| {
            form.label
                .replace(|letter: char| letter.is_ascii_digit(), "")
        };
        let same = |now: &Form| now.action == form.action && words(now) == words(form);
        html::forms(&now.body, page).into_iter().find(same)
    }

    async fn send(&mut self, form: &Form, way: Filling) -> Answer {
        self.sent.insert(kind(&form.action));
        let csrf = form.fields.iter().find(|(name, _)| name == "csrf");
        let csrf = csrf.map_or(String::new(), |(_, value)| value.clone());
        let filled = filled(form, way);
        let fields: Vec<(&str, &str)> = filled
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.admin
            .post_with(&form.action, &csrf, &fields, &[])
            .await
    }

    /// A page after a form may be of an earlier session.
    async fn with_my_token(&self, form: &Form) -> Form {
        let page = self.admin.get("/changes").await;
        let token = page.between("name=\"csrf\" value=\"", "\"");
        let mut form = form.clone();
        for (name, value) in &mut form.fields {
            if name == "csrf" {
                value.clone_from(&token);
            }
        }
        form
    }

    async fn judge(&mut self, page: &str, form: &Form, way: Filling, answer: &Answer) {
        let what = format!(
            "{:?} on {page} to {} with {way:?}: {}",
            form.label, form.action, answer.status
        );
        if answer.status >= 500 {
            self.wrong.push(what);
            return;
        }
        if matches!(way, Nothing | Forged | Nul) {
            return;
        }
        match answer.status {
            303 => self.follow(&what, answer).await,
            200 | 409 => {}
            429 if form.action.contains("password") || form.action.contains("second-factor") => {}
            404 if form.action.ends_with("/delete") => {} // another page had the same button
            422 => {
                let (marked, silent) = html::mistakes(&answer.body);
                if marked == 0 || !silent.is_empty() {
                    self.wrong.push(format!("{what} names no field {silent:?}"));
                }
            }
            _ => {
                let why = answer.body.split("<h1>").nth(1).unwrap_or_default();
                let why: String = why.chars().take(200).collect();
                self.wrong.push(format!("{what} {why}"));
            }
        }
    }

    async fn follow(&mut self, what: &str, answer: &Answer) {
        if answer.location().starts_with("/sign-in") {
            return;
        }
        let led = self.admin.get(answer.location()).await;
        if led.status != 200 && led.status != 303 {
            let (to, status) = (answer.location(), led.status);
            self.wrong
                .push(format!("{what} leads to {to}, which answers {status}"));
        }
        self.after.insert(kind(answer.location()), led);
    }

    /// Signs in again where the form ended the session.
    async fn come_back(&mut self, form: &Form) {
        let ends = ["/account", "/admins", "/sign-out"];
        if !ends.iter().any(|ends| form.action.starts_with(ends)) {
            return;
        }
        let out = self.admin.get("/account").await.status == 303;
        if out || form.action == "/sign-out" {
            self.forgive().await;
            let mut again = Admin::stranger(self.app);
            let answer = again.sign_in(&self.email, PASSWORD).await;
            assert_eq!(answer.status, 303, "after {}: {}", form.action, answer.body);
            self.admin = again;
        }
    }

    /// Forgets the wrong passwords and codes that the forms were filled with.
    async fn forgive(&self) {
        let forget = |conn: &mut Conn| Ok(diesel::delete(login_failures::table).execute(conn)?);
        self.app.app.db.change(forget).await.unwrap();
    }
}

/// Every way in which a form can be filled, as it comes last.
fn ways(form: &Form) -> Vec<Filling> {
    let mut ways = vec![Nothing, Forged];
    if !form.typed.is_empty() || !form.ticked.is_empty() {
        ways.extend([Blank, Nul, Long]);
    }
    if !form.typed.is_empty() {
        ways.extend((0..RUBBISH.len()).map(Typed));
    }
    ways.push(Own);
    ways
}

fn place(form: &Form) -> usize {
    let last = LAST.iter().rposition(|word| form.action.contains(word));
    last.map_or(0, |place| place + 1)
}

fn filled(form: &Form, way: Filling) -> Vec<(String, String)> {
    let long = "W".repeat(5000);
    let fields = form.fields.iter().filter(|(name, _)| name != "csrf");
    let filled = fields.filter_map(|(name, value)| {
        let (typed, ticked) = (form.typed.contains(name), form.ticked.contains(name));
        let value = match way {
            Own => value,
            Nothing => return None,
            Forged => "99999999999999999999🎓",
            Blank if ticked => return None,
            Blank if typed => "",
            Typed(which) if typed => RUBBISH[which],
            Long if typed => &long,
            Nul if typed => "a\0b",
            _ => value,
        };
        Some((name.clone(), value.to_owned()))
    });
    filled.collect()
}
