//! `/api/v1/changes`: what moved since a client's last look.

use serde_json::{Value, json};

use alx_report_api::schema::{data_versions, progress, sync_changes};
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::client::{ACME, Client, Reply, bad_names, complete, synced, two_companies};

async fn after(client: &Client, cursor: &Value) -> Reply {
    let cursor = cursor.as_str().expect("a cursor");
    client
        .get(&format!("/api/v1/changes?cursor={cursor}"))
        .await
}

fn reason(reply: &Reply) -> String {
    assert_eq!(reply.status, 410, "{}", reply.body);
    let problem = reply.json();
    assert_eq!(
        problem["type"],
        "urn:alx-report-api:problem:resync-required"
    );
    assert_eq!(problem["instance"], "/api/v1/changes");
    assert!(!reply.header("alx-data-version").is_empty());
    problem["reason"].as_str().expect("a reason").to_owned()
}

#[actix_web::test]
async fn a_list_leads_to_the_changes_after_it() {
    let (app, acme) = synced().await;
    let list = acme.get("/api/v1/progress?limit=4").await.json();
    complete(&app, 17, "Fire safety");
    acme.sync().await;
    let cursor = list["next_cursor"].as_str().expect("a cursor");
    let rest = acme
        .get(&format!("/api/v1/progress?limit=4&cursor={cursor}"))
        .await
        .json();
    assert_eq!(
        list["delta_cursor"],
        Value::Null,
        "not before the last page"
    );

    let changes = after(&acme, &rest["delta_cursor"]).await;
    let same = after(&acme, &rest["delta_cursor"]).await;
    let next = after(&acme, &changes.json()["next_cursor"]).await;

    let page = changes.json();
    assert_eq!(page["has_more"], false);
    assert_eq!(page["as_of"]["version"], 7);
    let mut item = page["items"][0].clone();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        item.as_object_mut().expect("an item").remove("op"),
        Some(json!("upsert"))
    );
    assert_eq!(
        item,
        acme.get("/api/v1/progress?user_id=17").await.json()["items"][0]
    );
    assert_eq!(same.body, changes.body, "asking twice is safe");
    assert_eq!(same.header("alx-cache"), "hit");
    assert_eq!(next.json()["items"], json!([]));
    assert_eq!(next.header("alx-empty-reason"), "nothing-changed");
    assert_eq!(next.json()["next_cursor"], page["next_cursor"]);
}

#[actix_web::test]
async fn without_a_cursor_everything_comes_and_what_ended_comes_as_removed() {
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    let never = acme.get("/api/v1/changes").await;
    assert_eq!(never.header("alx-empty-reason"), "never-synced");
    acme.sync().await;
    let mut moodle =
        alx_report_api::demo::builder::MoodleBuilder::open(&app.moodle_file()).unwrap();
    let (left, gone) = (
        alx_report_api::ids::UserId(18),
        alx_report_api::ids::UserId(21),
    );
    moodle
        .all_or_nothing(|moodle| moodle.leave(ACME, left))
        .unwrap();
    acme.sync().await;
    let shared = app.app.clone();
    let erase = move || {
        alx_report_api::sync::erase::erase(&shared, gone, "test", alx_report_api::time::now_ms())
    };
    actix_web::rt::task::spawn_blocking(erase)
        .await
        .unwrap()
        .unwrap();

    let from_never = after(&acme, &never.json()["next_cursor"]).await;
    let all = acme.get("/api/v1/changes?limit=1000").await;
    let first = acme.get("/api/v1/changes?limit=1").await.json();

    assert_eq!(from_never.json()["items"], all.json()["items"]);
    assert_eq!(
        all.each("op").iter().filter(|op| *op == "upsert").count(),
        2
    );
    let items = all.json()["items"].as_array().cloned().expect("items");
    let removed: Vec<&Value> = items.iter().filter(|item| item["op"] == "remove").collect();
    assert_eq!(removed.len(), 4);
    assert_eq!(
        (&removed[0]["userid"], &removed[0]["reason"]),
        (&json!(18), &json!("left"))
    );
    assert_eq!(
        (&removed[3]["userid"], &removed[3]["reason"]),
        (&json!(21), &json!("erased"))
    );
    assert_eq!(
        removed[3].as_object().map(serde_json::Map::len),
        Some(4),
        "nothing of the person"
    );
    assert_eq!(
        (&first["has_more"], first["items"].as_array().map(Vec::len)),
        (&json!(true), Some(1))
    );
}

#[actix_web::test]
async fn parameters_and_foreign_cursors_are_refused_by_name() {
    let (app, acme) = synced().await;
    let reader = Client::new(&app, ACME, "read").await;
    for (query, names) in [
        ("cursor=", vec!["cursor"]),
        ("cursor=abc&since=1", vec!["since", "cursor"]),
        ("limit=1001", vec!["limit"]),
        ("status=completed", vec!["status"]),
    ] {
        let reply = acme.get(&format!("/api/v1/changes?{query}")).await;
        assert_eq!(bad_names(&reply), names, "{query}");
    }
    let refused = reader.get("/api/v1/changes").await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("changes"));
}

#[actix_web::test]
async fn another_view_needs_everything_again_and_the_same_view_by_another_token_does_not() {
    let (app, acme) = synced().await;
    let cursor = acme.get("/api/v1/changes").await.json()["next_cursor"].clone();
    let other_token = Client::new(&app, ACME, "changes").await;

    assert_eq!(after(&other_token, &cursor).await.status, 200);
    app.deliver(ACME, json!({"fields": ["userid"]})).await;
    assert_eq!(reason(&after(&acme, &cursor).await), "view-changed");
    app.deliver(ACME, json!({"fields": null})).await;
    assert_eq!(
        after(&acme, &cursor).await.status,
        200,
        "what the client holds is right again"
    );
}

#[actix_web::test]
async fn a_restored_store_is_noticed() {
    let (app, acme) = synced().await;
    let old = acme.get("/api/v1/changes").await.json()["next_cursor"].clone();
    complete(&app, 17, "Fire safety");
    acme.sync().await;
    let ahead = acme.get("/api/v1/changes").await.json()["next_cursor"].clone();

    let back = |conn: &mut _| {
        diesel::delete(data_versions::table.filter(data_versions::seq.gt(6))).execute(conn)?;
        diesel::delete(sync_changes::table.filter(sync_changes::seq.gt(6))).execute(conn)?;
        diesel::update(progress::table.filter(progress::seq.gt(6)))
            .set(progress::seq.eq(1))
            .execute(conn)?;
        let state = alx_report_api::companies::store::state(conn, ACME)?;
        let state = alx_report_api::companies::State { seq: 6, ..state };
        alx_report_api::companies::store::publish_unsynced(conn, &state)
    };
    app.app.db.change(back).await.expect("an older store");
    assert_eq!(reason(&after(&acme, &ahead).await), "store-restored");
    assert_eq!(
        after(&acme, &old).await.status,
        200,
        "that version is there"
    );
    complete(&app, 18, "Fire safety");
    acme.sync().await;
    assert_eq!(
        reason(&after(&acme, &ahead).await),
        "store-restored",
        "the same number, another version"
    );
    assert_eq!(after(&acme, &old).await.status, 200);
}

#[actix_web::test]
async fn a_cursor_lives_as_long_as_changes_are_kept() {
    use alx_report_api::api::delta::Delta;
    use alx_report_api::fields::Fields;
    use alx_report_api::time::now;
    let app = TestApp::start(two_companies, |config| config.changes_days = 30).await;
    let acme = Client::new(&app, ACME, "changes,sync").await;
    acme.sync().await;
    let cursor_of = |days: i64| {
        let then = Delta::beginning(Fields::all(), now() - days * 86_400);
        json!(then.cursor(&app.app.key, ACME))
    };

    assert_eq!(after(&acme, &cursor_of(30)).await.status, 200);
    assert_eq!(reason(&after(&acme, &cursor_of(31)).await), "expired");
    assert_eq!(
        after(&acme, &cursor_of(-10)).await.status,
        200,
        "our clock went back"
    );
}
