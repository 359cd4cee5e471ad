//! The sync engine as admins and clients meet it.

mod cancel;
mod clicks;
mod clock;
mod coverage;
mod erasing;
mod guard;
mod previews;
mod simulation;
mod source_dies;
mod store_dies;
mod two_processes;
mod unread;
mod watermark;

use std::path::Path;

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::UserId;
use alx_report_api::schema::{company_state, progress};
use diesel::prelude::*;
use serde_json::json;

use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::client::{ACME, Client, LONG_AGO};

/// How many learners the crowd has, each in one course.
const CROWD: i64 = 100;

/// Acme with a hundred learners in one course; their ids are 1001 to 1100.
fn crowd(file: &Path) {
    let mut moodle = MoodleBuilder::open(file).unwrap();
    moodle
        .all_or_nothing(|moodle| {
            moodle.company_as(ACME, "Acme")?;
            let fire = moodle.course("Fire safety")?;
            moodle.activities(fire, 2)?;
            moodle.give_course(ACME, fire)?;
            for number in 1..=CROWD {
                let user =
                    moodle.user_as(UserId(1000 + number), "Learner", &format!("{number:03}"))?;
                moodle.member(ACME, user)?;
                moodle.enrol(user, fire, LONG_AGO)?;
            }
            Ok(())
        })
        .unwrap();
}

/// An instance that has synced the crowd, an admin and a client.
async fn synced_crowd() -> (TestApp, Admin, Client) {
    let app = TestApp::with_moodle(crowd).await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    acme.sync().await;
    // Whoever waits for a run asks as often as a slow machine takes.
    app.deliver(ACME, json!({"calls_per_token": 0})).await;
    let admin = Admin::signed_in(&app).await;
    (app, admin, acme)
}

/// Any change of the test's Moodle, in SQL.
fn change(app: &TestApp, statements: &str) {
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).unwrap();
    moodle.execute(statements).unwrap();
}

/// Makes reading the enrolments last for a second or two.
fn slow(app: &TestApp) {
    slow_by(app, 5_000_000);
}

/// The same, by so many steps of a count: five million take about a second.
fn slow_by(app: &TestApp, steps: u32) {
    let count = format!(
        "alter table mdl_user_enrolments rename to real_enrolments;
         create view mdl_user_enrolments as select real_enrolments.* from real_enrolments,
         (with recursive n(i) as (select 1 union all select i + 1 from n where i < {steps})
          select count(*) as many from n) where many > 0"
    );
    change(app, &count);
}

/// How many active rows of Acme the store has, and under which version and stamp.
async fn stored(app: &TestApp) -> (i64, i64, String) {
    let read = app.app.db.run(|conn| {
        let rows = progress::table
            .filter(progress::company_id.eq(ACME))
            .filter(progress::state.eq("active"))
            .count()
            .get_result(conn)?;
        let (seq, stamp) = company_state::table
            .find(ACME)
            .select((company_state::seq, company_state::stamp))
            .get_result(conn)?;
        Ok((rows, seq, stamp))
    });
    read.await.unwrap()
}

/// Starts a run through the dashboard and gives the page it leads to, once it has ended.
async fn run(admin: &Admin, mode: &str, dry_run: bool) -> Answer {
    let key = alx_report_api::ids::random_hex::<8>();
    let hours = if mode == "changes" { "24" } else { "" };
    let fields = [
        ("company", "42"),
        ("mode", mode),
        ("hours_back", hours),
        ("dry_run", if dry_run { "true" } else { "false" }),
        ("key", &key),
    ];
    let started = admin.post("/sync", &fields).await;
    assert_eq!(started.status, 303, "{}", started.body);
    ended(admin, started.location()).await
}

/// The page of a run, once it has ended.
async fn ended(admin: &Admin, address: &str) -> Answer {
    for _ in 0..200 {
        let page = admin.get(address).await;
        if !page.body.contains("Look again") {
            return page;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the run {address} does not end");
}

/// The address of the run that a page is about.
fn address(page: &Answer) -> String {
    let id = page.between("action=\"/sync/runs/", "/");
    format!("/sync/runs/{id}")
}
