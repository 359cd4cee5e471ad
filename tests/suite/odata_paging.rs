//! Pages of OData sets: nothing is missing, nothing comes twice, and links lead where the client came from.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::client::{ACME, Client, complete, synced};

/// The entities of all pages, and how many pages there were.
async fn all(app: &TestApp, client: &Client, path: &str, size: usize) -> (Vec<Value>, usize) {
    let (mut found, mut pages, mut path) = (Vec::new(), 0, path.to_owned());
    let prefer = format!("odata.maxpagesize={size}");
    loop {
        let reply = client.get_with(&path, "prefer", &prefer).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        assert_eq!(reply.header("preference-applied"), prefer);
        let page = reply.json();
        let entities = page["value"].as_array().expect("a list").clone();
        assert!(entities.len() <= size);
        found.extend(entities);
        pages += 1;
        match page["@odata.nextLink"].as_str() {
            Some(next) => path = next.strip_prefix(&app.url).expect("our host").to_owned(),
            None => return (found, pages),
        }
    }
}

#[actix_web::test]
async fn pages_of_every_size_and_order_give_the_same_list() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"calls_per_token": 0})).await;
    for query in [
        "Progress",
        "Progress?$orderby=LastName desc,CourseName",
        "Progress?$orderby=TimeCompleted",
        "Progress?$orderby=TimeCompleted desc,Percentage desc",
        "Progress?$orderby=Percentage,UserId desc",
        "Progress?$filter=Status ne 'completed' and CourseName ne 'a''b%26c'&$orderby=Status desc",
        "Progress?$top=5&$skip=1",
        "Progress?$select=UserId&$orderby=FirstName",
        "Users?$orderby=Email desc",
        "Courses",
        "SyncRuns",
    ] {
        let path = format!("/odata/v4/{query}");
        let (whole, _) = all(&app, &acme, &path, 5000).await;
        assert!(!whole.is_empty(), "{query}");
        for size in 1..=4 {
            let (found, pages) = all(&app, &acme, &path, size).await;
            assert_eq!(found, whole, "{query} by {size}");
            assert_eq!(pages, whole.len().div_ceil(size), "{query} by {size}");
        }
    }
}

#[actix_web::test]
async fn null_comes_first_upwards_and_last_downwards() {
    let (_app, acme) = synced().await;
    let column = |reply: &Value| -> Vec<bool> {
        let list = reply["value"].as_array().unwrap().iter();
        list.map(|one| one["TimeCompleted"].is_null()).collect()
    };

    let up = acme
        .get("/odata/v4/Progress?$orderby=TimeCompleted")
        .await
        .json();
    let down = acme
        .get("/odata/v4/Progress?$orderby=TimeCompleted desc")
        .await
        .json();

    assert_eq!(column(&up), [true, true, true, true, true, false]);
    assert_eq!(column(&down), [false, true, true, true, true, true]);
}

#[actix_web::test]
async fn top_and_skip_and_count_mean_what_they_say() {
    let (app, acme) = synced().await;
    let users = |query: &'static str| {
        let acme = acme.clone();
        async move { acme.get(&format!("/odata/v4/Users?{query}")).await.json() }
    };

    let probe = users("$top=1000").await;
    let none = users("$top=0&$count=true").await;
    let second = users("$top=1&$skip=1&$count=true").await;
    let beyond = users("$skip=1000000").await;
    let (top, pages) = all(&app, &acme, "/odata/v4/Progress?$top=3", 2).await;

    assert_eq!(probe["value"].as_array().unwrap().len(), 3);
    assert_eq!(probe.get("@odata.nextLink"), None);
    assert_eq!(
        (&none["value"], &none["@odata.count"]),
        (&json!([]), &json!(3))
    );
    assert_eq!(second["value"][0]["UserId"], 18);
    assert_eq!(
        (
            second["@odata.count"].clone(),
            second.get("@odata.nextLink")
        ),
        (json!(3), None)
    );
    assert_eq!(beyond["value"], json!([]));
    assert_eq!((top.len(), pages), (3, 2));
}

#[actix_web::test]
async fn an_option_that_a_link_leaves_no_meaning_is_refused_by_name() {
    let (app, acme) = synced().await;
    let prefer = "odata.track-changes,odata.maxpagesize=4";
    let path = "/odata/v4/Progress?$filter=UserId ne 99&$select=UserId&$count=true&$orderby=UserId";
    let first = acme.get_with(path, "prefer", prefer).await.json();
    let link = |document: &Value, name: &str| -> String {
        let link = document[name].as_str().expect("a link");
        link.strip_prefix(&app.url).expect("our host").to_owned()
    };
    let next = link(&first, "@odata.nextLink");
    let last = acme.get(&next).await.json();
    let delta = link(&last, "@odata.deltaLink");

    for (link, option, target) in [
        (&next, "$skip=1", "$skip"),
        (&next, "$skip=0", "$skip"),
        (&delta, "$top=1", "$top"),
        (&delta, "$skip=1", "$skip"),
        (&delta, "$orderby=UserId", "$orderby"),
        (&delta, "$count=true", "$count"),
        (&delta, "$skiptoken=x", "$skiptoken"),
    ] {
        let reply = acme.get(&format!("{link}&{option}")).await;

        assert_eq!(reply.status, 400, "{option}: {}", reply.body);
        assert_eq!(reply.json()["error"]["target"], target, "{}", reply.body);
    }
    let counted = acme.get(&format!("{next}&$count=true")).await;
    assert_eq!(counted.json()["value"], last["value"], "{}", counted.body);
    assert_eq!(acme.get(&delta).await.status, 200);
}

#[actix_web::test]
async fn a_link_leads_to_the_host_that_the_client_used() {
    let (_app, acme) = synced().await;
    let other = acme
        .send(reqwest::Method::GET, "/odata/v4/Users", |request| {
            request
                .header("host", "reports.example.com")
                .header("prefer", "odata.maxpagesize=1")
        })
        .await;
    let hostile = acme
        .send(reqwest::Method::GET, "/odata/v4/Users", |request| {
            request.header("host", "a\"b<c>")
        })
        .await;

    let next = other.json()["@odata.nextLink"].as_str().unwrap().to_owned();
    assert!(
        next.starts_with("http://reports.example.com/odata/v4/Users?"),
        "{next}"
    );
    assert!(!hostile.body.contains("a\\\"b"), "{}", hostile.body);
}

#[actix_web::test]
async fn in_key_order_a_change_between_pages_loses_and_repeats_nothing() {
    let (app, acme) = synced().await;
    let first = acme
        .get_with("/odata/v4/Progress", "prefer", "odata.maxpagesize=3")
        .await
        .json();
    complete(&app, 17, "Fire safety");
    acme.sync().await;

    let next = first["@odata.nextLink"].as_str().unwrap()[app.url.len()..].to_owned();
    let rest = acme.get(&next).await.json();

    let keys = |page: &Value| -> Vec<(i64, i64)> {
        let list = page["value"].as_array().unwrap().iter();
        list.map(|one| {
            (
                one["UserId"].as_i64().unwrap(),
                one["CourseId"].as_i64().unwrap(),
            )
        })
        .collect()
    };
    let mut found = keys(&first);
    found.extend(keys(&rest));
    let mut sorted = found.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!((found.len(), &sorted), (6, &found));
}
