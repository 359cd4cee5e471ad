//! The log of requests: every call with a token, what it cost and what it got, and nothing about people.

use std::time::Duration;

use actix_web::rt::time::timeout;
use alx_report_api::requests::list::Logged;
use diesel::RunQueryDsl as _;
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use serde_json::json;

use crate::support::client::{ACME, Client, bad_names, synced};

#[actix_web::test]
async fn every_call_is_noted_with_what_it_got() {
    let (app, _) = synced().await;
    let acme = Client::new(&app, ACME, "read").await;
    let before = app.log().await.len();

    let miss = acme.get("/api/v1/progress?limit=2").await;
    let hit = acme.get("/api/v1/progress?limit=2").await;
    acme.get_with(
        "/api/v1/progress?limit=2",
        IF_NONE_MATCH.as_str(),
        hit.header("etag"),
    )
    .await;
    acme.get("/api/v1/progress?limit=0").await;

    let calls = app.log().await.split_off(before);
    let said = |call: &Logged| {
        (
            call.status,
            call.rows,
            call.cache.clone().unwrap_or_default(),
            call.error.clone().unwrap_or_default(),
        )
    };
    let said: Vec<_> = calls.iter().map(said).collect();
    let word = str::to_owned;
    assert_eq!(
        said,
        [
            (200, Some(2), word("miss"), word("")),
            (200, Some(2), word("hit"), word("")),
            (304, None, word("hit"), word("")),
            (400, None, word(""), word("bad-request")),
        ]
    );
    assert_eq!(calls[0].company_id, Some(ACME));
    assert!(
        calls
            .iter()
            .all(|call| call.token_id.is_some() && call.route == "/api/v1/progress")
    );
    assert_eq!(
        (calls[0].version, calls[0].bytes),
        (Some(6), miss.body.len() as i64)
    );
    assert_eq!(calls[0].request_id, miss.header("x-request-id"));
    assert_eq!(calls[2].bytes, 0);
}

#[actix_web::test]
async fn a_list_that_the_client_has_already_counts_no_rows() {
    let (app, acme) = synced().await;

    let syncs = acme.get("/api/v1/syncs").await;
    let sent = app.log().await.pop().expect("a call");
    acme.get_with(
        "/api/v1/syncs",
        IF_NONE_MATCH.as_str(),
        syncs.header("etag"),
    )
    .await;
    let known = app.log().await.pop().expect("a call");

    assert_eq!((sent.status, sent.rows), (200, Some(1)));
    assert_eq!((known.status, known.rows), (304, None));
}

#[actix_web::test]
async fn the_log_says_of_the_cache_what_the_answer_said() {
    let (app, acme) = synced().await;
    let before = app.log().await.len();
    let any = IF_NONE_MATCH.as_str();

    let replies = [
        acme.get("/api/v1/summary").await,
        acme.get("/api/v1/summary").await,
        acme.get_with("/api/v1/summary", any, "*").await,
        acme.get("/api/v1/syncs").await,
        acme.get_with("/api/v1/progress", "accept", "text/csv")
            .await,
        acme.get("/api/v1/summary?x=1").await,
    ];

    let said = replies.map(|reply| reply.header("alx-cache").to_owned());
    assert_eq!(said, ["miss", "hit", "miss", "miss", "miss", ""]);
    let calls = app.log().await.split_off(before);
    let noted: Vec<String> = calls
        .into_iter()
        .map(|call| call.cache.unwrap_or_default())
        .collect();
    assert_eq!(noted, said);
}

#[actix_web::test]
async fn the_bytes_are_those_that_went_over_the_wire() {
    let (app, acme) = synced().await;

    let packed = acme
        .get_with("/api/v1/progress", ACCEPT_ENCODING.as_str(), "gzip")
        .await;

    let call = app.log().await.pop().expect("a call");
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(call.bytes.to_string(), packed.header("content-length"));
    let wrong = acme.get("/api/v1/progress?limit=0").await;
    let call = app.log().await.pop().expect("a call");
    assert_eq!(call.bytes, wrong.body.len() as i64);
}

#[actix_web::test]
async fn the_old_plugins_errors_and_unknown_tokens_are_noted_too() {
    let (app, acme) = synced().await;
    let stranger = Client::with_token(&app, "alx_unknown");

    let function = "wsfunction=local_alx_report_api_get_course_progress&moodlewsrestformat=json";
    acme.legacy(&format!("wstoken={}&{function}&limit=0", acme.token))
        .await;
    acme.legacy(&format!("wstoken=nonsense&{function}")).await;
    stranger.get("/api/v1/progress").await;
    stranger.get("/api/v1/nothing").await;

    let calls = app.log().await;
    let last: Vec<_> = calls.iter().rev().take(3).rev().collect();
    let errors: Vec<_> = last
        .iter()
        .map(|call| call.error.as_deref().unwrap_or_default())
        .collect();
    assert_eq!(errors, ["invalidlimit", "invalidtoken", "unauthorized"]);
    assert_eq!(last[0].company_id, Some(ACME));
    assert_eq!((last[1].company_id, last[2].token_id), (None, None));
}

#[actix_web::test]
async fn nothing_of_an_address_but_its_pattern_is_kept() {
    let (app, acme) = synced().await;

    acme.get("/api/v1/syncs/0123456789abcdef0123456789abcdef?email=ada@example.com")
        .await;

    let call = app.log().await.pop().expect("a call");
    assert_eq!(call.route, "/api/v1/syncs/{id}");
    assert!(!format!("{call:?}").contains("ada"));
}

#[actix_web::test]
async fn a_caller_who_leaves_before_the_answer_is_noted_and_has_paid() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"calls_per_token": 100, "cache_minutes": 0}))
        .await;
    let lanes = &app.app.lanes;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(lanes.read(ACME).await.expect("a place"));
    }

    let waiting = acme.get("/api/v1/summary");
    let left = timeout(Duration::from_millis(300), waiting).await;

    assert!(left.is_err(), "nobody answered");
    let call = app.calls_until_left().await.pop().expect("a call");
    assert_eq!(
        (call.status, call.error.as_deref()),
        (499, Some("caller-left"))
    );
    assert_eq!(call.route, "/api/v1/summary");
}

#[actix_web::test]
async fn what_no_handler_sees_is_noted_and_priced_all_the_same() {
    let (app, _) = synced().await;
    app.deliver(ACME, json!({"calls_per_token": 100})).await;
    let acme = Client::new(&app, ACME, "read").await;
    let before = app.log().await.len();
    let packed = |request: reqwest::RequestBuilder| request.header("content-encoding", "gzip");

    let replies = [
        acme.send(Method::GET, "/api/v1/progress", packed).await,
        acme.get("/api/v1/progress?email=a%00&limit=5").await,
        acme.post("/api/v1/progress", json!({})).await,
        acme.send(Method::GET, "/odata/v4/Users", packed).await,
        acme.get("/odata/v4/Users?$filter=%00").await,
        acme.post("/odata/v4/Users", json!({})).await,
    ];
    acme.get("/api/v1/none?email=%00").await;

    let left: Vec<_> = replies
        .iter()
        .map(|reply| (reply.status, reply.header("ratelimit").split(';').nth(1)))
        .collect();
    assert_eq!(
        left,
        [
            (415, Some("r=99")),
            (400, Some("r=98")),
            (405, Some("r=98")),
            (415, Some("r=97")),
            (400, Some("r=96")),
            (405, Some("r=96")),
        ]
    );
    assert_eq!(bad_names(&replies[1]), ["email"]);
    assert_eq!(
        replies[0].json()["request_id"],
        replies[0].header("x-request-id")
    );
    assert_eq!(replies[4].json()["error"]["target"], "$filter");
    let calls = app.log().await.split_off(before);
    let noted: Vec<_> = calls
        .iter()
        .map(|call| (call.status, call.error.as_deref().unwrap_or_default()))
        .collect();
    let of_a_door = [
        (415, "unsupported-media"),
        (400, "bad-request"),
        (405, "method-not-allowed"),
    ];
    assert_eq!(noted, [of_a_door, of_a_door].concat());
    assert!(calls.iter().all(|call| call.company_id == Some(ACME)));
}

#[actix_web::test]
async fn calls_that_the_store_does_not_take_wait_for_the_next_try() {
    let (app, acme) = synced().await;
    let before = app.log().await.len();
    let rename = async |from: &str, to: &str| {
        let statement = format!("alter table {from} rename to {to}");
        let work = move |conn: &mut _| Ok(diesel::sql_query(&statement).execute(conn)?);
        app.app.db.change(work).await.expect("renamed");
    };

    rename("request_log", "elsewhere").await;
    acme.get("/api/v1/summary").await;
    app.write_down().await;
    acme.get("/api/v1/courses").await;
    app.write_down().await;
    rename("elsewhere", "request_log").await;
    let calls = app.log().await.split_off(before);

    let routes: Vec<_> = calls.iter().map(|call| call.route.as_str()).collect();
    assert_eq!(routes, ["/api/v1/summary", "/api/v1/courses"]);
}
