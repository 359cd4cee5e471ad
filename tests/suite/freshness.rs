//! Fresh: once a sync succeeded, no reply that starts afterwards shows older rows.

use alx_report_api::cache::{Answer, Key, Loaded};
use alx_report_api::error::Error;
use serde_json::json;

use crate::support::TestApp;
use crate::support::client::{ACME, Reply, complete, synced};

#[actix_web::test]
async fn after_a_sync_the_next_call_shows_the_new_rows() {
    let (app, acme) = synced().await;
    let completed = |reply: &Reply| {
        let statuses = reply.each("status");
        statuses
            .iter()
            .filter(|status| *status == "completed")
            .count()
    };
    for limit in 1..=5 {
        acme.get(&format!("/api/v1/progress?limit={limit}")).await;
    }
    let before = acme.get("/api/v1/progress?limit=5").await;
    assert_eq!((completed(&before), before.header("alx-cache")), (1, "hit"));

    complete(&app, 17, "Fire safety");
    complete(&app, 18, "Fire safety");
    let still = acme.get("/api/v1/progress?limit=5").await;
    assert_eq!(completed(&still), 1, "no sync yet");
    let statistics = acme.sync().await["statistics"].clone();

    assert_eq!(statistics["records_updated"], 2);
    assert_eq!(statistics["cache_cleared"], 5);
    let after = acme.get("/api/v1/progress?limit=5").await;
    assert_eq!((completed(&after), after.header("alx-cache")), (3, "miss"));
}

#[actix_web::test]
async fn a_hit_runs_no_report_query() {
    let (app, acme) = synced().await;
    let first = acme.get("/api/v1/progress?limit=3").await;
    let loads = app.app.cache.loads();

    for _ in 0..20 {
        let again = acme.get("/api/v1/progress?limit=3").await;
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("alx-cache"), "hit");
    }

    assert_eq!(app.app.cache.loads(), loads);
    assert_eq!(app.app.cache.report(ACME).hits, 20);
}

#[actix_web::test]
async fn a_read_begun_before_a_sync_and_finished_after_it_is_never_served_again() {
    let (app, acme) = synced().await;
    let asked = acme.get("/api/v1/progress?limit=2").await;
    app.app.cache.purge(ACME);
    let old_stamp = stamp(&app).await;
    complete(&app, 17, "Fire safety");

    // A reader that has read the old rows, and is slow to come back with them.
    let slow = app.app.cache.answer(
        ACME,
        std::time::Duration::from_secs(3600),
        Key {
            stamp: old_stamp.clone(),
            view: "progress",
            query: "limit=2".into(),
        },
        || async {
            acme.sync().await;
            let body = asked.body.clone().into();
            let answer = Answer {
                rows: 0,
                version: 0,
                body,
                headers: [].into(),
            };
            Ok::<_, Error>(Loaded {
                stamp: old_stamp.clone(),
                answer,
            })
        },
    );
    assert_eq!(slow.await.expect("it is answered").0.body, asked.body);

    let after = acme.get("/api/v1/progress?limit=2").await;
    assert_eq!(after.each("status")[0], "completed");
    assert_ne!(after.header("etag"), asked.header("etag"));
}

async fn stamp(app: &TestApp) -> String {
    let state = app
        .app
        .db
        .run(|conn| alx_report_api::companies::store::state(conn, ACME));
    state.await.expect("a state").stamp
}

#[actix_web::test]
async fn readers_beside_syncs_never_see_a_version_older_than_one_announced() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"calls_per_token": 0})).await;
    let announced = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(6));
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (acme, announced, done) = (acme.clone(), announced.clone(), done.clone());
            actix_web::rt::spawn(async move {
                let mut reads = 0;
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    let least = announced.load(std::sync::atomic::Ordering::SeqCst);
                    let reply = acme.get("/api/v1/progress").await;
                    let shown = reply.json()["as_of"]["version"]
                        .as_i64()
                        .expect("a version");
                    assert!(shown >= least, "{shown} is older than {least}");
                    reads += 1;
                }
                reads
            })
        })
        .collect();

    for (user, course) in [
        (17, "Fire safety"),
        (18, "Fire safety"),
        (17, "Données / Privacy <b>"),
    ] {
        complete(&app, user, course);
        let run = acme.sync().await;
        let version = run["statistics"]["version_after"]
            .as_i64()
            .expect("a version");
        announced.store(version, std::sync::atomic::Ordering::SeqCst);
        actix_web::rt::time::sleep(std::time::Duration::from_millis(50)).await;
    }

    done.store(true, std::sync::atomic::Ordering::SeqCst);
    for reader in readers {
        assert!(reader.await.expect("no stale read") > 0);
    }
    assert_eq!(announced.load(std::sync::atomic::Ordering::SeqCst), 9);
}

#[actix_web::test]
async fn another_instance_shows_the_new_rows_at_once() {
    let (app, acme) = synced().await;
    let second = app.second().await;
    let there = acme.at(&second);
    assert_eq!(
        there.get("/api/v1/progress").await.json()["as_of"]["version"],
        6
    );
    assert_eq!(
        there.get("/api/v1/progress").await.header("alx-cache"),
        "hit"
    );

    complete(&app, 17, "Fire safety");
    acme.sync().await;

    let reply = there.get("/api/v1/progress").await;
    assert_eq!(
        (reply.header("alx-data-version"), reply.header("alx-cache")),
        ("7", "miss")
    );
}

#[actix_web::test]
async fn a_client_that_has_the_answer_gets_304_until_a_sync() {
    let (app, acme) = synced().await;
    let first = acme.get("/api/v1/progress").await;
    let etag = first.header("etag");
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");

    let again = acme
        .get_with("/api/v1/progress", "if-none-match", etag)
        .await;
    let other = acme
        .get_with("/api/v1/progress?limit=2", "if-none-match", etag)
        .await;
    complete(&app, 17, "Fire safety");
    acme.sync().await;
    let after = acme
        .get_with("/api/v1/progress", "if-none-match", etag)
        .await;

    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(again.header("etag"), etag);
    assert_eq!(again.header("alx-data-version"), "6");
    assert_eq!(other.status, 200);
    assert_eq!((after.status, after.header("alx-data-version")), (200, "7"));
}

#[actix_web::test]
async fn a_read_never_asks_moodle() {
    let (app, acme) = synced().await;
    let gone = app.moodle_file().with_extension("gone");
    std::fs::rename(app.moodle_file(), gone).expect("it is moved away");

    assert_eq!(acme.get("/api/v1/progress?limit=6").await.status, 200);
    let failed = acme
        .post("/api/v1/syncs?wait=30", json!({"mode": "full"}))
        .await;

    assert_eq!(failed.json()["state"], "failed", "{}", failed.body);
    assert_eq!(failed.json()["statistics"]["success"], false);
    assert_eq!(
        acme.get("/api/v1/progress?limit=6")
            .await
            .header("alx-cache"),
        "hit"
    );
}

#[actix_web::test]
async fn without_the_store_there_is_503_and_never_old_data() {
    let (app, acme) = synced().await;
    assert_eq!(acme.get("/api/v1/progress").await.status, 200);
    let broken = app.app.db.change(|conn| {
        use diesel::connection::SimpleConnection as _;
        Ok(conn.batch_execute("alter table api_tokens rename to api_tokens_gone")?)
    });
    broken.await.expect("the store is broken");

    let reply = acme.get("/api/v1/progress").await;
    let form = format!("wstoken={}&moodlewsrestformat=json", acme.token);
    let legacy = acme.legacy(&form).await;

    assert_eq!((reply.status, reply.header("retry-after")), (503, "10"));
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert!(!reply.body.contains("api_tokens"), "{}", reply.body);
    assert_eq!(legacy.status, 503);
    assert_eq!(legacy.json()["errorcode"], "databaseerror");
}

#[actix_web::test]
async fn a_client_that_takes_any_answer_for_its_own_is_no_hit_of_the_cache() {
    let (_app, acme) = synced().await;
    let ask = async |path: &str, accept: &str, mark: &str| {
        let add = |request: reqwest::RequestBuilder| {
            request
                .header("accept", accept)
                .header("if-none-match", mark)
        };
        acme.send(reqwest::Method::GET, path, add).await
    };

    for accept in ["application/json", "text/csv"] {
        let path = "/api/v1/progress?user_id=17";
        let any = ask(path, accept, "*").await;
        assert_eq!((any.status, any.header("alx-cache")), (304, "miss"));
        let both = format!("*, {}", any.header("etag"));
        let named = ask(path, accept, &both).await;
        assert_eq!((named.status, named.header("alx-cache")), (304, "hit"));
    }
}
