//! The kit for Power BI: what an admin downloads and pastes leads to the door, and shows what the door answers.

use serde_json::json;

use crate::support::acme::synced_app;
use crate::support::client::{ACME, Client};

#[actix_web::test]
async fn the_kit_shows_what_the_door_answers_and_holds_no_token() {
    let (app, admin) = synced_app().await;
    let acme = Client::new(&app, ACME, "read").await;

    let company = admin.get("/companies/42").await;
    let kit = admin.get("/companies/42/power-bi").await;
    let service = acme.get("/odata/v4/").await.json();
    let rows = acme.get("/odata/v4/Progress").await.json();

    assert!(company.body.contains("href=\"/companies/42/power-bi\""));
    assert_eq!(kit.status, 200, "{}", kit.body);
    let root = format!("{}/odata/v4/", app.url);
    assert!(kit.says(&root), "{}", kit.body);
    for set in service["value"].as_array().unwrap() {
        assert!(kit.body.contains(set["name"].as_str().unwrap()));
    }
    let first = rows["value"][0].as_object().unwrap();
    for (name, value) in first {
        assert!(
            kit.body.contains(&format!("{{&#34;{name}&#34;, ")),
            "{name}: {}",
            kit.body
        );
        if let Some(text) = value.as_str() {
            assert!(kit.body.contains(text), "{text}");
        }
    }
    assert!(kit.says("<dt>Calls per refresh</dt><dd>3"), "{}", kit.body);
    assert!(
        kit.says("<dt>Refreshes a day</dt><dd>11</dd>"),
        "{}",
        kit.body
    );
    assert!(!kit.body.contains("alx_"));
}

#[actix_web::test]
async fn hidden_fields_are_null_in_the_kit_too() {
    let (app, admin) = synced_app().await;
    app.deliver(
        ACME,
        json!({"fields": ["userid", "coursename"], "calls_per_token": 5}),
    )
    .await;

    let kit = admin.get("/companies/42/power-bi").await;

    assert!(!kit.body.contains("Byron"), "{}", kit.body);
    assert!(kit.body.contains("Fire safety"));
    assert!(
        kit.says("One refresh can use up the calls of a day"),
        "{}",
        kit.body
    );
}

#[actix_web::test]
async fn the_connection_file_names_the_service_and_nothing_else() {
    let (app, admin) = synced_app().await;

    let file = admin.get("/companies/42/power-bi/connection.pbids").await;
    let nobody = admin.get("/companies/4711/power-bi/connection.pbids").await;

    let document: serde_json::Value = serde_json::from_str(&file.body).unwrap();
    let details =
        json!({"protocol": "odata", "address": {"url": format!("{}/odata/v4/", app.url)}});
    assert_eq!(
        document,
        json!({"version": "0.1", "connections": [{"details": details, "mode": "Import"}]})
    );
    assert_eq!(nobody.status, 404);
}
