//! The description of the API: its examples are called, and the replies are as it says.

use alx_report_api::api::empty::REASONS;
use alx_report_api::ids::{CompanyId, RunId};
use alx_report_api::time::now;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::client::{ACME, Client, Reply, bad_names, synced, two_companies};

/// The description, as it is served.
async fn document(app: &TestApp) -> Value {
    let anybody = Client::with_token(app, "");
    let reply = anybody.get("/api/v1/openapi.json").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

/// Every operation: method, path, and what is said of it.
fn operations(document: &Value) -> Vec<(Method, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (name, method) in [("get", Method::GET), ("post", Method::POST)] {
            if item[name].is_object() {
                found.push((method, path.clone(), item[name].clone()));
            }
        }
    }
    found
}

/// Whether a value is as a schema of the document says.
fn check(document: &Value, schema: &Value, value: &Value, what: &str) {
    let mut whole = schema.clone();
    whole["components"] = document["components"].clone();
    let validator =
        jsonschema::validator_for(&whole).unwrap_or_else(|error| panic!("{what}: {error}"));
    let wrong: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{what}: {wrong:?} in {value}");
}

/// The call that the examples of an operation make, with a run that there is.
async fn call(client: &Client, run: &str, method: &Method, path: &str, operation: &Value) -> Reply {
    let parameters = operation["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let examples = |place: &str| -> Vec<(String, String)> {
        let here = parameters
            .iter()
            .filter(|parameter| parameter["in"] == place);
        here.filter(|parameter| !parameter["example"].is_null())
            .map(|parameter| {
                let text = parameter["example"]
                    .as_str()
                    .map_or_else(|| parameter["example"].to_string(), str::to_owned);
                (parameter["name"].as_str().expect("a name").to_owned(), text)
            })
            .collect()
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(examples("query"));
    let address = format!("{}?{}", path.replace("{id}", run), query.finish());
    let body = operation["requestBody"]["content"]["application/json"]["example"].clone();
    client
        .send(method.clone(), &address, |mut request| {
            for (name, value) in examples("header") {
                request = request.header(name, value);
            }
            if body.is_null() {
                request
            } else {
                request.json(&body)
            }
        })
        .await
}

#[actix_web::test]
async fn every_example_of_the_description_works_and_its_reply_is_as_described() {
    let (app, acme) = synced().await;
    let document = document(&app).await;
    let run = acme.sync().await["id"].as_str().expect("an id").to_owned();

    let all = operations(&document);
    assert!(all.len() >= 5, "{}", all.len());
    for (method, path, operation) in all {
        let what = format!("{method} {path}");

        let reply = call(&acme, &run, &method, &path, &operation).await;

        assert!(
            reply.status < 300,
            "{what}: {} {}",
            reply.status,
            reply.body
        );
        let described = &operation["responses"][reply.status.to_string()];
        let schema = &described["content"]["application/json"]["schema"];
        assert!(
            schema.is_object(),
            "{what} describes no body of {}",
            reply.status
        );
        check(&document, schema, &reply.json(), &what);
        for name in [
            "etag",
            "alx-data-version",
            "alx-as-of",
            "alx-sync-run",
            "alx-cache",
            "x-request-id",
        ] {
            assert!(reply.headers.contains_key(name), "{what} without {name}");
        }
    }
}

#[actix_web::test]
async fn every_example_of_a_reply_is_as_its_schema_says() {
    let app = TestApp::without_moodle().await;
    let document = document(&app).await;
    let mut checked = 0;

    for (method, path, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().expect("responses") {
            for (kind, content) in response["content"].as_object().into_iter().flatten() {
                if let Some(example) = content.get("example").filter(|_| kind.contains("json")) {
                    check(
                        &document,
                        &content["schema"],
                        example,
                        &format!("{method} {path} {status}"),
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked >= 8, "{checked}");
}

#[actix_web::test]
async fn errors_are_as_described() {
    let (app, acme) = synced().await;
    let document = document(&app).await;
    let problem = json!({"$ref": "#/components/schemas/Problem"});
    let nobody = Client::with_token(&app, "alx_nobody");
    let run = RunId::from_key(CompanyId(1), "none");

    for (reply, status) in [
        (acme.get("/api/v1/progress?limit=0&page=2").await, 400),
        (nobody.get("/api/v1/progress").await, 401),
        (acme.get(&format!("/api/v1/syncs/{run}")).await, 404),
        (acme.post("/api/v1/syncs", json!({"mode": "x"})).await, 400),
        (acme.post("/api/v1/progress", json!({})).await, 405),
    ] {
        assert_eq!(reply.status, status, "{}", reply.body);
        check(&document, &problem, &reply.json(), &reply.body);
    }
}

#[actix_web::test]
async fn the_description_says_what_it_is_and_covers_every_address_of_the_api() {
    let app = TestApp::without_moodle().await;
    let document = document(&app).await;
    let routes = include_str!("../../src/routes.rs");

    assert!(
        document["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.1"))
    );
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let described: Vec<String> = operations(&document)
        .into_iter()
        .map(|(_, path, _)| path)
        .collect();
    let lines = routes
        .lines()
        .filter_map(|line| line.trim().strip_prefix(".service(resource(\"/v1/"));
    for line in lines {
        let path = format!("/api/v1/{}", line.split('"').next().unwrap_or_default());
        let about_itself = path.ends_with("openapi.json") || path.ends_with("/docs");
        assert!(
            about_itself || described.contains(&path),
            "{path} is not described"
        );
    }
}

#[actix_web::test]
async fn the_page_of_the_description_shows_every_call_and_needs_no_script() {
    let app = TestApp::without_moodle().await;
    let anybody = Client::with_token(&app, "");
    let document = document(&app).await;

    let page = anybody.get("/api/v1/docs").await;

    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'none'")
    );
    assert!(!page.body.contains("<script") && !page.body.contains("://cdn"));
    assert!(page.body.contains("<a href=\"/\">"), "it leads home");
    for (method, path, _) in operations(&document) {
        assert!(
            page.body.contains(&format!("{method} {path}")),
            "{method} {path}"
        );
    }
}

/// The fields of a schema that nothing is said of. What tells two shapes apart says so itself.
fn silent(name: &str, schema: &Value, found: &mut Vec<String>) {
    for (field, value) in schema["properties"].as_object().into_iter().flatten() {
        let says = |one: &Value| {
            ["description", "$ref", "enum"]
                .iter()
                .any(|key| !one[key].is_null())
        };
        let mut parts = value["oneOf"].as_array().into_iter().flatten();
        if !says(value) && !parts.any(says) {
            found.push(format!("{name}.{field}"));
        }
    }
    for part in ["allOf", "oneOf"] {
        let parts = schema[part].as_array().into_iter().flatten();
        parts.for_each(|part| silent(name, part, found));
    }
}

#[actix_web::test]
async fn every_field_of_every_object_is_described_and_shown_on_the_page() {
    let app = TestApp::with_moodle(two_companies).await;
    let document = document(&app).await;

    let page = Client::with_token(&app, "").get("/api/v1/docs").await.body;

    let mut found = Vec::new();
    for (name, schema) in document["components"]["schemas"]
        .as_object()
        .expect("schemas")
    {
        silent(name, schema, &mut found);
        if name.starts_with("Page_") {
            continue;
        }
        assert!(page.contains(&format!("id=\"object-{name}\"")), "{name}");
        for field in schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
        {
            assert!(
                page.contains(&format!("<code>{field}</code>")),
                "{name}.{field}"
            );
        }
    }
    assert!(found.is_empty(), "not described: {found:?}");
    let ids = page
        .split("href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    for id in ids {
        assert!(
            page.contains(&format!("id=\"{id}\"")),
            "#{id} leads nowhere"
        );
    }
}

#[actix_web::test]
async fn every_error_has_an_example_that_the_code_itself_made() {
    let app = TestApp::without_moodle().await;
    let document = document(&app).await;

    for (method, path, operation) in operations(&document) {
        let responses = operation["responses"].as_object().expect("responses");
        assert!(!responses.contains_key("502"), "no call reads Moodle");
        for status in ["400", "401", "403", "405", "415", "429", "500", "503"] {
            assert!(responses.contains_key(status), "{method} {path} {status}");
        }
        let errors = responses
            .iter()
            .filter(|(status, _)| status.starts_with(['4', '5']));
        for (status, response) in errors {
            let example = &response["content"]["application/problem+json"]["example"];
            assert_eq!(
                example["status"].to_string(),
                *status,
                "{method} {path}: {example}"
            );
        }
    }
}

/// The headers of ours, and of those that say what to do next, that a description must name.
fn undescribed(operation: &Value, reply: &Reply) -> Vec<String> {
    let described = &operation["responses"][reply.status.to_string()]["headers"];
    let described = described.as_object().into_iter().flatten();
    let described: Vec<String> = described
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    let names = reply.headers.keys().map(|name| name.as_str().to_owned());
    let told = [
        "retry-after",
        "location",
        "www-authenticate",
        "allow",
        "etag",
    ];
    names
        .filter(|name| {
            told.contains(&name.as_str())
                || ["alx-", "ratelimit", "x-r"]
                    .iter()
                    .any(|start| name.starts_with(start))
        })
        .filter(|name| !described.contains(name))
        .collect()
}

#[actix_web::test]
async fn every_header_is_described_where_it_comes() {
    let (app, acme) = synced().await;
    let document = document(&app).await;
    let nobody = Client::with_token(&app, "alx_nobody");
    app.deliver(ACME, json!({"calls_per_token": 5})).await;
    let limited = Client::expiring(&app, ACME, "read,sync", Some(now() + 86_400)).await;
    let progress = "/api/v1/progress";

    let lines = acme
        .get_with(progress, "accept", "application/x-ndjson")
        .await;
    let again = acme
        .get_with("/api/v1/companies/me", "if-none-match", "*")
        .await;
    let sync = limited.post("/api/v1/syncs", json!({"mode": "full"})).await;
    let calls = [
        ("get", progress, limited.get(progress).await),
        ("get", progress, lines),
        (
            "get",
            progress,
            limited.get("/api/v1/progress?limit=0").await,
        ),
        ("get", progress, limited.post(progress, json!({})).await),
        ("get", progress, nobody.get(progress).await),
        ("get", "/api/v1/companies/me", again),
        (
            "get",
            "/api/v1/changes",
            limited.get("/api/v1/changes").await,
        ),
        ("post", "/api/v1/syncs", sync),
    ];
    while limited.get(progress).await.status == 200 {}
    let spent = limited.get(progress).await;

    assert_eq!(spent.status, 429);
    let spent = ("get", progress, spent);
    for (method, path, reply) in calls.into_iter().chain([spent]) {
        let operation = &document["paths"][path][method];
        let missing = undescribed(operation, &reply);
        assert!(
            missing.is_empty(),
            "{method} {path} {}: {missing:?}",
            reply.status
        );
    }
}

#[actix_web::test]
async fn every_reason_of_an_empty_list_is_described() {
    let app = TestApp::without_moodle().await;
    let document = document(&app).await;
    let docs = include_str!("../../docs/api.md");

    for (word, meaning) in REASONS {
        assert!(docs.contains(&format!("| `{word}` | ")), "{word}");
        for path in ["/api/v1/progress", "/api/v1/syncs"] {
            let headers = &document["paths"][path]["get"]["responses"]["200"]["headers"];
            let said = headers["Alx-Empty-Reason"]["description"].as_str();
            let said = said.unwrap_or_default();
            assert!(said.contains(&format!("`{word}`: {meaning}")), "{said}");
        }
    }
}

#[actix_web::test]
async fn an_idempotency_key_that_its_pattern_forbids_is_refused_by_name() {
    let (_app, acme) = synced().await;

    for key in ["a b", "a\tb", ""] {
        let reply = acme
            .send(Method::POST, "/api/v1/syncs", |request| {
                let request = request.header("idempotency-key", key);
                request.json(&json!({"mode": "full"}))
            })
            .await;

        assert_eq!(bad_names(&reply), ["Idempotency-Key"], "{key:?}");
    }
}
