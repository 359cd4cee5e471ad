//! The JSON API of syncs: asking for one, its statistics, its changes, the history.

use alx_report_api::schema::{sync_plan_lines, sync_runs};
use alx_report_api::sync::RunState;
use alx_report_api::time::now_ms;
use diesel::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::{
    Client, OTHER, Reply, bad_names, complete, plant_running, planted, synced,
};

#[actix_web::test]
async fn what_a_preview_would_do_shows_as_soon_as_it_has_ended() {
    let (app, acme) = synced().await;
    plant_running(&app, true).await;
    let path = format!("/api/v1/syncs/{}/changes", planted());
    let before = acme.get(&path).await;

    let end = |conn: &mut _| {
        diesel::update(sync_runs::table.find(planted()))
            .set((
                sync_runs::state.eq(RunState::Succeeded),
                sync_runs::finished_at_ms.eq(now_ms()),
                sync_runs::records_created.eq(1),
            ))
            .execute(conn)?;
        diesel::insert_into(sync_plan_lines::table)
            .values((
                sync_plan_lines::run_id.eq(planted()),
                sync_plan_lines::place.eq(1),
                sync_plan_lines::user_id.eq(17),
                sync_plan_lines::course_id.eq(1),
                sync_plan_lines::kind.eq("added"),
                sync_plan_lines::after.eq("{}"),
            ))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(end).await.expect("it has ended");
    let after = acme.get(&path).await;

    assert_eq!(before.each("userid"), Vec::<Value>::new());
    assert_eq!(after.each("userid"), [17]);
}

#[actix_web::test]
async fn a_run_tells_its_statistics_and_its_changes() {
    let (app, acme) = synced().await;
    complete(&app, 17, "Fire safety");
    let run = acme.sync().await;
    let id = run["id"].as_str().expect("an id");

    let shown = acme.get(&format!("/api/v1/syncs/{id}")).await;
    let changes = acme.get(&format!("/api/v1/syncs/{id}/changes")).await;

    assert_eq!(shown.json(), run);
    let keys: Vec<&str> = run
        .as_object()
        .expect("a run")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys.len(), 10, "{keys:?}");
    assert_eq!(run["company_id"], 42);
    assert_eq!(
        (&run["trigger"], &run["state"]),
        (&json!("api"), &json!("succeeded"))
    );
    let statistics = &run["statistics"];
    assert_eq!(statistics["total_processed"], 1);
    assert_eq!(statistics["records_unchanged"], 5);
    assert_eq!(
        (&statistics["version_before"], &statistics["version_after"]),
        (&json!(6), &json!(7))
    );
    assert_eq!(statistics["errors"], json!([]));
    let change = &changes.json()["items"][0];
    assert_eq!(
        (&change["kind"], &change["userid"]),
        (&json!("updated"), &json!(17))
    );
    assert_eq!(change["before"]["status"], "not_started");
    assert_eq!(change["after"]["status"], "completed");
    assert!(
        change["after"]["timecompleted"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z'))
    );
}

#[actix_web::test]
async fn an_empty_list_about_syncs_says_why() {
    let (app, acme) = synced().await;
    let other = Client::new(&app, OTHER, "read").await;
    let nothing = acme.sync().await["id"].as_str().expect("an id").to_owned();
    plant_running(&app, false).await;
    let path = format!("/api/v1/syncs/{}/changes", planted());

    let none = other.get("/api/v1/syncs").await;
    let some = acme.get("/api/v1/syncs").await;
    let unchanged = acme.get(&format!("/api/v1/syncs/{nothing}/changes")).await;
    let busy = acme.get(&path).await;
    let end = |conn: &mut _| {
        let run = diesel::update(sync_runs::table.find(planted()));
        run.set(sync_runs::state.eq(RunState::Cancelled))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(end).await.expect("it has ended");
    let ended = acme
        .get_with(&path, "if-none-match", busy.header("etag"))
        .await;

    let why = |reply: &Reply| (reply.status, reply.header("alx-empty-reason").to_owned());
    assert_eq!(why(&none), (200, "never-synced".into()));
    assert_eq!(why(&some), (200, String::new()));
    assert_eq!(why(&unchanged), (200, "nothing-changed".into()));
    assert_eq!(why(&busy), (200, "not-ended".into()));
    assert_eq!(why(&ended), (200, "nothing-changed".into()));
}

#[actix_web::test]
async fn the_changes_of_a_run_come_page_by_page() {
    let (_app, acme) = synced().await;
    let run = acme.get("/api/v1/syncs").await.each("id")[0]
        .as_str()
        .expect("a run")
        .to_owned();

    let mut versions = Vec::new();
    let mut path = format!("/api/v1/syncs/{run}/changes?limit=4");
    loop {
        let reply = acme.get(&path).await;
        versions.extend(reply.each("version"));
        match reply.json()["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/syncs/{run}/changes?limit=4&cursor={cursor}"),
            None => break,
        }
    }

    assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
    for wrong in ["nothing", "00000000000000000000000000000000"] {
        assert_eq!(
            acme.get(&format!("/api/v1/syncs/{wrong}/changes"))
                .await
                .status,
            404
        );
    }
}

#[actix_web::test]
async fn history_is_newest_first_and_never_behind() {
    let (_app, acme) = synced().await;
    let mut ids = vec![acme.get("/api/v1/syncs").await.each("id")[0].clone()];
    for _ in 0..4 {
        ids.insert(0, acme.sync().await["id"].clone());
        assert_eq!(acme.get("/api/v1/syncs").await.each("id"), ids);
    }

    let first = acme.get("/api/v1/syncs?limit=2").await;
    let cursor = first.json()["next_cursor"]
        .as_str()
        .expect("a cursor")
        .to_owned();
    let second = acme
        .get(&format!("/api/v1/syncs?limit=3&cursor={cursor}"))
        .await;

    assert_eq!(first.each("id"), ids[..2]);
    assert_eq!(second.each("id"), ids[2..]);
    assert_eq!(second.json()["next_cursor"], Value::Null);
}

#[actix_web::test]
async fn the_same_idempotency_key_gives_the_same_run_and_another_payload_422() {
    let (_app, acme) = synced().await;
    let ask = |body: Value, key: &'static str| {
        let acme = &acme;
        async move {
            let add = |request: reqwest::RequestBuilder| {
                request.header("idempotency-key", key).json(&body)
            };
            acme.send(Method::POST, "/api/v1/syncs?wait=30", add).await
        }
    };

    let first = ask(json!({"mode": "full"}), "monday").await;
    let again = ask(json!({"mode": "full"}), "monday").await;
    let other = ask(json!({"mode": "changes", "hours_back": 5}), "monday").await;
    let new = ask(json!({"mode": "changes", "hours_back": 5}), "tuesday").await;

    assert_eq!(first.json()["id"], again.json()["id"]);
    assert_eq!(other.status, 422, "{}", other.body);
    assert_eq!(new.status, 200, "{}", new.body);
    assert_ne!(new.json()["id"], first.json()["id"]);
    assert_eq!(acme.get("/api/v1/syncs").await.each("id").len(), 3);
}

#[actix_web::test]
async fn a_key_that_joined_a_waiting_run_is_good_for_its_own_payload_only() {
    let (app, acme) = synced().await;
    plant_running(&app, false).await;
    let ask = async |mode: &str, key: &'static str| {
        let body = json!({"mode": mode});
        let add =
            |request: reqwest::RequestBuilder| request.header("idempotency-key", key).json(&body);
        acme.send(Method::POST, "/api/v1/syncs", add).await
    };

    let waiting = ask("full", "monday").await;
    let joined = ask("cleanup", "tuesday").await;
    let again = ask("cleanup", "tuesday").await;
    let other = ask("full", "tuesday").await;

    assert_eq!((joined.status, again.status), (202, 202), "{}", again.body);
    assert_eq!(joined.json()["id"], waiting.json()["id"]);
    assert_eq!(again.json()["id"], waiting.json()["id"]);
    assert_eq!(other.status, 422, "{}", other.body);
    assert_eq!(
        other.json()["type"],
        "urn:alx-report-api:problem:idempotency-key-reused"
    );
}

#[actix_web::test]
async fn a_sync_that_is_not_waited_for_is_accepted_with_its_address() {
    let (_app, acme) = synced().await;

    let accepted = acme.post("/api/v1/syncs", json!({"mode": "full"})).await;

    assert_eq!(accepted.status, 202, "{}", accepted.body);
    let address = accepted.header("location");
    assert_eq!(
        address,
        format!(
            "/api/v1/syncs/{}",
            accepted.json()["id"].as_str().expect("an id")
        )
    );
    assert_eq!(acme.get(address).await.status, 200);
}

#[actix_web::test]
async fn a_wish_for_a_sync_is_checked_name_by_name() {
    let (_app, acme) = synced().await;

    for (path, body, names) in [
        ("/api/v1/syncs", json!({}), vec!["mode"]),
        ("/api/v1/syncs", json!({"mode": "all"}), vec!["mode"]),
        (
            "/api/v1/syncs",
            json!({"mode": "changes", "hours_back": 0}),
            vec!["hours_back"],
        ),
        (
            "/api/v1/syncs",
            json!({"mode": "changes", "hours_back": 169}),
            vec!["hours_back"],
        ),
        (
            "/api/v1/syncs",
            json!({"mode": "changes", "hours_back": "5"}),
            vec!["hours_back"],
        ),
        (
            "/api/v1/syncs",
            json!({"mode": "full", "hours_back": 5}),
            vec!["hours_back"],
        ),
        (
            "/api/v1/syncs",
            json!({"mode": "full", "company": 7}),
            vec!["company"],
        ),
        (
            "/api/v1/syncs?wait=61&x=1",
            json!({"mode": "full"}),
            vec!["x", "wait"],
        ),
        ("/api/v1/syncs", json!([1]), vec!["body"]),
    ] {
        assert_eq!(
            bad_names(&acme.post(path, body.clone()).await),
            names,
            "{body}"
        );
    }
    let form = acme.send(Method::POST, "/api/v1/syncs", |request| {
        request.body("mode=full")
    });
    assert_eq!(form.await.status, 415);
    let big = acme
        .post("/api/v1/syncs", json!({"mode": "x".repeat(300_000)}))
        .await;
    assert_eq!(
        (big.status, big.header("content-type")),
        (413, "application/problem+json")
    );
}
