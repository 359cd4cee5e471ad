//! What a token may see and from where it may come, at every call of `/api/v1`.

use alx_report_api::time::now;
use alx_report_api::tokens::{NewToken, store};
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::client::{ACME, Client, bad_names, synced};

/// A client of ACME whose token is as `change` makes it.
async fn token(app: &TestApp, change: impl FnOnce(&mut NewToken)) -> Client {
    let scopes = "read,changes,sync".parse().expect("scopes");
    let mut new = NewToken::of(ACME, "test", scopes, "test");
    change(&mut new);
    let key = app.app.key.clone();
    let make = move |conn: &mut _| Ok(store::create(conn, &key, &new, now())?.0);
    let made = app.app.db.change(make).await.expect("a token");
    Client::with_token(app, made.reveal())
}

const CALLS: [&str; 7] = [
    "progress",
    "changes",
    "summary",
    "summary/courses",
    "courses",
    "companies/me",
    "syncs",
];

#[actix_web::test]
async fn a_tokens_mask_holds_everywhere_and_never_meets_anothers_answer() {
    let (app, acme) = synced().await;
    app.deliver(
        ACME,
        json!({"fields": ["userid", "lastname", "email", "status"]}),
    )
    .await;
    let masked = token(&app, |new| {
        new.fields = Some("firstname lastname status".parse().expect("fields"));
    })
    .await;

    for path in ["progress", "changes"] {
        let path = format!("/api/v1/{path}");
        let (open, narrow) = (acme.get(&path).await, masked.get(&path).await);
        let row = |reply: &crate::support::client::Reply| reply.json()["items"][0].clone();
        assert_eq!(row(&open)["email"].as_str().map(str::is_empty), Some(false));
        assert_eq!(row(&narrow)["email"], Value::Null);
        assert!(row(&narrow).get("email").is_none(), "absent, not null");
        assert!(
            row(&narrow).get("firstname").is_none(),
            "the company hides it"
        );
        assert_eq!(row(&narrow)["lastname"], row(&open)["lastname"]);
        assert_ne!(narrow.header("etag"), open.header("etag"), "{path}");
        assert_eq!(narrow.header("alx-cache"), "miss", "{path}");
        let known = masked.get_with(&path, "if-none-match", open.header("etag"));
        assert_eq!(
            known.await.status,
            200,
            "{path}: another view is another answer"
        );
    }
    let runs = masked.get("/api/v1/syncs").await.json();
    let run = runs["items"][0]["id"].as_str().expect("a run").to_owned();
    let log = masked.get(&format!("/api/v1/syncs/{run}/changes")).await;
    let after = &log.json()["items"][0]["after"];
    assert_eq!(after["lastname"], "Lovelace", "{}", log.body);
    for hidden in [
        "firstname",
        "email",
        "username",
        "percentage",
        "timecompleted",
    ] {
        assert!(after.get(hidden).is_none(), "{hidden}: {}", log.body);
    }
    let guess = masked.get("/api/v1/progress?email=a@example.com").await;
    assert_eq!(bad_names(&guess), ["email"]);
    let cursor = acme.get("/api/v1/changes").await.json()["next_cursor"].clone();
    let cursor = cursor.as_str().expect("a cursor");
    let crossed = masked
        .get(&format!("/api/v1/changes?cursor={cursor}"))
        .await;
    assert_eq!(
        (crossed.status, &crossed.json()["reason"]),
        (410, &json!("view-changed"))
    );
    let me = masked.get("/api/v1/companies/me").await.json();
    assert_eq!(me["fields"], json!(["lastname", "status"]));
}

#[actix_web::test]
async fn a_token_is_refused_from_other_networks_at_every_call() {
    let (app, _) = synced().await;
    let far = token(&app, |new| {
        new.networks = Some("10.0.0.0/8".parse().expect("a network"));
    })
    .await;
    let near = token(&app, |new| {
        new.networks = Some("127.0.0.0/8,::1".parse().expect("networks"));
    })
    .await;

    for path in CALLS.map(|path| format!("/api/v1/{path}")) {
        let refused = far.get(&path).await;
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(
            refused.json()["type"],
            "urn:alx-report-api:problem:wrong-network"
        );
        assert_eq!(
            refused.header("alx-data-version"),
            "",
            "nothing of the company"
        );
        let forwarded = far.get_with(&path, "x-forwarded-for", "10.1.2.3").await;
        assert_eq!(forwarded.status, 200, "{path}: our proxy speaks for it");
        assert_eq!(near.get(&path).await.status, 200, "{path}");
    }
    for unreadable in ["unknown", "8.8.8.8, unknown", "[2001:db8::1]", ""] {
        let path = "/api/v1/progress";
        let hidden = near.get_with(path, "x-forwarded-for", unreadable).await;
        assert_eq!(hidden.status, 403, "{unreadable:?} is not our proxy itself");
    }
    let me = near.get("/api/v1/companies/me").await.json();
    assert_eq!(me["token"]["networks"], "127.0.0.0/8,::1");
}

#[actix_web::test]
async fn an_ended_token_reads_nothing_of_any_call() {
    let (app, _) = synced().await;
    let ended = token(&app, |new| new.expires_at = Some(now() - 1)).await;

    for path in CALLS.map(|path| format!("/api/v1/{path}")) {
        let refused = ended.get(&path).await;
        assert_eq!(refused.status, 401, "{path}");
        assert_eq!(
            refused.json()["type"],
            "urn:alx-report-api:problem:token-expired"
        );
        assert_eq!(refused.header("alx-data-version"), "", "{path}");
    }
}
