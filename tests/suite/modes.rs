//! The modes of a sync agree: what recent changes leave, a full sync finds right.

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::error::Result;
use alx_report_api::ids::{CourseId, UserId};
use alx_report_api::schema::progress;
use alx_report_api::time::now;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::client::{ACME, Client, complete, synced};

async fn sync(acme: &Client, body: Value) -> Value {
    let run = acme.post("/api/v1/syncs?wait=30", body).await.json();
    assert_eq!(run["state"], "succeeded", "{run}");
    run["statistics"].clone()
}

async fn changes(acme: &Client) -> Value {
    sync(acme, json!({"mode": "changes", "hours_back": 1})).await
}

async fn full(acme: &Client) -> Value {
    sync(acme, json!({"mode": "full"})).await
}

fn moodle(app: &TestApp, work: impl FnOnce(&mut MoodleBuilder) -> Result<()>) {
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).unwrap();
    moodle.all_or_nothing(work).unwrap();
}

fn course(moodle: &mut MoodleBuilder, name: &str) -> Result<CourseId> {
    moodle
        .number(&format!(
            "select id as number from mdl_course where fullname = '{name}'"
        ))
        .map(CourseId)
}

/// The state of each of a user's rows.
async fn states(app: &TestApp, user: i64) -> Vec<String> {
    let of_user = move |conn: &mut _| {
        Ok(progress::table
            .filter(
                progress::company_id
                    .eq(ACME)
                    .and(progress::user_id.eq(user)),
            )
            .order(progress::course_id)
            .select(progress::state)
            .load(conn)?)
    };
    app.app.db.run(of_user).await.unwrap()
}

#[actix_web::test]
async fn recent_changes_find_the_moved_the_new_and_the_gone_and_a_full_sync_finds_nothing_more() {
    let (app, acme) = synced().await;
    complete(&app, 17, "Fire safety");
    moodle(&app, |moodle| {
        let fire = course(moodle, "Fire safety")?;
        moodle.execute(&format!(
            "update mdl_user set lastname = 'Renamed', timemodified = {} where id = 18",
            now()
        ))?;
        moodle.unenrol(UserId(21), fire)?;
        let newcomer = moodle.user_as(UserId(30), "New", "Comer")?;
        moodle.member(ACME, newcomer)?;
        moodle.enrol(newcomer, fire, 1_700_000_000)
    });

    let found = changes(&acme).await;
    let left = full(&acme).await;

    let counts = |of: &Value| {
        ["created", "updated", "deleted"].map(|kind| of[format!("records_{kind}")].clone())
    };
    assert_eq!(counts(&found), [json!(1), json!(3), json!(1)], "{found}");
    assert_eq!(left["total_processed"], 0, "{left}");
    assert_eq!(left["records_unchanged"], 6);
    assert_eq!(states(&app, 21).await, ["left", "active"]);
}

#[actix_web::test]
async fn a_row_that_ends_keeps_the_reason_and_comes_back_when_the_reason_is_gone() {
    let (app, acme) = synced().await;
    moodle(&app, |moodle| moodle.suspend(UserId(17), now()));
    moodle(&app, |moodle| moodle.delete_user(UserId(18), now()));

    let ended = changes(&acme).await;
    let (suspended, deleted) = (states(&app, 17).await, states(&app, 18).await);
    moodle(&app, |moodle| {
        moodle.execute("update mdl_user set suspended = 0 where id = 17")
    });
    let back = full(&acme).await;

    assert_eq!(
        (&ended["records_deleted"], &back["records_created"]),
        (&json!(4), &json!(2)),
        "{ended} {back}"
    );
    assert_eq!(
        (suspended, deleted),
        (
            vec!["suspended".to_owned(); 2],
            vec!["deleted".to_owned(); 2]
        )
    );
    assert_eq!(states(&app, 17).await, ["active", "active"]);
}

#[actix_web::test]
async fn a_second_sync_of_either_mode_changes_nothing() {
    let (_app, acme) = synced().await;

    let [changes, full] = [changes(&acme).await, full(&acme).await];

    for statistics in [changes, full] {
        assert_eq!(
            (
                &statistics["total_processed"],
                &statistics["records_unchanged"]
            ),
            (&json!(0), &json!(6))
        );
        assert_eq!(statistics["version_before"], statistics["version_after"]);
    }
}
