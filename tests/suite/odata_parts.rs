//! The OData door beyond lists: single properties, their texts alone, and aliases in filters.

use alx_report_api::fields::Field;
use alx_report_api::time::now;
use alx_report_api::tokens::{NewToken, Scopes, store};
use serde_json::json;

use crate::support::client::{ACME, Client, Reply, synced};

/// The first row that is not completed: its address and itself.
async fn an_open_row(acme: &Client) -> (String, serde_json::Value) {
    let list = acme
        .get("/odata/v4/Progress?$filter=TimeCompleted eq null&$top=1")
        .await;
    let row = list.json()["value"][0].clone();
    let (user, course) = (&row["UserId"], &row["CourseId"]);
    let address = format!("/odata/v4/Progress(UserId={user},CourseId={course})");
    (address, row)
}

fn code(reply: &Reply) -> (u16, String) {
    let code = reply.json()["error"]["code"].clone();
    (reply.status, code.as_str().unwrap_or_default().to_owned())
}

#[actix_web::test]
async fn a_property_of_an_entity_is_read_by_itself() {
    let (app, acme) = synced().await;
    let (address, row) = an_open_row(&acme).await;

    let name = acme.get(&format!("{address}/CourseName")).await;
    let bare = acme
        .get(&format!(
            "{address}/UserId?$format=application/json;odata.metadata=none;IEEE754Compatible=true"
        ))
        .await;
    let absent = acme.get(&format!("{address}/TimeCompleted")).await;

    let place = address.trim_start_matches("/odata/v4/");
    let context = format!("{}/odata/v4/$metadata#{place}/CourseName", app.url);
    assert_eq!(
        name.json(),
        json!({"@odata.context": context, "value": row["CourseName"]})
    );
    assert_eq!(name.header("odata-version"), "4.0");
    assert_eq!(bare.json(), json!({"value": row["UserId"].to_string()}));
    assert_eq!((absent.status, absent.body.as_str()), (204, ""));
    for of_a_body in ["content-type", "alx-empty-reason"] {
        assert!(!absent.headers.contains_key(of_a_body), "{of_a_body}");
    }
    assert_eq!(absent.header("odata-version"), "4.0");
}

#[actix_web::test]
async fn the_value_of_a_property_is_a_text_alone() {
    let (_app, acme) = synced().await;
    let (address, row) = an_open_row(&acme).await;

    let name = acme
        .get_with(
            &format!("{address}/CourseName/$value"),
            "accept",
            "text/plain",
        )
        .await;
    let moment = acme.get(&format!("{address}/ChangedAt/$value")).await;
    let again = acme
        .get_with(
            &format!("{address}/ChangedAt/$value"),
            "if-none-match",
            moment.header("etag"),
        )
        .await;
    let absent = acme.get(&format!("{address}/TimeCompleted/$value")).await;
    let run = acme.get("/odata/v4/SyncRuns?$top=1").await.json()["value"][0].clone();
    let id = run["Id"].as_str().unwrap();
    let of_run = acme
        .get(&format!("/odata/v4/SyncRuns('{id}')/DryRun/$value"))
        .await;

    assert_eq!(name.body, row["CourseName"].as_str().unwrap());
    assert_eq!(name.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(moment.body, row["ChangedAt"].as_str().unwrap());
    assert_eq!(again.status, 304);
    assert_eq!((absent.status, absent.body.as_str()), (204, ""));
    assert_eq!(of_run.body, "false");
}

#[actix_web::test]
async fn what_is_no_property_or_does_not_show_is_not_found() {
    let (app, acme) = synced().await;
    let (address, _) = an_open_row(&acme).await;
    let shared = app.app.clone();
    let make = move |conn: &mut _| {
        let new = NewToken {
            fields: Some([Field::UserId, Field::Status].into_iter().collect()),
            ..NewToken::of(ACME, "narrow", Scopes::all(), "test")
        };
        store::create(conn, &shared.key, &new, now())
    };
    let (token, _) = app.app.db.change(make).await.unwrap();
    let narrow = Client::with_token(&app, token.reveal());

    for path in ["/Nothing", "/Nothing/$value", "/Email/Nothing", "/$value"] {
        let reply = acme.get(&format!("{address}{path}")).await;
        assert_eq!(
            code(&reply),
            (404, "not-found".into()),
            "{path}: {}",
            reply.body
        );
    }
    assert_eq!(
        acme.get(&format!("{address}/Email/$value")).await.status,
        200
    );
    assert_eq!(
        code(&narrow.get(&format!("{address}/Email/$value")).await).0,
        404
    );
    let nobody = "/odata/v4/Users(999999)/Email";
    assert_eq!(code(&acme.get(nobody).await).0, 404);
    assert_eq!(code(&acme.get("/odata/v4/Users/Email").await).0, 404);
    assert_eq!(code(&acme.get("/odata/v4/Users(x)/Email").await).0, 400);
    let option = acme
        .get(&format!("{address}/Email/$value?$format=json"))
        .await;
    assert_eq!(option.status, 400, "{}", option.body);
}

#[actix_web::test]
async fn an_alias_stands_for_a_value_of_a_filter() {
    let (_app, acme) = synced().await;
    let (_, row) = an_open_row(&acme).await;
    let user = &row["UserId"];
    let plain = acme
        .get(&format!(
            "/odata/v4/Progress?$filter=UserId eq {user} and Status ne 'a@b'"
        ))
        .await;

    let named = acme
        .get(&format!(
            "/odata/v4/Progress?$filter=UserId eq @who and Status ne 'a@b'&@who={user}"
        ))
        .await;
    let text = acme
        .get("/odata/v4/Progress/$count?@how='completed'&$filter=Status eq @how")
        .await;
    let nothing = acme
        .get("/odata/v4/Progress/$count?$filter=Status eq @how")
        .await;
    let paged = acme
        .get_with(
            "/odata/v4/Progress?$filter=UserId ge @who&@who=1&@unused=2",
            "prefer",
            "odata.maxpagesize=2",
        )
        .await;

    assert_eq!(named.json()["value"], plain.json()["value"]);
    assert_ne!(text.body, "0");
    assert_eq!(nothing.body, "0", "an alias without a value is null");
    let next = paged.json()["@odata.nextLink"].as_str().unwrap().to_owned();
    let next = acme.get(&next[next.find("/odata").unwrap()..]).await;
    assert_eq!(next.status, 200, "{}", next.body);
}

#[actix_web::test]
async fn operations_that_are_not_there_are_501_and_wrong_aliases_say_so() {
    let (_app, acme) = synced().await;
    for (query, status, target) in [
        ("$filter=UserId add 1 eq 2", 501, "$filter"),
        ("$filter=2 eq UserId mod 2", 501, "$filter"),
        ("$filter=Status has 'x'", 501, "$filter"),
        ("$filter=-UserId eq 1", 501, "$filter"),
        ("$filter=$it/UserId eq 1", 501, "$filter"),
        ("$filter=Course/Name eq 'x'", 501, "$filter"),
        ("$filter=Courses/any(c:c/Name eq 'x')", 501, "$filter"),
        ("$filter=UserId eq @p&@p=UserId", 501, "@p"),
        ("$filter=UserId eq @p&@p=1 add 1", 501, "@p"),
        ("$filter=UserId eq @p&@p='open", 400, "@p"),
        ("$filter=UserId eq @p&@p='x'", 400, "$filter"),
        ("$filter=UserId eq @", 400, "$filter"),
        ("$filter=UserId eq @p&@p=1&@p=2", 400, "@p"),
        ("@1=1", 501, "@1"),
    ] {
        let reply = acme.get(&format!("/odata/v4/Progress?{query}")).await;
        let target_found = reply.json()["error"]["target"].clone();
        assert_eq!(
            (reply.status, target_found.as_str()),
            (status, Some(target)),
            "{query}: {}",
            reply.body
        );
    }
    assert_eq!(acme.get("/odata/v4/?@p=1").await.status, 501);
}

#[actix_web::test]
async fn a_filter_that_its_aliases_blow_up_is_refused_at_its_limit() {
    let (_app, acme) = synced().await;
    let long = format!("'{}'", "x".repeat(7000));
    let uses = "@a''".repeat(3000);
    let many: String = (0..70).map(|number| format!("&@a{number}=1")).collect();

    let blown = acme
        .get(&format!("/odata/v4/Progress?$filter={uses}&@a={long}"))
        .await;
    let crowd = acme
        .get(&format!("/odata/v4/Progress?$filter=UserId eq @a1{many}"))
        .await;

    assert_eq!(blown.status, 400);
    assert!(
        blown.body.contains("longer than 8192 bytes"),
        "{}",
        blown.body
    );
    assert_eq!(crowd.status, 400);
    assert!(crowd.body.contains("too many options"), "{}", crowd.body);
}
