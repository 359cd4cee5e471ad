//! The JSON API: rows, history and syncs of the token's company, and of no other.

use alx_report_api::cache::{Answer, Key, Loaded};
use alx_report_api::error::Error;
use alx_report_api::tokens::store;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::client::{ACME, Client, OTHER, Reply, complete, two_companies};

async fn synced() -> (TestApp, Client) {
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    acme.sync().await;
    (app, acme)
}

fn bad_names(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, 400, "{}", reply.body);
    assert_eq!(reply.header("content-type"), "application/problem+json");
    let errors = reply.json()["errors"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let name = |error: &Value| error["name"].as_str().unwrap_or_default().to_owned();
    errors.iter().map(name).collect()
}

#[actix_web::test]
async fn rows_are_as_moodle_says_with_the_version_they_show() {
    let (_app, acme) = synced().await;

    let reply = acme.get("/api/v1/progress").await;

    assert_eq!(reply.status, 200, "{}", reply.body);
    let page = reply.json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(6));
    assert_eq!(page["next_cursor"], Value::Null);
    assert_eq!(page["as_of"]["version"], 6);
    let row = &page["items"][3];
    assert_eq!(row["firstname"], "Łukasz");
    assert_eq!(row["coursename"], "Données / Privacy <b>");
    assert_eq!(row["status"], "in_progress");
    assert_eq!(row["percentage"], 100.0 * 5.0 / 12.0);
    assert_eq!(row["timecompleted"], Value::Null);
    assert_eq!(row["enrolled_at"], "2025-10-01T09:00:00Z");
    assert_eq!(row["state"], "active");
    let names: Vec<&str> = row
        .as_object()
        .expect("a row")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(names.len(), 14, "{names:?}");
    assert_eq!(reply.header("alx-data-version"), "6");
    assert_eq!(reply.header("alx-as-of"), page["as_of"]["synced_at"]);
    assert_eq!(reply.header("alx-sync-run"), page["as_of"]["run_id"]);
    assert_eq!(reply.header("cache-control"), "private, no-cache");
    assert!(!reply.header("x-request-id").is_empty());
}

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
async fn pages_follow_each_other_without_gap_or_double() {
    let (_app, acme) = synced().await;
    let all = acme.get("/api/v1/progress").await;
    let all = all.json()["items"].as_array().cloned().expect("items");

    for limit in [1, 2, 3, 4, 5, 6, 7] {
        let mut found = Vec::new();
        let mut path = format!("/api/v1/progress?limit={limit}");
        loop {
            let page = acme.get(&path).await.json();
            found.extend(page["items"].as_array().cloned().expect("items"));
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/api/v1/progress?limit={limit}&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(found, all, "pages of {limit}");
    }
}

#[actix_web::test]
async fn wrong_parameters_are_named_and_nothing_is_ignored() {
    let (_app, acme) = synced().await;

    for (query, names) in [
        ("limit=0", vec!["limit"]),
        ("limit=1001", vec!["limit"]),
        (
            "limit=abc&cursor=xyz&page=2",
            vec!["page", "limit", "cursor"],
        ),
        ("Limit=5", vec!["Limit"]),
        ("limit=5&limit=5", vec!["limit"]),
        ("limit", vec!["limit"]),
        ("cursor=", vec!["cursor"]),
    ] {
        let reply = acme.get(&format!("/api/v1/progress?{query}")).await;
        assert_eq!(bad_names(&reply), names, "{query}");
        let problem = reply.json();
        assert_eq!(problem["status"], 400);
        assert_eq!(problem["instance"], "/api/v1/progress");
        assert_eq!(problem["request_id"], reply.header("x-request-id"));
    }
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
async fn an_empty_answer_says_why() {
    let app = TestApp::with_moodle(|file| {
        two_companies(file);
        let mut moodle =
            alx_report_api::demo::builder::MoodleBuilder::open(file).expect("it opens");
        moodle
            .company_as(alx_report_api::ids::CompanyId(8), "Nobody")
            .expect("a company");
    })
    .await;
    let acme = Client::new(&app, ACME, "read").await;
    let nobody = Client::new(&app, alx_report_api::ids::CompanyId(8), "read,sync").await;

    let never = acme.get("/api/v1/progress").await;
    nobody.sync().await;
    let none = nobody.get("/api/v1/progress").await;

    assert_eq!(
        (never.status, never.header("alx-empty-reason")),
        (200, "never-synced")
    );
    assert_eq!(
        never.json()["as_of"],
        json!({"version": 0, "synced_at": null, "run_id": null})
    );
    assert_eq!(
        (none.status, none.header("alx-empty-reason")),
        (200, "no-enrolments")
    );
    assert_eq!(none.json()["items"], json!([]));
}

#[actix_web::test]
async fn a_token_of_one_company_sees_nothing_of_another() {
    let (app, acme) = synced().await;
    let other = Client::new(&app, OTHER, "read,changes,sync").await;
    let run_of_other = other.sync().await;
    let id = run_of_other["id"].as_str().expect("an id");
    let own = acme.sync().await["id"].as_str().expect("an id").to_owned();

    assert!(
        other
            .get("/api/v1/progress")
            .await
            .body
            .contains("Stranger")
    );
    let paths = [
        "/api/v1/progress",
        "/api/v1/syncs",
        &format!("/api/v1/syncs/{own}/changes"),
    ];
    for path in paths {
        let reply = acme.get(path).await;
        assert!(
            !reply.body.contains("Stranger") && !reply.body.contains(id),
            "{path}"
        );
    }
    for path in [
        format!("/api/v1/syncs/{id}"),
        format!("/api/v1/syncs/{id}/changes"),
    ] {
        assert_eq!(acme.get(&path).await.status, 404, "{path}");
    }
    let form = format!(
        "wstoken={}&wsfunction=local_alx_report_api_get_course_progress&moodlewsrestformat=json",
        acme.token
    );
    let legacy = acme.legacy(&form);
    assert!(!legacy.await.body.contains("Stranger"));
}

#[actix_web::test]
async fn a_cursor_of_another_company_or_list_is_refused() {
    let (app, acme) = synced().await;
    acme.sync().await;
    let other = Client::new(&app, OTHER, "read,sync").await;
    other.sync().await;
    let cursor = |reply: Reply| {
        reply.json()["next_cursor"]
            .as_str()
            .expect("a cursor")
            .to_owned()
    };
    let of_rows = cursor(acme.get("/api/v1/progress?limit=1").await);
    let of_runs = cursor(acme.get("/api/v1/syncs?limit=1").await);

    let foreign = other
        .get(&format!("/api/v1/progress?cursor={of_rows}"))
        .await;
    let misplaced = acme
        .get(&format!("/api/v1/progress?cursor={of_runs}"))
        .await;

    assert_eq!(bad_names(&foreign), ["cursor"]);
    assert_eq!(bad_names(&misplaced), ["cursor"]);
}

#[actix_web::test]
async fn without_a_valid_token_there_is_only_401() {
    let (app, acme) = synced().await;
    let expired = Client::expiring(&app, ACME, "read", Some(1)).await;
    let revoked = Client::new(&app, ACME, "read").await;
    assert_eq!(revoked.get("/api/v1/progress").await.status, 200);
    revoke_newest(&app);

    for token in [
        expired.token.as_str(),
        &revoked.token,
        "alx_no",
        "",
        &acme.token[1..],
    ] {
        let reply = Client::with_token(&app, token)
            .get("/api/v1/progress")
            .await;
        assert_eq!(reply.status, 401, "{}", reply.body);
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
        assert_eq!(reply.header("content-type"), "application/problem+json");
    }
    let path = format!("/api/v1/progress?token={}", acme.token);
    assert_eq!(Client::with_token(&app, "").get(&path).await.status, 401);
}

fn revoke_newest(app: &TestApp) {
    let db = app.app.db.clone();
    let revoke = move || {
        db.write(|conn| {
            let newest = store::list(conn, ACME)?[0].id;
            store::revoke(conn, ACME, newest, 1)
        })
    };
    std::thread::spawn(revoke)
        .join()
        .expect("no panic")
        .expect("it is revoked");
}

#[actix_web::test]
async fn a_token_does_what_its_scopes_say() {
    let (app, acme) = synced().await;
    let run = acme.sync().await["id"].as_str().expect("an id").to_owned();
    let changes = format!("/api/v1/syncs/{run}/changes");
    let asked = |scopes: &'static str| {
        let (app, changes) = (&app, &changes);
        async move {
            let client = Client::new(app, ACME, scopes).await;
            let read = client.get("/api/v1/progress").await.status;
            let history = client.get("/api/v1/syncs").await.status;
            let changes = client.get(changes).await.status;
            let sync = client
                .post("/api/v1/syncs?wait=30", json!({"mode": "full"}))
                .await
                .status;
            [read, history, changes, sync]
        }
    };

    assert_eq!(asked("read").await, [200, 200, 403, 403]);
    assert_eq!(asked("changes").await, [403, 403, 200, 403]);
    assert_eq!(asked("sync").await, [403, 403, 403, 200]);
    let refused = Client::new(&app, ACME, "sync")
        .await
        .get("/api/v1/progress")
        .await;
    assert!(
        refused.json()["detail"]
            .as_str()
            .is_some_and(|text| text.contains("read"))
    );
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
    for wrong in ["nothing", "00000000000000000000000000000000", "%00"] {
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

#[actix_web::test]
async fn unknown_addresses_are_404_and_wrong_methods_405() {
    let (_app, acme) = synced().await;

    for path in ["/api", "/api/v1", "/api/v1/nothing", "/api/v2/progress"] {
        let reply = acme.get(path).await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.body);
        assert_eq!(
            reply.header("content-type"),
            "application/problem+json",
            "{path}"
        );
    }
    let deleted = acme
        .send(Method::DELETE, "/api/v1/progress", |request| request)
        .await;
    let put = acme
        .send(Method::PUT, "/api/v1/syncs", |request| request)
        .await;
    let head = acme
        .send(Method::HEAD, "/api/v1/progress", |request| request)
        .await;
    assert_eq!(
        (deleted.status, deleted.header("allow")),
        (405, "GET, HEAD")
    );
    assert_eq!((put.status, put.header("allow")), (405, "GET, HEAD, POST"));
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("alx-data-version"), "6");
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
