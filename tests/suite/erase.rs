//! Erasing a person: nothing of them is left in the store, and no sync brings them back.

use alx_report_api::companies;
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::UserId;
use alx_report_api::moodle::RowState;
use alx_report_api::schema::{audit_log, progress, sync_plan_lines, sync_runs, sync_unread};
use alx_report_api::sync::{RunState, traces};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::{ACME, Client, OTHER, complete, two_companies};

/// Ada is in both companies, has changed since, and stands in a plan and among the unreadable rows.
async fn known() -> (TestApp, Client, Client, Admin) {
    let app = TestApp::with_moodle(|file| {
        two_companies(file);
        let mut moodle = MoodleBuilder::open(file).unwrap();
        moodle.member(OTHER, UserId(17)).unwrap();
    })
    .await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    let other = Client::new(&app, OTHER, "read,changes,sync").await;
    acme.sync().await;
    other.sync().await;
    complete(&app, 17, "Fire safety");
    acme.sync().await;
    let planted = app.app.db.change(|conn| {
        let run: String = sync_runs::table
            .select(sync_runs::id)
            .limit(1)
            .get_result(conn)?;
        diesel::insert_into(sync_plan_lines::table)
            .values((
                sync_plan_lines::run_id.eq(&run),
                sync_plan_lines::place.eq(1),
                sync_plan_lines::user_id.eq(17),
                sync_plan_lines::course_id.eq(1),
                sync_plan_lines::kind.eq("updated"),
                sync_plan_lines::after.eq("{\"lastname\":\"Lovelace\"}"),
            ))
            .execute(conn)?;
        diesel::insert_into(sync_unread::table)
            .values((
                sync_unread::run_id.eq(&run),
                sync_unread::user_id.eq(17),
                sync_unread::course_id.eq(1),
                sync_unread::reason.eq("Lovelace is broken"),
            ))
            .execute(conn)?;
        Ok(())
    });
    planted.await.unwrap();
    let admin = Admin::signed_in(&app).await;
    (app, acme, other, admin)
}

async fn erase(admin: &Admin) -> String {
    let sent = admin.post("/people/17/erase", &[]).await;
    assert_eq!(
        (sent.status, sent.location()),
        (303, "/people/17/erasure"),
        "{}",
        sent.body
    );
    admin.get(sent.location()).await.body
}

async fn totals(app: &TestApp) -> Vec<i64> {
    let read = app.app.db.run(|conn| {
        let states = companies::store::list(conn)?;
        Ok(states
            .into_iter()
            .map(|(_, state)| state.totals.enrolments)
            .collect())
    });
    read.await.unwrap()
}

#[actix_web::test]
async fn the_confirmation_says_what_is_stored_and_what_is_not_reached() {
    let (_app, _, _, admin) = known().await;

    let page = admin.get("/people/17/erase").await;
    let nobody = admin.get("/people/4711/erase").await;

    assert!(
        page.says("2 companies with data of this person") && page.says("Lovelace"),
        "{}",
        page.body
    );
    for missed in ["Moodle itself", "Backups", "exported", "proxies"] {
        assert!(page.says(missed), "{missed}");
    }
    assert!(
        nobody.says("Nothing at all is stored of a person with id 4711"),
        "{}",
        nobody.body
    );
    assert!(nobody.says("Block this id from ever being synced"));
    assert!(!nobody.says("Erase this person"));
}

#[actix_web::test]
async fn after_an_erasure_nothing_is_left_but_the_id() {
    let (app, acme, other, admin) = known().await;
    let before = totals(&app).await;

    let proof = erase(&admin).await;

    assert!(
        proof.contains("Nothing is stored of this person but the id."),
        "{proof}"
    );
    assert!(proof.contains("<bdi>grace@example.com</bdi>"));
    for table in [
        "progress",
        "sync_changes",
        "sync_plan_lines",
        "sync_unread",
        "sync_runs",
        "audit_log",
        "erasures",
    ] {
        assert!(proof.contains(&format!("<code>{table}</code>")), "{table}");
    }
    for beyond in ["VACUUM", "Backups", "Moodle itself"] {
        assert!(proof.contains(beyond), "{beyond}");
    }
    let searched = app
        .app
        .db
        .run(|conn| traces::search(conn, UserId(17)))
        .await
        .unwrap();
    assert!(
        searched.iter().all(|table| table.telling.unwrap_or(0) == 0),
        "{searched:?}"
    );
    let history = admin.get("/sync/history").await.body;
    let mut shown = String::new();
    for run in history.split("href=\"/sync/runs/").skip(1) {
        let run = run.split('"').next().unwrap();
        shown += &admin.get(&format!("/sync/runs/{run}")).await.body;
        shown += &acme.get(&format!("/api/v1/syncs/{run}/changes")).await.body;
    }
    for page in [
        "/companies/42?state=any",
        "/companies/42/people/17",
        "/changes",
        "/changes/export.csv",
        "/people/17/erasure",
    ] {
        shown += &admin.get(page).await.body;
    }
    for client in [&acme, &other] {
        shown += &client.get("/api/v1/progress?state=any").await.body;
    }
    for name in ["Lovelace", "ada.lovelace", "ada lovelace"] {
        assert!(!shown.contains(name), "{name}: {shown}");
    }
    assert!(shown.contains("Erased person 17"));
    assert_eq!(before, [6, 2]);
    assert_eq!(totals(&app).await, [4, 1]);
    let audited: Vec<(String, String, Option<String>)> = app
        .app
        .db
        .run(|conn| {
            Ok(audit_log::table
                .filter(audit_log::action.like("person%"))
                .select((audit_log::action, audit_log::subject, audit_log::after))
                .load(conn)?)
        })
        .await
        .unwrap();
    assert_eq!(
        (audited[0].0.as_str(), audited[0].1.as_str()),
        ("person_erased", "17")
    );
    assert!(!format!("{audited:?}").contains("ovelace"));
}

#[actix_web::test]
async fn clients_hear_of_an_erasure_at_once_and_by_the_log() {
    let (_app, acme, _, admin) = known().await;
    let old = acme.get("/api/v1/progress").await;
    assert!(old.body.contains("Lovelace"));

    erase(&admin).await;

    let new = acme.get("/api/v1/progress").await;
    assert_eq!(
        (new.header("alx-cache"), new.each("userid").len()),
        ("miss", 4)
    );
    assert_ne!(
        new.header("alx-data-version"),
        old.header("alx-data-version")
    );
    let run = acme.get("/api/v1/syncs").await.json()["items"][0].clone();
    assert_eq!(
        (
            &run["mode"],
            &run["state"],
            &run["statistics"]["records_deleted"]
        ),
        (&json!("erasure"), &json!("succeeded"), &json!(2))
    );
    let changes = acme
        .get(&format!(
            "/api/v1/syncs/{}/changes",
            run["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(changes.each("kind"), ["removed", "removed"]);
    assert_eq!(
        (changes.each("before"), changes.each("after")),
        (vec![Value::Null; 2], vec![Value::Null; 2])
    );
}

#[actix_web::test]
async fn no_sync_brings_an_erased_person_back_until_the_erasure_is_lifted() {
    let (app, acme, other, admin) = known().await;
    erase(&admin).await;

    for body in [
        json!({"mode": "full"}),
        json!({"mode": "changes", "hours_back": 168}),
        json!({"mode": "cleanup"}),
    ] {
        for client in [&acme, &other] {
            let run = client
                .post("/api/v1/syncs?wait=30", body.clone())
                .await
                .json();
            assert_eq!(run["statistics"]["total_processed"], 0, "{run}");
        }
    }
    assert!(
        !acme
            .get("/api/v1/progress?state=any")
            .await
            .body
            .contains("Lovelace")
    );
    let again = admin.post("/people/17/erase", &[]).await;
    assert_eq!(
        again.location(),
        "/people/17/erasure",
        "the same again is harmless"
    );
    assert_eq!(
        admin.get("/people/17/erase").await.location(),
        "/people/17/erasure"
    );

    let lifted = admin.post("/people/17/erasure/lift", &[]).await;
    assert_eq!(lifted.status, 303);
    assert_eq!(admin.get("/people/17/erasure").await.status, 404);
    let run = acme.sync().await;
    assert_eq!(run["statistics"]["records_created"], 2, "{run}");
    assert!(acme.get("/api/v1/progress").await.body.contains("Lovelace"));
    let audited: i64 = app
        .app
        .db
        .run(|conn| {
            Ok(audit_log::table
                .filter(audit_log::action.eq("erasure_lifted"))
                .count()
                .get_result(conn)?)
        })
        .await
        .unwrap();
    assert_eq!(audited, 1);
}

#[actix_web::test]
async fn a_person_who_was_never_stored_can_be_kept_out() {
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    let admin = Admin::signed_in(&app).await;

    erase(&admin).await;
    acme.sync().await;

    assert_eq!(
        acme.get("/api/v1/progress?state=any")
            .await
            .each("userid")
            .len(),
        4
    );
}

#[actix_web::test]
async fn the_files_of_an_embedded_store_hold_no_byte_of_an_erased_name() {
    let (app, _, _, admin) = known().await;
    let url = app.app.config.store_url();
    let Some(file) = url.reveal().strip_prefix("sqlite://") else {
        return; // PostgreSQL keeps its files to itself
    };
    let holds = |name: &[u8]| {
        let files =
            ["", "-wal"].map(|end| std::fs::read(format!("{file}{end}")).unwrap_or_default());
        files
            .iter()
            .any(|bytes| bytes.windows(name.len()).any(|part| part == name))
    };
    assert!(holds(b"Lovelace"), "it was there");

    erase(&admin).await;

    for name in ["Lovelace", "ada.lovelace", "ada lovelace"] {
        assert!(!holds(name.as_bytes()), "{name}");
    }
    assert!(holds(b"Kowalski"));
}

#[actix_web::test]
async fn a_sync_that_read_before_an_erasure_cannot_bring_the_person_back() {
    let (app, acme, _, admin) = known().await;
    let shared = app.app.clone();
    let company = acme.clone();
    complete(&app, 18, "Fire safety");
    for _ in 0..8 {
        let run = company
            .post("/api/v1/syncs", json!({"mode": "full"}))
            .await
            .json();
        let erased = admin.post("/people/17/erase", &[]).await;
        assert_eq!(erased.status, 303, "{}", erased.body);
        let id = run["id"].as_str().unwrap().to_owned();
        let ended = company.get(&format!("/api/v1/syncs/{id}")).await;
        assert_eq!(ended.status, 200);
        while !["succeeded", "failed"].contains(
            &company.get(&format!("/api/v1/syncs/{id}")).await.json()["state"]
                .as_str()
                .unwrap(),
        ) {
            actix_web::rt::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let searched = shared
            .db
            .run(|conn| traces::search(conn, UserId(17)))
            .await
            .unwrap();
        assert!(
            searched.iter().all(|table| table.telling.unwrap_or(0) == 0),
            "{searched:?}"
        );
        admin.post("/people/17/erasure/lift", &[]).await;
        company.sync().await;
    }
}

#[actix_web::test]
async fn erased_rows_say_so_and_say_nothing_else() {
    let (_app, acme, _, admin) = known().await;
    erase(&admin).await;

    let table = admin.get("/companies/42?state=erased").await;
    let person = admin.get("/companies/42/people/17").await;
    let items = acme.get("/api/v1/progress?state=erased").await.json()["items"].clone();

    for page in [&table, &person] {
        assert!(page.says("Erased person 17"), "{}", page.body);
        assert!(!page.says(">Not started</span>"), "{}", page.body);
        assert!(!page.says("\"num\">not tracked<"), "{}", page.body);
    }
    assert_eq!(items.as_array().map(Vec::len), Some(2));
    for item in items.as_array().unwrap() {
        assert_eq!(
            (&item["userid"], &item["state"]),
            (&json!(17), &json!("erased"))
        );
        for empty in [
            "firstname",
            "lastname",
            "email",
            "username",
            "status",
            "percentage",
            "timecompleted",
            "timestarted",
            "enrolled_at",
        ] {
            assert_eq!(item[empty], Value::Null, "{empty}");
        }
    }
}

#[actix_web::test]
async fn a_person_is_called_as_the_active_row_says() {
    let (app, _, _, admin) = known().await;
    let old_name = app.app.db.change(|conn| {
        let first: i64 = progress::table
            .filter(progress::company_id.eq(42).and(progress::user_id.eq(17)))
            .order(progress::course_id)
            .select(progress::course_id)
            .limit(1)
            .get_result(conn)?;
        let row = progress::table
            .filter(progress::company_id.eq(42).and(progress::user_id.eq(17)))
            .filter(progress::course_id.eq(first));
        Ok(diesel::update(row)
            .set((
                progress::lastname.eq("Maiden"),
                progress::state.eq(RowState::Left),
            ))
            .execute(conn)?)
    });
    assert_eq!(old_name.await.unwrap(), 1);

    for page in ["/companies/42/people/17", "/people/17/erase"] {
        let page = admin.get(page).await;
        assert!(page.says("Lovelace"), "{}", page.body);
        assert!(!page.says("Ada Maiden"), "{}", page.body);
    }
}

async fn stamps(app: &TestApp) -> Vec<String> {
    let read = app.app.db.run(|conn| {
        let states = companies::store::list(conn)?;
        Ok(states.into_iter().map(|(_, state)| state.stamp).collect())
    });
    read.await.unwrap()
}

#[actix_web::test]
async fn an_id_that_no_person_has_is_refused() {
    let (app, _, _, admin) = known().await;

    for id in ["0", "-3"] {
        let page = admin.get(&format!("/people/{id}/erase")).await;
        let sent = admin.post(&format!("/people/{id}/erase"), &[]).await;

        assert_eq!((page.status, sent.status), (400, 400), "{id}");
        assert!(page.says("whole number from 1 on"), "{}", page.body);
    }
    assert!(admin.get("/people/erasures").await.says("Nobody"));
    drop(app);
}

#[actix_web::test]
async fn blocking_an_id_of_which_nothing_is_stored_leaves_every_cached_reply() {
    let (app, acme, _, admin) = known().await;
    acme.get("/api/v1/progress").await;
    let before = stamps(&app).await;

    let sent = admin.post("/people/4711/erase", &[]).await;

    assert_eq!(sent.status, 303, "{}", sent.body);
    assert_eq!(stamps(&app).await, before);
    assert_eq!(
        acme.get("/api/v1/progress").await.header("alx-cache"),
        "hit"
    );
}

#[actix_web::test]
async fn a_sync_that_runs_while_an_id_is_blocked_cannot_publish_what_it_read_before() {
    let (app, acme, _, admin) = known().await;
    let lasts = app.app.db.change(|conn| {
        let one = sync_runs::table
            .filter(sync_runs::company_id.eq(ACME))
            .select(sync_runs::id)
            .limit(1)
            .get_result::<String>(conn)?;
        Ok(diesel::update(sync_runs::table.find(one))
            .set((
                sync_runs::state.eq(RunState::Running),
                sync_runs::lease_until_ms.eq(i64::MAX / 2),
            ))
            .execute(conn)?)
    });
    lasts.await.unwrap();
    let before = stamps(&app).await;

    admin.post("/people/4711/erase", &[]).await;

    let after = stamps(&app).await;
    let renewed = before.iter().zip(&after).filter(|(old, new)| old != new);
    assert_eq!(renewed.count(), 1, "the company whose sync runs");
    drop(acme);
}

#[actix_web::test]
async fn every_erasure_is_listed_with_its_proof() {
    let (_app, _, _, admin) = known().await;
    erase(&admin).await;
    admin.post("/people/4711/erase", &[]).await;

    let list = admin.get("/people/erasures").await;

    assert!(list.says("1–2 of 2 erasures"), "{}", list.body);
    assert!(list.body.contains("href=\"/people/17/erasure\""));
    assert!(list.says("id 4711<small>nothing was stored"));
    assert!(list.says("<bdi>grace@example.com</bdi>"));
    for page in ["/changes", "/people/17/erasure"] {
        let page = admin.get(page).await;
        assert!(page.body.contains("href=\"/people/erasures\""));
    }
    admin.post("/people/17/erasure/lift", &[]).await;
    assert!(
        admin
            .get("/people/erasures")
            .await
            .says("1–1 of 1 erasure,")
    );
}
