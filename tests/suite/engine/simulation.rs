//! Random histories of a Moodle and its syncs: after every full sync the store says what Moodle says, a second sync
//! changes nothing, the change log tells the whole story, forward and backward, and an undo leads
//! back to the very rows.

use std::collections::BTreeMap;

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::moodle::{Scope, Shape};
use alx_report_api::progress::derive::derive;
use alx_report_api::progress::{Content, Row};
use alx_report_api::schema::{progress, sync_changes};
use alx_report_api::time::now;
use diesel::prelude::*;
use serde_json::{Map, Value, json};

use super::{ended, stored};
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::{ACME, Client};
use crate::support::say;

/// What the log or the store says of every key: the row's fields with its state.
type Rows = BTreeMap<(i64, i64), Map<String, Value>>;

/// A small generator whose histories can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

const PEOPLE: u64 = 12;
const COURSES: u64 = 3;

fn site(file: &std::path::Path) {
    let mut moodle = MoodleBuilder::open(file).unwrap();
    let fill = |moodle: &mut MoodleBuilder| {
        moodle.company_as(ACME, "Acme")?;
        for number in 0..COURSES {
            let course = moodle.course(&format!("Course {number}"))?;
            moodle.activities(course, 3)?;
            moodle.give_course(ACME, course)?;
        }
        for number in 0..PEOPLE {
            let user = moodle.user("Person", &number.to_string())?;
            moodle.member(ACME, user)?;
            for course in 0..COURSES {
                if (number + course) % 2 == 0 {
                    let course = course_id(moodle, course)?;
                    moodle.enrol(user, course, now() - 90_000)?;
                }
            }
        }
        Ok(())
    };
    moodle.all_or_nothing(fill).unwrap();
}

fn course_id(
    moodle: &mut MoodleBuilder,
    number: u64,
) -> alx_report_api::error::Result<alx_report_api::ids::CourseId> {
    let find =
        format!("select id as number from mdl_course where fullname like 'Course {number}%'");
    moodle.number(&find).map(alx_report_api::ids::CourseId)
}

/// One thing that happens in a Moodle, most of which leave no time behind.
fn happen(app: &TestApp, dice: &mut Dice) {
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).unwrap();
    let user = format!(
        "(select id from mdl_user where lastname like '{}%' limit 1)",
        dice.roll(PEOPLE)
    );
    let course = format!(
        "(select id from mdl_course where fullname like 'Course {}%')",
        dice.roll(COURSES)
    );
    let (at, number) = (now(), dice.roll(1000));
    let statement = match dice.roll(12) {
        0 => format!(
            "update mdl_user set firstname = 'Name {number}', timemodified = {at} where id = {user}"
        ),
        1 => {
            format!("update mdl_company_users set suspended = 1 - suspended where userid = {user}")
        }
        2 => format!("update mdl_course set visible = 1 - visible where id = {course}"),
        3 => format!(
            "update mdl_user set suspended = 1 - suspended, timemodified = {at} where id = {user}"
        ),
        4 => format!(
            "delete from mdl_user_enrolments where userid = {user} and enrolid in (select id from mdl_enrol where courseid = {course})"
        ),
        5 => format!(
            "update mdl_course set fullname = 'Course ' || substr(fullname, 8, 1) || ' v{number}' where id = {course}"
        ),
        6 => format!(
            "delete from mdl_course_completions where userid = {user} and course = {course}"
        ),
        7 => format!(
            "update mdl_user_enrolments set status = 1 - status, timemodified = {at} where userid = {user}"
        ),
        8 => format!(
            "update mdl_course_modules set completion = 1 - (completion > 0) where course = {course}"
        ),
        9 => format!(
            "delete from mdl_course_completions where userid = {user} and course = {course}; \
                      insert into mdl_course_completions (userid, course, timeenrolled, timestarted, timecompleted, reaggregate) \
                      select {user}, {course}, 0, {at}, {at}, 0"
        ),
        10 => format!("update mdl_enrol set status = 1 - status where courseid = {course}"),
        _ => format!(
            "update mdl_course set enablecompletion = 1 - enablecompletion where id = {course}"
        ),
    };
    moodle.execute(&statement).unwrap();
}

/// What Moodle says now.
fn in_moodle(app: &TestApp) -> Rows {
    let moodle = app.app.moodle.as_ref().unwrap();
    let mut snapshot = moodle.snapshot().unwrap();
    let facts = snapshot
        .facts(ACME, &Shape::default(), &Scope::Everything)
        .unwrap();
    facts
        .map(|facts| {
            let facts = facts.unwrap();
            let key = (facts.key.user.0, facts.key.course.0);
            (key, fields(&derive(facts), "active"))
        })
        .collect()
}

fn fields(content: &Content, state: &str) -> Map<String, Value> {
    let mut fields = serde_json::to_value(content)
        .unwrap()
        .as_object()
        .unwrap()
        .clone();
    fields.insert("state".into(), state.into());
    fields
}

/// What the store has, tombstones included.
async fn in_store(app: &TestApp) -> Rows {
    let read = app.app.db.run(|conn| {
        let rows = progress::table.filter(progress::company_id.eq(ACME));
        Ok(rows.select(Row::as_select()).load(conn)?)
    });
    let rows: Vec<Row> = read.await.unwrap();
    let line = |row: Row| {
        (
            (row.user_id.0, row.course_id.0),
            fields(&row.content, row.state.as_str()),
        )
    };
    rows.into_iter().map(line).collect()
}

type Line = (i64, i64, i64, Option<String>, Option<String>);

async fn log(app: &TestApp) -> Vec<Line> {
    let read = app.app.db.run(|conn| {
        Ok(sync_changes::table
            .filter(sync_changes::company_id.eq(ACME))
            .order(sync_changes::seq)
            .select((
                sync_changes::seq,
                sync_changes::user_id,
                sync_changes::course_id,
                sync_changes::before,
                sync_changes::after,
            ))
            .load(conn)?)
    });
    read.await.unwrap()
}

fn side(text: Option<&String>) -> Option<Map<String, Value>> {
    text.map(|text| serde_json::from_str(text).unwrap())
}

/// The rows that the log leads to, from nothing.
fn forward(log: &[Line]) -> Rows {
    let mut rows = Rows::new();
    for (_, user, course, before, after) in log {
        let after = side(after.as_ref()).unwrap();
        let row = rows.entry((*user, *course)).or_default();
        assert_eq!(
            before.is_none(),
            row.is_empty(),
            "only a new row has no before"
        );
        if before.is_none() {
            row.insert("state".into(), "active".into());
        }
        row.extend(after);
    }
    rows
}

/// Takes the log's lines after a version back.
fn backward(mut rows: Rows, log: &[Line], to: i64) -> Rows {
    for (_, user, course, before, _) in log.iter().rev().filter(|line| line.0 > to) {
        match side(before.as_ref()) {
            None => drop(rows.remove(&(*user, *course))),
            Some(before) => rows.get_mut(&(*user, *course)).unwrap().extend(before),
        }
    }
    rows
}

fn active(rows: &Rows) -> Rows {
    let is_active = |row: &Map<String, Value>| row["state"] == "active";
    rows.iter()
        .filter(|(_, row)| is_active(row))
        .map(|(key, row)| (*key, row.clone()))
        .collect()
}

async fn sync(acme: &Client, body: Value) -> i64 {
    let run = acme.post("/api/v1/syncs?wait=30", body).await.json();
    assert_eq!(run["state"], "succeeded", "{run}");
    run["statistics"]["total_processed"].as_i64().unwrap()
}

/// Syncs and takes it back: the store is as before, but for rows that it had never seen, which are withdrawn.
async fn there_and_back(app: &TestApp, acme: &Client, admin: &Admin, seed: u64) {
    let before = in_store(app).await;
    let run = acme
        .post("/api/v1/syncs?wait=30", json!({"mode": "full"}))
        .await
        .json();
    let id = run["id"].as_str().unwrap();
    let undone = admin.post(&format!("/sync/runs/{id}/undo"), &[]).await;
    if run["statistics"]["total_processed"] == 0 {
        return;
    }
    assert_eq!(undone.status, 303, "seed {seed}: {}", undone.body);
    ended(admin, undone.location()).await;
    let (known, new): (Rows, Rows) = in_store(app)
        .await
        .into_iter()
        .partition(|(key, _)| before.contains_key(key));
    assert_eq!(known, before, "seed {seed}: the store before and after");
    assert!(
        new.values().all(|row| row["state"] == "withdrawn"),
        "seed {seed}: {new:?}"
    );
}

async fn one_history(seed: u64) {
    let mut dice = Dice(seed);
    let app = TestApp::with_moodle(site).await;
    let acme = Client::new(&app, ACME, "read,sync").await;
    let admin = Admin::signed_in(&app).await;
    let mut known: Vec<(i64, Rows)> = Vec::new();
    for _ in 0..8 {
        for _ in 0..=dice.roll(4) {
            happen(&app, &mut dice);
        }
        if dice.roll(2) == 0 {
            sync(&acme, json!({"mode": "cleanup"})).await;
        }
        if dice.roll(2) == 0 {
            sync(&acme, json!({"mode": "changes", "hours_back": 1})).await;
        }
        if dice.roll(2) == 0 {
            there_and_back(&app, &acme, &admin, seed).await;
        }
        sync(&acme, json!({"mode": "full"})).await;
        let rows = in_store(&app).await;
        assert_eq!(
            active(&rows),
            in_moodle(&app),
            "seed {seed}: the store says what Moodle says"
        );
        assert_eq!(
            sync(&acme, json!({"mode": "full"})).await,
            0,
            "seed {seed}: a second sync"
        );
        known.push((stored(&app).await.1, rows));
    }

    let log = log(&app).await;

    let (_, last) = known.last().unwrap().clone();
    assert_eq!(forward(&log), last, "seed {seed}: forward");
    for (version, rows) in &known {
        assert_eq!(
            &backward(last.clone(), &log, *version),
            rows,
            "seed {seed}: back to {version}"
        );
    }
}

#[actix_web::test]
async fn random_histories_end_with_the_store_equal_to_moodle_and_a_log_that_tells_them() {
    let start = now().unsigned_abs();
    say(&format!("random histories from seed {start}"));

    for seed in start..start + 12 {
        one_history(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1).await;
    }
}
