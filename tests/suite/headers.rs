//! What browsers are told with every reply, whoever asks whatever: one set of headers, and nothing that weakens it.

use alx_report_api::config::Config;
use reqwest::Method;
use reqwest::header::HeaderMap;

use crate::rights::{patterns, two};
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::{ACME, Client, two_companies};

/// The same in every reply.
const SET: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// What is missing in a reply.
fn missing(headers: &HeaderMap) -> Vec<String> {
    let said = |name: &str| {
        let all: Vec<_> = headers.get_all(name).iter().collect();
        all.iter()
            .map(|value| value.to_str().unwrap_or("?"))
            .collect::<Vec<_>>()
            .join(" | ")
    };
    let mut missing: Vec<String> = SET
        .iter()
        .filter(|(name, value)| said(name) != *value)
        .map(|(name, _)| format!("{name}: {}", said(name)))
        .collect();
    let policy = said("content-security-policy");
    let strict =
        policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'");
    if !strict || policy.contains("unsafe-") || policy.contains('*') || policy.contains("data:") {
        missing.push(format!("content-security-policy: {policy}"));
    }
    let kind = said("content-type");
    let kept = said("cache-control");
    if kept.is_empty() || (kind.starts_with("text/html") && kept != "no-store") {
        missing.push(format!("cache-control: {kept}"));
    }
    if said("x-request-id").is_empty() {
        missing.push("x-request-id".into());
    }
    missing
}

#[actix_web::test]
async fn every_address_of_the_dashboard_carries_them_for_everybody() {
    let (app, things, _) = two().await;
    let admin = Admin::signed_in(&app).await;
    let stranger = Admin::stranger(&app);
    let mut wrong = Vec::new();

    for pattern in patterns() {
        let address = things.address(&pattern);
        for (who, reader) in [("an admin", &admin), ("a stranger", &stranger)] {
            if pattern == "/sign-out" || address.contains("/erase") {
                continue; // they end what the others need
            }
            for (method, answer) in [
                ("GET", reader.get(&address).await),
                ("HEAD", reader.head(&address).await),
                ("POST", reader.post(&address, &[]).await),
                ("PUT", reader.ask(Method::PUT, &address).await),
            ] {
                let missing = missing(&answer.headers);
                if !missing.is_empty() {
                    wrong.push(format!(
                        "{method} {pattern} of {who}, {}: {missing:?}",
                        answer.status
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[actix_web::test]
async fn what_programs_get_and_every_refusal_carries_them() {
    let (app, _, _) = two().await;
    let client = Client::new(&app, ACME, "read").await;
    let mut statuses = std::collections::BTreeSet::new();
    let mut wrong = Vec::new();
    let mut look = |what: String, status: u16, headers: &HeaderMap| {
        statuses.insert(status);
        let missing = missing(headers);
        if !missing.is_empty() {
            wrong.push(format!("{what}, {status}: {missing:?}"));
        }
    };

    for path in [
        "/api/v1/progress",
        "/api/v1/progress?limit=0",
        "/api/v1/progress?format=csv",
        "/api/v1/changes",
        "/api/v1/summary",
        "/api/v1/companies/me",
        "/api/v1/syncs",
        "/api/v1/none",
        "/api/v1/docs",
        "/api/v1/openapi.json",
        "/api/v1/progress?search=%00",
        "/odata/v4",
        "/odata/v4/",
        "/odata/v4/$metadata",
        "/odata/v4/Progress?$top=1",
        "/odata/v4/Progress?$top=x",
        "/odata/v4/None",
        "/webservice/rest/server.php",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/none",
        "/static/app.css",
        "/static/live.js",
        "/static/icon.svg",
        "/static/none",
        "/companies/abc",
        "/sign-in?next=%00",
    ] {
        let reply = client.get(path).await;
        look(path.into(), reply.status, &reply.headers);
        let bare = client.get_bare(path, |request| request).await;
        look(
            format!("{path} without a token"),
            bare.status,
            &bare.headers,
        );
        let sent = client.send(Method::DELETE, path, |request| request);
        let sent = sent.await;
        look(format!("DELETE {path}"), sent.status, &sent.headers);
    }
    let big = |request: reqwest::RequestBuilder| request.body("x".repeat(300 * 1024));
    for path in ["/api/v1/syncs", "/sign-in", "/webservice/rest/server.php"] {
        let reply = client.send(Method::POST, path, big).await;
        look(
            format!("a big body at {path}"),
            reply.status,
            &reply.headers,
        );
        let encoded =
            |request: reqwest::RequestBuilder| request.header("content-encoding", "gzip").body("x");
        let reply = client.send(Method::POST, path, encoded).await;
        look(
            format!("a coded body at {path}"),
            reply.status,
            &reply.headers,
        );
    }
    let sync = client
        .post("/api/v1/syncs", serde_json::json!({"mode": "full"}))
        .await;
    look(
        "a sync without its scope".into(),
        sync.status,
        &sync.headers,
    );

    assert!(wrong.is_empty(), "{wrong:#?}");
    for status in [200, 400, 401, 403, 404, 405, 413, 415] {
        assert!(statuses.contains(&status), "no {status} among {statuses:?}");
    }
}

#[actix_web::test]
async fn a_site_under_tls_says_so_in_every_reply() {
    let public =
        |config: &mut Config| config.public_url = Some("https://reports.example.com".into());
    let app = TestApp::start(two_companies, public).await;
    let stranger = Admin::stranger(&app);
    let client = Client::new(&app, ACME, "read").await;

    for path in [
        "/sign-in",
        "/",
        "/none",
        "/static/app.css",
        "/health/live",
        "/api/v1/progress",
    ] {
        for headers in [
            stranger.get(path).await.headers,
            client.get(path).await.headers,
        ] {
            let missing = missing(&headers);
            assert!(missing.is_empty(), "{path}: {missing:?}");
            let kept = headers.get("strict-transport-security");
            assert_eq!(kept.expect(path), "max-age=31536000", "{path}");
        }
    }
}
