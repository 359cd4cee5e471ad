//! An instance in which every page has something to show: every state that there is, with good names or bad ones.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use actix_web::rt::time::sleep;
use alx_report_api::admins::{self, Role};
use alx_report_api::config::Config;
use alx_report_api::demo;
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::demo::store::DemoLearner;
use alx_report_api::ids::{CompanyId, UserId};
use alx_report_api::schema;
use alx_report_api::time::now;
use diesel::prelude::*;
use serde_json::json;

use super::TestApp;
use super::admin::{Admin, Answer, EMAIL, PASSWORD};
use super::client::{ACME, Client};

/// It has an undone run and a paused schedule.
pub const HOSTILE: i64 = 7;
/// Its latest sync failed. 44, another one, was never synced.
const FAILING: i64 = 43;
/// Its latest sync would remove everybody and waits.
const LEFT: i64 = 45;
const DAY: i64 = 86_400;

/// The demo's Moodle, with names such as people give.
pub async fn furnished() -> (TestApp, Admin) {
    furnish(|_| {}, "Nightly").await
}

/// The same where everything that anybody may name is named [`evil`].
pub async fn hostile() -> (TestApp, Admin) {
    let short: String = evil().chars().take(98).collect();
    furnish(rename, &short).await
}

/// 255 characters that try everything: markup, quotes, templates, formats, turned text, and no place to break a line.
pub fn evil() -> String {
    let tries =
        "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}${7*7}%s\u{202e}مرحبا🎓";
    let rest = 255 - tries.chars().count();
    format!("{tries}{}", "W".repeat(rest))
}

fn rename(moodle: &mut MoodleBuilder) {
    let name = evil().replace('\'', "''");
    let rename = format!(
        "update mdl_company set name = '{name}', shortname = substr('{name}', 1, 25) || id;
         update mdl_department set name = '{name}';
         update mdl_role set name = '{name}';
         update mdl_course set fullname = '{name}' where id > 1;
         update mdl_user set firstname = substr('{name}', 1, 100), lastname = substr('{name}', 1, 100),
            username = substr('{name}', 1, 90) || id, email = substr('{name}', 1, 80) || '@example.com'"
    );
    moodle.execute(&rename).expect("other names");
}

async fn furnish(change: fn(&mut MoodleBuilder), word: &str) -> (TestApp, Admin) {
    let made = move |file: &Path| {
        demo::store::create(file).expect("the demo's Moodle");
        let mut moodle = MoodleBuilder::open(file).expect("the same");
        moodle
            .all_or_nothing(many_who_will_leave)
            .expect("one more company");
        change(&mut moodle);
    };
    let change = |config: &mut Config| config.demo = Some(config.data_dir.join("moodle.db"));
    let app = TestApp::start(made, change).await;
    let admin = Admin::signed_in(&app).await;
    let mut elsewhere = Admin::stranger(&app);
    elsewhere.sign_in(EMAIL, PASSWORD).await;
    admin.post("/companies/look-up", &[]).await;
    app.deliver(ACME, json!({"calls_per_token": 0, "calls_per_company": 0}))
        .await;
    syncs(&app, &admin).await;
    batches(&admin).await;
    tokens(&app, &admin, word).await;
    people(&app, &admin).await;
    views(&admin, word).await;
    schedules(&admin).await;
    wrong_ends(&app, &admin).await;
    alerts(&app, &admin, word).await;
    admin.post("/people/17/erase", &[]).await;
    (app, admin)
}

fn many_who_will_leave(moodle: &mut MoodleBuilder) -> alx_report_api::error::Result<()> {
    let company = moodle.company_as(CompanyId(LEFT), "Epsilon Vertrieb")?;
    let course = moodle.course("Sales")?;
    moodle.give_course(company, course)?;
    for id in 400..460 {
        let user = moodle.user_as(UserId(id), "Leaver", &format!("Number {id}"))?;
        moodle.member(company, user)?;
        moodle.enrol(user, course, now() - 40 * DAY)?;
    }
    Ok(())
}

async fn syncs(app: &TestApp, admin: &Admin) {
    for company in [ACME.0, HOSTILE, FAILING, LEFT] {
        synced(admin, company, "full").await;
    }
    synced(admin, 42, "changes").await;
    complete(app, admin, 21..=21).await;
    synced(admin, 42, "full").await;
    complete(app, admin, 200..=209).await;
    let run = synced(admin, HOSTILE, "full").await;
    let undone = admin.post(&format!("{run}/undo"), &[]).await;
    ended(admin, undone.location()).await;
    let fields = [
        ("company", "42"),
        ("mode", "full"),
        ("dry_run", "true"),
        ("key", "a preview"),
    ];
    let preview = admin.post("/sync", &fields).await;
    ended(admin, preview.location()).await;
}

/// Lets one of these learners complete a course.
async fn complete(app: &TestApp, admin: &Admin, who: RangeInclusive<i64>) {
    let learners = demo::store::learners(&app.moodle_file()).expect("learners");
    let open = |one: &&DemoLearner| who.contains(&one.id.0) && !one.open.is_empty();
    let one = learners.iter().find(open).expect("an open course");
    let (user, course) = (one.id.to_string(), one.open[0].id.to_string());
    let fields = [("user_id", user.as_str()), ("course_id", course.as_str())];
    let done = admin.post("/demo/complete", &fields).await;
    assert_eq!(done.status, 303, "{}", done.body);
}

async fn synced(admin: &Admin, company: i64, mode: &str) -> String {
    let run = admin.sync(company, mode).await;
    ended(admin, &run).await;
    run
}

/// Waits until a page shows something that has ended.
pub async fn ended(admin: &Admin, address: &str) -> Answer {
    for _ in 0..300 {
        let page = admin.get(address).await;
        let moves = page.body.contains("http-equiv=\"refresh\"");
        if page.status == 200 && !moves && !page.body.contains("data-events") {
            return page;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("{address} never ends");
}

/// A preview of all companies: a real one would sync the company that never was.
async fn batches(admin: &Admin) {
    let fields = [
        ("mode", "changes"),
        ("hours_back", "24"),
        ("dry_run", "true"),
        ("key", "a preview of all"),
    ];
    let batch = admin.post("/sync/batches", &fields).await;
    assert_eq!(batch.status, 303, "{}", batch.body);
    ended(admin, batch.location()).await;
}

/// One that is used, one that ends soon, one that is revoked, one that is rotated; and what they were answered.
async fn tokens(app: &TestApp, admin: &Admin, word: &str) {
    for company in [ACME.0, HOSTILE] {
        let company = CompanyId(company);
        let client = Client::new(app, company, "read,changes,sync").await;
        Client::expiring(app, company, "read", Some(now() + 5 * DAY)).await;
        for name in [format!("{word} 1"), format!("{word} 2")] {
            let fields = [("name", name.as_str()), ("read", "on")];
            let made = admin
                .post(&format!("/companies/{company}/tokens"), &fields)
                .await;
            assert_eq!(made.status, 200, "{}", made.body);
        }
        for path in [
            "progress",
            "progress",
            "changes",
            "summary",
            "no-such",
            "progress?limit=0",
        ] {
            client.get(&format!("/api/v1/{path}")).await;
        }
        client.get("/odata/v4/Nothing").await;
        Client::with_token(app, "wrong").get("/api/v1/me").await;
        let last = last_tokens(app, company).await;
        let at = |token: i64, what: &str| format!("/companies/{company}/tokens/{token}/{what}");
        admin.post(&at(last[0], "revoke"), &[]).await;
        admin
            .post(&at(last[1], "rotate"), &[("overlap_hours", "24")])
            .await;
    }
    app.write_down().await;
}

/// The tokens of a company, the newest first.
async fn last_tokens(app: &TestApp, company: CompanyId) -> Vec<i64> {
    let read = app.app.db.run(move |conn| {
        let theirs = schema::api_tokens::table.filter(schema::api_tokens::company_id.eq(company));
        let newest = theirs.order(schema::api_tokens::id.desc());
        Ok(newest.select(schema::api_tokens::id).load(conn)?)
    });
    read.await.expect("tokens")
}

/// An admin of each role, one who may not sign in, and invitations.
async fn people(app: &TestApp, admin: &Admin) {
    for role in [
        Role::Viewer,
        Role::Operator,
        Role::CompanyManager,
        Role::Admin,
    ] {
        let email = format!("'ms.{role}'{{{{7}}}}@example.com");
        let company = (role == Role::CompanyManager).then_some(ACME);
        let make = app.app.db.change(move |conn| {
            let id = admins::create(conn, &email, PASSWORD, now())?;
            let disabled = (role == Role::Viewer).then(now);
            diesel::update(schema::admins::table.find(id))
                .set((
                    schema::admins::role.eq(role),
                    schema::admins::company_id.eq(company),
                    schema::admins::disabled_at.eq(disabled),
                ))
                .execute(conn)?;
            Ok(())
        });
        make.await.expect("an admin");
    }
    for (email, role, company) in [
        ("new@example.com", "viewer", ""),
        ("boss@example.com", "company_manager", "42"),
    ] {
        let fields = [("email", email), ("role", role), ("company", company)];
        let sent = admin.post("/admins", &fields).await;
        assert_eq!(sent.status, 200, "{}", sent.body);
    }
}

async fn views(admin: &Admin, word: &str) {
    for (company, query) in [
        (ACME.0, "status=completed&sort=changed&order=down"),
        (HOSTILE, "column=course&search=a"),
    ] {
        let name: String = word.chars().take(60).collect();
        let fields = [("name", name.as_str()), ("query", query)];
        let saved = admin
            .post(&format!("/companies/{company}/views"), &fields)
            .await;
        assert_eq!(saved.status, 303, "{}", saved.body);
    }
}

/// One that runs, one that somebody paused.
async fn schedules(admin: &Admin) {
    for (company, rhythm) in [(ACME.0, "minutes"), (HOSTILE, "daily")] {
        let fields = [
            ("rhythm", rhythm),
            ("every_minutes", "60"),
            ("minute", "0"),
            ("time", "02:00"),
            ("zone", "Europe/Berlin"),
            ("mode", "changes"),
        ];
        let address = format!("/companies/{company}/schedule");
        let set = admin.post(&address, &fields).await;
        assert_eq!(set.status, 303, "{}", set.body);
    }
    admin.post("/companies/7/schedule/pause", &[]).await;
}

/// Everybody leaves one company, and Moodle cannot be read while another is synced.
async fn wrong_ends(app: &TestApp, admin: &Admin) {
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).expect("the Moodle");
    let leave = format!("delete from mdl_company_users where companyid = {LEFT}");
    moodle.execute(&leave).expect("they leave");
    synced(admin, LEFT, "full").await;
    let away = "alter table mdl_course_completions rename to gone";
    moodle.execute(away).expect("it is away");
    synced(admin, FAILING, "full").await;
    let back = "alter table gone rename to mdl_course_completions";
    moodle.execute(back).expect("it is back");
}

/// One open, one acknowledged, one closed.
async fn alerts(app: &TestApp, admin: &Admin, word: &str) {
    app.deliver(ACME, json!({"calls_per_token": 1})).await;
    crate::alerts::look(app, now()).await;
    app.deliver(ACME, json!({"calls_per_token": 0})).await;
    let all = crate::alerts::alerts(app).await;
    assert!(all.len() > 2, "{all:?}");
    admin
        .post(&format!("/alerts/{}/acknowledge", all[0].id), &[])
        .await;
    let note = [("note", word)];
    admin
        .post(&format!("/alerts/{}/close", all[1].id), &note)
        .await;
}
