//! The JSON API: rows of the token's company, and of no other.

use alx_report_api::tokens::store;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::client::{ACME, Client, OTHER, Reply, bad_names, synced, two_companies};

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
        json!({"version": 0, "synced_at": null, "changed_at": null, "run_id": null})
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
