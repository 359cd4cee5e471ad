//! Limits on calls: exact, per token and per company, told by headers, and priced as the documents say.

use std::time::Duration;

use actix_web::rt::time::timeout;
use alx_report_api::db::Kind;
use alx_report_api::schema::quota_days;
use diesel::prelude::*;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use serde_json::json;

use crate::support::TestApp;
use crate::support::client::{ACME, Client, OTHER, Reply, plant_running, synced};

const ROWS: &str = "/api/v1/progress";

/// What `RateLimit` says is left.
fn left(reply: &Reply) -> i64 {
    let header = reply.header("ratelimit");
    let part = header.split(';').find_map(|part| part.strip_prefix("r="));
    part.unwrap_or_else(|| panic!("no r= in {header:?}"))
        .parse()
        .expect("a number")
}

/// An instance, and a fresh client of ACME that may call so many times.
async fn limited(calls: u32) -> (TestApp, Client) {
    let (app, _) = synced().await;
    app.deliver(ACME, json!({ "calls_per_token": calls })).await;
    let client = Client::new(&app, ACME, "read,changes,sync").await;
    (app, client)
}

#[actix_web::test]
async fn the_call_after_the_last_one_is_refused_and_says_when_to_come_back() {
    let (_app, acme) = limited(3).await;

    let calls = [
        acme.get(ROWS).await,
        acme.get(ROWS).await,
        acme.get(ROWS).await,
    ];
    let refused = acme.get(ROWS).await;

    assert_eq!(calls.each_ref().map(left), [2, 1, 0]);
    assert_eq!(calls[0].header("ratelimit-policy"), "\"token\";q=3;w=86400");
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert!(
        refused.json()["type"]
            .as_str()
            .is_some_and(|kind| kind.ends_with("limit-reached"))
    );
    let seconds: i64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=86_400).contains(&seconds), "{seconds}");
    assert_eq!(left(&refused), 0);
}

#[actix_web::test]
async fn of_64_callers_at_once_exactly_as_many_pass_as_may() {
    let (app, acme) = limited(40).await;
    let second = app.second().await;
    let elsewhere = match app.app.db.kind() {
        Kind::Sqlite => acme.clone(), // an embedded store has one process
        _ => acme.at(&second),
    };

    let callers = (0..64).map(|number| {
        let client = if number % 2 == 0 { &acme } else { &elsewhere };
        client.get(ROWS)
    });
    let replies = futures_util::future::join_all(callers).await;

    let passed = replies.iter().filter(|reply| reply.status == 200).count();
    let refused = replies.iter().filter(|reply| reply.status == 429).count();
    assert_eq!((passed, refused), (40, 24));
}

#[actix_web::test]
async fn tokens_of_a_company_share_its_limit_and_another_company_has_its_own() {
    let (app, _) = synced().await;
    app.deliver(ACME, json!({"calls_per_token": 0, "calls_per_company": 3}))
        .await;
    let one = Client::new(&app, ACME, "read").await;
    let two = Client::new(&app, ACME, "read").await;
    let other = Client::new(&app, OTHER, "read").await;

    let calls = [
        one.get(ROWS).await,
        two.get(ROWS).await,
        one.get(ROWS).await,
    ];
    let refused = two.get(ROWS).await;

    assert_eq!(calls.each_ref().map(|reply| reply.status), [200; 3]);
    assert_eq!(
        calls[2].header("ratelimit-policy"),
        "\"company\";q=3;w=86400"
    );
    assert_eq!(refused.status, 429);
    assert_eq!(other.get(ROWS).await.status, 200);
}

#[actix_web::test]
async fn what_a_client_has_already_costs_nothing_even_when_nothing_is_left() {
    let (_app, acme) = limited(1).await;
    let first = acme.get(ROWS).await;
    let etag = first.headers[ETAG].to_str().expect("ASCII").to_owned();

    for _ in 0..3 {
        let again = acme.get_with(ROWS, IF_NONE_MATCH.as_str(), &etag).await;

        assert_eq!((again.status, left(&again)), (304, 0));
    }
    assert_eq!(acme.get(ROWS).await.status, 429);
}

#[actix_web::test]
async fn what_a_token_is_told_about_itself_counts_unless_it_has_it_already() {
    let (_app, acme) = limited(2).await;
    let me = "/api/v1/companies/me";
    let first = acme.get(me).await;

    for _ in 0..3 {
        let again = acme.get_with(me, IF_NONE_MATCH.as_str(), "*").await;

        assert_eq!((again.status, left(&again)), (304, 1));
    }

    let changed = acme.get_with(me, IF_NONE_MATCH.as_str(), "\"old\"").await;
    assert_eq!(left(&first), 1);
    assert_eq!((changed.status, left(&changed)), (200, 0));
    assert_eq!(changed.json()["limits"]["nearest"]["used"], 2);
    assert_eq!(acme.get(me).await.status, 429);
}

#[actix_web::test]
async fn a_mistake_counts_and_a_refusal_does_not() {
    let (app, acme) = limited(3).await;

    assert_eq!(left(&acme.get("/api/v1/progress?limit=0").await), 2);
    assert_eq!(left(&acme.get("/api/v1/syncs/none").await), 1);
    assert_eq!(left(&acme.get(ROWS).await), 0);
    for _ in 0..5 {
        assert_eq!(acme.get(ROWS).await.status, 429);
    }

    app.deliver(ACME, json!({"calls_per_token": 4})).await;
    assert_eq!(left(&acme.get(ROWS).await), 0, "the refusals did not count");
}

#[actix_web::test]
async fn mistakes_use_up_their_own_tokens_limit_and_take_nothing_more_from_the_company() {
    let (app, _) = synced().await;
    app.deliver(ACME, json!({"calls_per_token": 2, "calls_per_company": 4}))
        .await;
    let clumsy = Client::new(&app, ACME, "read").await;
    let careful = Client::new(&app, ACME, "read").await;

    for _ in 0..6 {
        assert_eq!(clumsy.get("/api/v1/progress?limit=0").await.status, 400);
    }

    assert_eq!(clumsy.get(ROWS).await.status, 429);
    assert_eq!(left(&careful.get(ROWS).await), 1);
}

#[actix_web::test]
async fn a_call_that_finds_no_place_costs_nothing() {
    let (app, acme) = limited(200).await;
    let mut places = Vec::new();
    for _ in 0..4 {
        places.push(app.app.lanes.read(ACME).await.expect("a place"));
    }

    let flood = (0..100).map(|number| {
        let (acme, path) = (acme.clone(), format!("{ROWS}?limit={}", number + 1));
        actix_web::rt::spawn(async move { acme.get(&path).await.status })
    });
    let flood: Vec<_> = flood.collect();
    while app.app.requests.answered().refused < 30 {
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    drop(places);
    let statuses = futures_util::future::join_all(flood).await;

    let well = statuses
        .iter()
        .filter(|status| *status.as_ref().expect("no panic") == 200);
    assert_eq!(left(&acme.get(ROWS).await), 199 - well.count() as i64);
}

#[actix_web::test]
async fn counts_outlive_a_restart() {
    let (app, acme) = limited(2).await;
    assert_eq!(acme.get(ROWS).await.status, 200);
    app.write_down().await;

    let again = app.second().await;
    let acme = acme.at(&again);

    assert_eq!(acme.get(ROWS).await.status, 200);
    assert_eq!(acme.get(ROWS).await.status, 429);
}

#[actix_web::test]
async fn a_call_that_is_refused_reads_nothing_and_waits_for_nothing() {
    let (app, acme) = limited(1).await;
    let run = acme.get("/api/v1/syncs").await.each("id")[0].clone();
    let run = run.as_str().expect("an id");
    let mut places = Vec::new();
    for _ in 0..4 {
        places.push(app.app.lanes.read(ACME).await.expect("a place"));
    }

    for path in [
        ROWS.to_owned(),
        "/api/v1/companies/me".to_owned(),
        "/api/v1/syncs".to_owned(),
        format!("/api/v1/syncs/{run}"),
        format!("/api/v1/syncs/{run}/changes"),
        "/odata/v4/SyncRuns".to_owned(),
        "/odata/v4/SyncRuns/$count".to_owned(),
    ] {
        let refused = timeout(Duration::from_secs(5), acme.get(&path)).await;

        let refused = refused.unwrap_or_else(|_| panic!("{path} waits for a place"));
        assert_eq!(refused.status, 429, "{path}: {}", refused.body);
        assert!(refused.body.contains("limit-reached"), "{}", refused.body);
    }
}

#[actix_web::test]
async fn without_a_limit_no_header_speaks_of_one() {
    let (_app, acme) = limited(0).await;

    let reply = acme.get(ROWS).await;

    assert_eq!(reply.status, 200);
    assert!(!reply.headers.contains_key("ratelimit"));
}

#[actix_web::test]
async fn a_company_that_floods_leaves_room_for_others() {
    let (app, acme) = limited(0).await;
    let other = Client::new(&app, OTHER, "read").await;
    let mut places = Vec::new();
    for _ in 0..4 {
        places.push(app.app.lanes.read(ACME).await.expect("a place"));
    }

    let flood = (0..100).map(|number| {
        let (acme, path) = (
            acme.clone(),
            format!("/api/v1/progress?limit={}", number + 1),
        );
        actix_web::rt::spawn(async move { acme.get(&path).await })
    });
    let flood: Vec<_> = flood.collect();
    let calm = other.get(ROWS).await;
    drop(places);
    let replies = futures_util::future::join_all(flood).await;

    assert_eq!(calm.status, 200);
    let statuses: Vec<u16> = replies
        .iter()
        .map(|reply| reply.as_ref().expect("no panic").status)
        .collect();
    let busy = statuses.iter().filter(|status| **status == 429).count();
    assert!(busy > 0 && busy <= 36, "64 may wait: {busy} were refused");
    assert!(statuses.iter().all(|status| [200, 429].contains(status)));
}

#[actix_web::test]
async fn callers_who_wait_to_be_counted_leave_the_store_to_other_companies() {
    let (app, acme) = limited(1000).await;
    app.deliver(OTHER, json!({"calls_per_token": 1000})).await;
    let other = Client::new(&app, OTHER, "read").await;
    assert_eq!(acme.get(ROWS).await.status, 200);
    app.write_down().await;
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let (begun, locked) = tokio::sync::oneshot::channel();
    let (db, mut begun) = (app.app.db.clone(), Some(begun));
    let busy = actix_web::rt::task::spawn_blocking(move || {
        db.write(|conn| {
            let counts = quota_days::table.filter(quota_days::company_id.eq(ACME));
            diesel::update(counts)
                .set(quota_days::used.eq(quota_days::used + 0))
                .execute(conn)?;
            if let Some(begun) = begun.take() {
                let _ = begun.send(()); // whoever asked for it waits
            }
            let _ = wait.recv_timeout(Duration::from_secs(9));
            Ok(())
        })
    });
    locked.await.expect("a count that lasts");

    let flood = (0..60).map(|_| {
        let acme = acme.clone();
        actix_web::rt::spawn(async move { acme.get(ROWS).await.status })
    });
    let flood: Vec<_> = flood.collect();
    actix_web::rt::time::sleep(Duration::from_millis(300)).await;
    let calm = timeout(Duration::from_secs(5), other.get(ROWS)).await;
    go_on.send(()).expect("it waits");
    busy.await.expect("no panic").expect("it is written");
    let statuses = futures_util::future::join_all(flood).await;

    assert_eq!(calm.expect("nobody waits for another company").status, 200);
    for status in statuses {
        assert_eq!(status.expect("no panic"), 200);
    }
}

#[actix_web::test]
async fn of_those_who_wait_for_a_sync_the_ninth_gets_202_at_once() {
    let (app, acme) = limited(0).await;
    let waiting: Vec<_> = (0..8).map(|_| app.app.lanes.wait(ACME)).collect();
    assert!(waiting.iter().all(Option::is_some));
    plant_running(&app, false).await;

    let begun = std::time::Instant::now();
    let ninth = acme
        .post("/api/v1/syncs?wait=60", json!({"mode": "full"}))
        .await;

    assert_eq!(ninth.status, 202, "{}", ninth.body);
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(acme.get(ninth.header("location")).await.status, 200);
}
