//! Undo: the last run of a company is taken back, as a run of its own.

use std::collections::BTreeMap;

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::error::Result;
use alx_report_api::ids::{CourseId, UserId};
use alx_report_api::schema::{audit_log, sync_changes, sync_runs, sync_schedules};
use alx_report_api::time::now;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::client::{ACME, Client, complete, synced};

fn moodle(app: &TestApp, work: impl FnOnce(&mut MoodleBuilder) -> Result<()>) {
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).unwrap();
    moodle.all_or_nothing(work).unwrap();
}

/// The rows that the API shows, without when and by which version they came.
async fn rows(acme: &Client) -> Vec<Value> {
    let mut rows = acme.get("/api/v1/progress?limit=1000").await.json()["items"]
        .as_array()
        .unwrap()
        .clone();
    for row in &mut rows {
        row.as_object_mut().unwrap().remove("changed_at");
    }
    rows
}

async fn last_run(acme: &Client) -> String {
    acme.get("/api/v1/syncs").await.json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn undo(admin: &Admin, run: &str) -> Answer {
    let sent = admin.post(&format!("/sync/runs/{run}/undo"), &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    admin.get(sent.location()).await
}

/// One row added, one updated, two removed, one back from a tombstone.
async fn changed() -> (TestApp, Client, Admin, Vec<Value>) {
    let (app, acme) = synced().await;
    let fire = |moodle: &mut MoodleBuilder| {
        Ok::<_, alx_report_api::error::Error>(CourseId(
            moodle.number("select id as number from mdl_course where fullname = 'Fire safety'")?,
        ))
    };
    moodle(&app, |moodle| {
        let fire = fire(moodle)?;
        moodle.unenrol(UserId(21), fire)
    });
    acme.sync().await;
    let before = rows(&acme).await;
    complete(&app, 17, "Fire safety");
    moodle(&app, |moodle| {
        let fire = fire(moodle)?;
        moodle.leave(ACME, UserId(18))?;
        moodle.enrol(UserId(21), fire, now() - 50)?;
        let new = moodle.user_as(UserId(30), "New", "Comer")?;
        moodle.member(ACME, new)?;
        moodle.enrol(new, fire, now() - 60)
    });
    acme.sync().await;
    let admin = Admin::signed_in(&app).await;
    (app, acme, admin, before)
}

#[actix_web::test]
async fn an_undo_brings_the_rows_back_as_they_were_and_a_sync_brings_the_changes_in_again() {
    let (_app, acme, admin, before) = changed().await;
    let after = rows(&acme).await;
    let run = last_run(&acme).await;

    let confirm = admin.get(&format!("/sync/runs/{run}/undo")).await;
    let page = undo(&admin, &run).await;
    let undone = rows(&acme).await;
    acme.sync().await;

    assert!(
        confirm.says("2 rows that it added are taken out")
            && confirm.says("1 row that it updated says again")
            && confirm.says("2 rows that it took away come back"),
        "{}",
        confirm.body
    );
    assert!(page.says("Undo") && page.says("Succeeded"), "{}", page.body);
    assert_eq!(undone, before);
    assert_eq!(rows(&acme).await, after);
}

#[actix_web::test]
async fn an_undo_after_an_undo_goes_back_to_the_moment_of_the_first() {
    let (app, acme, admin, _) = changed().await;
    let as_of = async || acme.get("/api/v1/summary").await.json()["as_of"]["synced_at"].clone();
    let set = async |id: String, at: i64| {
        let moved = app.app.db.change(move |conn| {
            diesel::update(sync_runs::table.find(&id))
                .set(sync_runs::snapshot_at.eq(at))
                .execute(conn)?;
            Ok(())
        });
        moved.await.unwrap();
    };
    let runs = acme.get("/api/v1/syncs").await.each("id");
    let (second, first) = (runs[0].as_str().unwrap(), runs[1].as_str().unwrap());
    set(first.to_owned(), 1_700_000_000).await;
    set(second.to_owned(), 1_750_000_000).await;
    undo(&admin, second).await;
    let after_first = as_of().await;
    complete(&app, 17, "Fire safety");
    let wish = json!({"mode": "changes", "hours_back": 24});
    acme.post("/api/v1/syncs?wait=30", wish).await;
    let third = last_run(&acme).await;

    let page = undo(&admin, &third).await;

    assert!(page.says("Succeeded"), "{}", page.body);
    assert_eq!(after_first, "2023-11-14T22:13:20Z");
    assert_eq!(as_of().await, after_first);
}

#[actix_web::test]
async fn the_log_of_an_undo_replays_forwards_and_backwards() {
    let (app, acme, admin, _) = changed().await;
    let run = last_run(&acme).await;
    undo(&admin, &run).await;

    type Line = (i64, i64, i64, Option<String>, Option<String>);
    let lines: Vec<Line> = app
        .app
        .db
        .run(|conn| {
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
        })
        .await
        .unwrap();

    let mut now: BTreeMap<(i64, i64), serde_json::Map<String, Value>> = BTreeMap::new();
    for (place, (seq, user, course, before, after)) in (1..).zip(&lines) {
        assert_eq!(*seq, place, "versions follow one another");
        let row = now.entry((*user, *course)).or_insert_with(|| {
            [("state".to_owned(), json!("active"))]
                .into_iter()
                .collect()
        });
        let side = |text: &Option<String>| {
            text.as_ref()
                .map(|text| serde_json::from_str::<serde_json::Map<String, Value>>(text).unwrap())
                .unwrap_or_default()
        };
        for (name, value) in side(before) {
            assert_eq!(
                row.get(&name),
                Some(&value),
                "{seq}: {name} was as the log says"
            );
        }
        row.extend(side(after));
    }
    let stored = acme
        .get("/api/v1/progress?state=any&limit=1000")
        .await
        .json();
    for row in stored["items"].as_array().unwrap() {
        let replayed = &now[&(
            row["userid"].as_i64().unwrap(),
            row["courseid"].as_i64().unwrap(),
        )];
        for name in ["state", "status", "percentage", "lastname", "coursename"] {
            assert_eq!(replayed[name], row[name], "{name}");
        }
    }
    let newcomer = &now.iter().find(|((user, _), _)| *user == 30).unwrap().1["state"];
    assert_eq!(newcomer, "withdrawn");
}

#[actix_web::test]
async fn only_the_last_published_sync_of_a_day_can_be_taken_back_and_once() {
    let (app, acme, admin, _) = changed().await;
    let runs: Vec<String> = acme.get("/api/v1/syncs").await.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["id"].as_str().unwrap().to_owned())
        .collect();
    let refused = async |run: &str, why: &str| {
        let page = admin.get(&format!("/sync/runs/{run}/undo")).await;
        assert!(
            page.says(why) && !page.body.contains("<button class=\"danger\">"),
            "{why}: {}",
            page.body
        );
        let page = undo(&admin, run).await;
        assert!(
            page.says("Failed") && page.says("Nothing was changed"),
            "{}",
            page.body
        );
    };
    let button = |page: &Answer, run: &str| page.body.contains(&format!("/sync/runs/{run}/undo\""));

    assert!(button(
        &admin.get(&format!("/sync/runs/{}", runs[0])).await,
        &runs[0]
    ));
    assert!(!button(
        &admin.get(&format!("/sync/runs/{}", runs[1])).await,
        &runs[1]
    ));
    refused(&runs[1], "others were published after these").await;
    let last = runs[0].clone();
    app.app
        .db
        .change(move |conn| {
            diesel::update(sync_runs::table.find(&last))
                .set(sync_runs::finished_at_ms.eq(1_000))
                .execute(conn)?;
            Ok(())
        })
        .await
        .unwrap();
    refused(&runs[0], "ended more than a day ago").await;
    assert_eq!(
        admin
            .get("/sync/runs/0123456789abcdef0123456789abcdef/undo")
            .await
            .status,
        404
    );
}

#[actix_web::test]
async fn an_undo_is_done_once_and_cannot_be_taken_back_itself() {
    let (_app, acme, admin, before) = changed().await;
    let run = last_run(&acme).await;

    let first = admin.post(&format!("/sync/runs/{run}/undo"), &[]).await;
    let second = admin.post(&format!("/sync/runs/{run}/undo"), &[]).await;
    let page = admin.get(&format!("{}/undo", first.location())).await;

    assert_eq!(first.location(), second.location());
    assert_eq!(rows(&acme).await, before);
    assert!(page.says("An undo cannot be taken back"), "{}", page.body);
}

#[actix_web::test]
async fn an_undo_that_another_sync_overtook_fails_with_a_clear_sentence() {
    let (app, acme, admin, _) = changed().await;
    let run = last_run(&acme).await;
    let confirm = admin.get(&format!("/sync/runs/{run}/undo")).await;
    assert!(confirm.says("Undo this sync?"));
    complete(&app, 17, "Données / Privacy <b>");
    acme.sync().await;
    let after = rows(&acme).await;

    let page = undo(&admin, &run).await;

    assert!(
        page.says("Failed") && page.says("others were published after these"),
        "{}",
        page.body
    );
    assert_eq!(rows(&acme).await, after);
}

#[actix_web::test]
async fn an_undo_pauses_the_schedule_and_is_audited() {
    let (app, acme, admin, _) = changed().await;
    let run = last_run(&acme).await;
    app.app
        .db
        .change(|conn| {
            diesel::insert_into(sync_schedules::table)
                .values((
                    sync_schedules::company_id.eq(ACME),
                    sync_schedules::rhythm.eq("daily"),
                    sync_schedules::every_minutes.eq(60),
                    sync_schedules::at_minute.eq(0),
                    sync_schedules::zone.eq("UTC"),
                    sync_schedules::mode.eq("full"),
                    sync_schedules::next_run_at.eq(now() + 9_999),
                    sync_schedules::changed_at.eq(0),
                    sync_schedules::changed_by.eq("test"),
                ))
                .execute(conn)?;
            Ok(())
        })
        .await
        .unwrap();

    let confirm = admin.get(&format!("/sync/runs/{run}/undo")).await;
    undo(&admin, &run).await;

    assert!(confirm.says("schedule gets paused"), "{}", confirm.body);
    let found = app
        .app
        .db
        .run(|conn| {
            let schedule: (Option<i64>, Option<String>, Option<i64>) = sync_schedules::table
                .select((
                    sync_schedules::paused_at,
                    sync_schedules::paused_by,
                    sync_schedules::next_run_at,
                ))
                .get_result(conn)?;
            let audited: (String, String) = audit_log::table
                .filter(audit_log::action.eq("sync_undone"))
                .select((audit_log::actor, audit_log::subject))
                .get_result(conn)?;
            Ok((schedule, audited))
        })
        .await
        .unwrap();
    assert!(found.0.0.is_some() && found.0.2.is_none());
    assert_eq!(found.0.1.as_deref(), Some("grace@example.com"));
    assert_eq!(found.1, ("grace@example.com".to_owned(), run));
}

#[actix_web::test]
async fn undoing_the_first_sync_leaves_a_company_without_rows_until_the_next() {
    let (app, acme) = synced().await;
    let admin = Admin::signed_in(&app).await;

    undo(&admin, &last_run(&acme).await).await;
    let none = rows(&acme).await;
    let withdrawn = acme.get("/api/v1/progress?state=withdrawn").await;
    acme.sync().await;

    assert_eq!(none, Vec::<Value>::new());
    assert_eq!(withdrawn.each("state").len(), 6);
    assert_eq!(rows(&acme).await.len(), 6);
}
