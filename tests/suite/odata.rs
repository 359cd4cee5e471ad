//! The OData door: what a client finds there, who may come in, and what is refused.

use alx_report_api::fields::{Field, Fields};
use alx_report_api::time::now;
use alx_report_api::tokens::{NewToken, Scopes, store};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::{ACME, Client, OTHER, Reply, plant_running, synced};

/// The names of a list's entities' property.
fn each(reply: &Reply, property: &str) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let list = reply.json();
    let entities = list["value"].as_array().expect("a list");
    entities.iter().map(|one| one[property].clone()).collect()
}

/// The error's code and the option it blames.
fn blamed(reply: &Reply) -> (u16, String, String) {
    let error = reply.json()["error"].clone();
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    assert!(!text("message").is_empty(), "{}", reply.body);
    assert_eq!(reply.header("odata-version"), "4.0");
    assert_eq!(reply.header("content-type"), "application/json");
    (reply.status, text("code"), text("target"))
}

#[actix_web::test]
async fn the_service_tells_its_sets_and_their_types() {
    let (app, acme) = synced().await;

    let service = acme.get("/odata/v4/").await;
    let bare = acme.get("/odata/v4").await;
    let metadata = acme.get("/odata/v4/$metadata").await;

    assert_eq!(service.status, 200, "{}", service.body);
    assert_eq!(bare.body, service.body);
    let root = format!("{}/odata/v4/", app.url);
    let document = service.json();
    assert_eq!(document["@odata.context"], format!("{root}$metadata"));
    assert_eq!(
        each(&service, "url"),
        ["Progress", "Courses", "Users", "SyncRuns"]
    );
    assert_eq!(service.header("odata-version"), "4.0");
    assert_eq!(
        service.header("content-type"),
        "application/json;odata.metadata=minimal"
    );
    assert_eq!(metadata.header("content-type"), "application/xml");
    for part in [
        "<EntitySet Name=\"Progress\" EntityType=\"AlxReports.ProgressRow\"/>",
        "<Key><PropertyRef Name=\"UserId\"/><PropertyRef Name=\"CourseId\"/></Key>",
        "<Property Name=\"EnrolledAt\" Type=\"Edm.DateTimeOffset\"/>",
        "<Property Name=\"UserId\" Type=\"Edm.Int64\" Nullable=\"false\"/>",
    ] {
        assert!(metadata.body.contains(part), "{part}: {}", metadata.body);
    }
}

#[actix_web::test]
async fn entities_say_what_the_rows_say() {
    let (app, acme) = synced().await;

    let list = acme.get("/odata/v4/Progress?$count=true").await;
    let rows = acme.get("/api/v1/progress").await.json();
    let courses = acme.get("/odata/v4/Courses").await;
    let users = acme.get("/odata/v4/Users?$select=UserId,LastName").await;
    let runs = acme.get("/odata/v4/SyncRuns").await;

    let document = list.json();
    let root = format!("{}/odata/v4/", app.url);
    assert_eq!(
        document["@odata.context"],
        format!("{root}$metadata#Progress")
    );
    assert_eq!(document["@odata.count"], 6);
    assert_eq!(document.get("@odata.nextLink"), None);
    let names = [
        ("UserId", "userid"),
        ("FirstName", "firstname"),
        ("LastName", "lastname"),
        ("Email", "email"),
        ("Username", "username"),
        ("CourseId", "courseid"),
        ("CourseName", "coursename"),
        ("Status", "status"),
        ("Percentage", "percentage"),
        ("TimeCompleted", "timecompleted"),
        ("TimeStarted", "timestarted"),
        ("EnrolledAt", "enrolled_at"),
        ("ChangedAt", "changed_at"),
        ("State", "state"),
    ];
    for (entity, row) in document["value"]
        .as_array()
        .unwrap()
        .iter()
        .zip(rows["items"].as_array().unwrap())
    {
        assert_eq!(entity.as_object().unwrap().len(), names.len());
        for (ours, theirs) in names {
            assert_eq!(entity[ours], row[theirs], "{ours}");
        }
    }
    assert_eq!(
        each(&courses, "CourseName"),
        ["Fire safety", "Données / Privacy <b>"]
    );
    assert_eq!(each(&users, "LastName"), ["Lovelace", "Kowalski", "D'Arc"]);
    assert_eq!(users.json()["value"][0].as_object().unwrap().len(), 2);
    assert_eq!(each(&runs, "State"), ["succeeded"]);
    assert_eq!(each(&runs, "RecordsCreated"), [6]);
}

#[actix_web::test]
async fn runs_say_what_the_api_says_of_them() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"calls_per_token": 0})).await;
    acme.get("/api/v1/progress").await; // something to clear
    acme.sync().await;
    let gone = app.moodle_file().with_extension("gone");
    std::fs::rename(app.moodle_file(), gone).expect("it is moved away");
    acme.post("/api/v1/syncs?wait=30", json!({"mode": "full"}))
        .await;
    plant_running(&app, true).await;

    let runs = acme.get("/odata/v4/SyncRuns").await.json();
    let count = async |filter: &str| {
        let path = format!("/odata/v4/SyncRuns/$count?$filter={filter}");
        acme.get(&path).await.body
    };

    let statistics = [
        ("Success", "success"),
        ("TotalProcessed", "total_processed"),
        ("RecordsCreated", "records_created"),
        ("RecordsUpdated", "records_updated"),
        ("RecordsDeleted", "records_deleted"),
        ("RecordsUnchanged", "records_unchanged"),
        ("CacheCleared", "cache_cleared"),
        ("DurationSeconds", "duration_seconds"),
        ("VersionBefore", "version_before"),
        ("VersionAfter", "version_after"),
        ("SnapshotAt", "snapshot_at"),
    ];
    let runs = runs["value"].as_array().unwrap();
    assert_eq!(runs.len(), 4);
    for run in runs {
        let id = run["Id"].as_str().unwrap();
        let said = acme.get(&format!("/api/v1/syncs/{id}")).await.json();
        let said = &said["statistics"];
        for (ours, theirs) in statistics {
            assert_eq!(run[ours], said[theirs], "{ours}: {run} {said}");
        }
        let sentences = said["errors"].as_array().map(|said| {
            let words: Vec<&str> = said.iter().filter_map(Value::as_str).collect();
            words.join(" ")
        });
        assert_eq!(run["Errors"].as_str().map(str::to_owned), sentences);
    }
    assert_eq!(count("Success").await, "2");
    for neither in [
        "not Success",
        "not (Success)",
        "not (Success and Mode eq 'full')",
        "not (Success or Mode eq 'none')",
    ] {
        assert_eq!(
            count(neither).await,
            "1",
            "{neither}: one that runs is no case of it"
        );
    }
    assert_eq!(count("not (not Success)").await, "2");
    assert_eq!(count("not contains(Errors,'xyz')").await, "3");
    assert_eq!(count("Success eq null").await, "1");
    assert_eq!(count("TotalProcessed gt 0 and Errors eq ''").await, "1");
    assert_eq!(count("Success eq false and Errors ne ''").await, "1");
}

#[actix_web::test]
async fn an_empty_list_says_why() {
    let (app, acme) = synced().await;
    let other = Client::new(&app, OTHER, "read").await;
    let first = acme
        .get_with("/odata/v4/Progress", "prefer", "odata.track-changes")
        .await;
    let delta = first.json()["@odata.deltaLink"].as_str().unwrap()[app.url.len()..].to_owned();

    for (client, path, reason) in [
        (&acme, "/odata/v4/Progress", ""),
        (
            &acme,
            "/odata/v4/Progress?$filter=UserId eq 1",
            "filtered-out",
        ),
        (&acme, "/odata/v4/Users?$top=0", "filtered-out"),
        (
            &acme,
            "/odata/v4/SyncRuns?$filter=State eq 'failed'",
            "filtered-out",
        ),
        (&acme, delta.as_str(), "nothing-changed"),
        (&other, "/odata/v4/Progress", "never-synced"),
        (&other, "/odata/v4/Courses", "never-synced"),
        (&other, "/odata/v4/SyncRuns", "never-synced"),
    ] {
        let reply = client.get(path).await;

        let empty = each(&reply, "@odata.id").is_empty();
        let said = reply.header("alx-empty-reason");
        assert_eq!((empty, said), (!reason.is_empty(), reason), "{path}");
    }
}

#[actix_web::test]
async fn one_entity_is_found_by_its_key() {
    let (_app, acme) = synced().await;
    let course = each(&acme.get("/odata/v4/Courses").await, "CourseId")[0].clone();
    let run = each(&acme.get("/odata/v4/SyncRuns").await, "Id")[0].clone();
    let run = run.as_str().unwrap();

    let row = acme
        .get(&format!("/odata/v4/Progress(UserId=21,CourseId={course})"))
        .await;
    let turned = acme
        .get(&format!(
            "/odata/v4/Progress(CourseId={course},UserId=21)?$select=Status"
        ))
        .await;
    let user = acme.get("/odata/v4/Users(18)").await;
    let sync = acme.get(&format!("/odata/v4/SyncRuns('{run}')")).await;

    assert_eq!(row.json()["Status"], "completed", "{}", row.body);
    assert_eq!(turned.json()["Status"], "completed");
    assert_eq!(user.json()["FirstName"], "Łukasz");
    assert!(
        user.json()["@odata.context"]
            .as_str()
            .unwrap()
            .ends_with("$metadata#Users/$entity")
    );
    assert_eq!(sync.json()["Id"], run);
    for missing in [
        "Users(99)",
        "Users(1)",
        "Progress(UserId=21,CourseId=0)",
        "Persons",
        "Users(1)x",
    ] {
        let reply = acme.get(&format!("/odata/v4/{missing}")).await;
        assert_eq!(reply.status, 404, "{missing}: {}", reply.body);
        assert_eq!(blamed(&reply).1, "not-found");
    }
    for wrong in [
        "Progress(21)",
        "Users('x')",
        "Users(UserId=1,UserId=2)",
        "Users()",
    ] {
        assert_eq!(
            blamed(&acme.get(&format!("/odata/v4/{wrong}")).await).0,
            400,
            "{wrong}"
        );
    }
}

#[actix_web::test]
async fn a_token_comes_as_a_password_a_bearer_or_a_key() {
    let (_app, acme) = synced().await;
    let token = acme.token.clone();

    let basic = acme
        .get_bare("/odata/v4/Users", |request| {
            request.basic_auth("anybody", Some(&token))
        })
        .await;
    let key = acme
        .get_bare(&format!("/odata/v4/Users?$top=1&key={token}"), |request| {
            request
        })
        .await;
    let paged = acme
        .get_bare(&format!("/odata/v4/Users?key={token}"), |request| {
            request.header("prefer", "odata.maxpagesize=2")
        })
        .await;
    let none = acme.get_bare("/odata/v4/", |request| request).await;
    let wrong = acme
        .get_bare("/odata/v4/", |request| {
            request.basic_auth("x", Some("alx_wrong"))
        })
        .await;
    let path = acme
        .get_bare("/odata/v4/Users(17)?key=", |request| request)
        .await;

    assert_eq!(each(&basic, "UserId").len(), 3);
    assert_eq!(each(&key, "UserId").len(), 1);
    let next = paged.json()["@odata.nextLink"].as_str().unwrap().to_owned();
    assert!(!next.contains(&token) && !next.contains("key="), "{next}");
    for refused in [none, wrong, path] {
        assert_eq!(blamed(&refused).0, 401);
        let ways: Vec<&str> = refused
            .headers
            .get_all("www-authenticate")
            .iter()
            .map(|way| way.to_str().unwrap())
            .collect();
        assert!(
            ways[0].starts_with("Basic ") && ways[1].starts_with("Bearer "),
            "{ways:?}"
        );
    }
}

#[actix_web::test]
async fn a_company_sees_its_own_rows_only() {
    let (app, acme) = synced().await;
    let other = Client::new(&app, OTHER, "read,sync").await;
    other.sync().await;

    let theirs = other.get("/odata/v4/Progress").await;
    let filter = acme
        .get("/odata/v4/Progress?$filter=UserId eq 99 or true")
        .await;
    let count = acme.get("/odata/v4/Progress/$count").await;
    let next = acme
        .get_with("/odata/v4/Progress", "prefer", "odata.maxpagesize=2")
        .await
        .json();
    let next = next["@odata.nextLink"].as_str().unwrap()[app.url.len()..].to_owned();
    let stolen = other.get(&next).await;

    assert_eq!(each(&theirs, "UserId"), [99]);
    assert!(!each(&filter, "UserId").contains(&json!(99)));
    assert_eq!(
        (count.body.as_str(), count.header("content-type")),
        ("6", "text/plain")
    );
    assert_eq!(
        blamed(&stolen),
        (400, "bad-request".into(), "$skiptoken".into())
    );
}

#[actix_web::test]
async fn what_is_unknown_is_501_and_what_is_wrong_is_400_by_name() {
    let (_app, acme) = synced().await;
    for (query, status, target) in [
        ("$expand=Courses", 501, "$expand"),
        ("$search=x", 501, "$search"),
        ("$apply=x", 501, "$apply"),
        ("$filter=year(ChangedAt) eq 2026", 501, "$filter"),
        ("$filter=contains(tolower(FirstName),'x')", 501, "$filter"),
        (
            "$filter=contains(FirstName,concat('x','y'))",
            501,
            "$filter",
        ),
        ("$filter=2026 eq year(ChangedAt)", 501, "$filter"),
        ("$filter=UserId in (length(FirstName))", 501, "$filter"),
        ("$filter=true eq contains(FirstName,'x')", 400, "$filter"),
        ("$filter=FirstName eq Nothing", 400, "$filter"),
        ("$foo=1", 501, "$foo"),
        ("foo=1", 501, "foo"),
        ("filter=UserId eq 1", 501, "filter"),
        ("limit=5", 501, "limit"),
        ("$top=-1", 400, "$top"),
        ("$top=1&$top=2", 400, "$top"),
        ("$skip=x", 400, "$skip"),
        ("$count=yes", 400, "$count"),
        ("$select=Nothing", 400, "$select"),
        ("$orderby=Nothing", 400, "$orderby"),
        ("$orderby=UserId sideways", 400, "$orderby"),
        ("$filter=", 400, "$filter"),
        ("$filter=UserId", 400, "$filter"),
        ("$filter=UserId eq", 400, "$filter"),
        ("$filter=UserId eq 'x'", 400, "$filter"),
        ("$filter=(UserId eq 1", 400, "$filter"),
        ("$filter=contains(UserId,'1')", 400, "$filter"),
        ("$filter=Status in ()", 400, "$filter"),
        ("$filter=FirstName eq 'open", 400, "$filter"),
        ("$skiptoken=x", 400, "$skiptoken"),
    ] {
        let reply = acme.get(&format!("/odata/v4/Progress?{query}")).await;
        let (found, _, name) = blamed(&reply);
        assert_eq!(
            (found, name.as_str()),
            (status, target),
            "{query}: {}",
            reply.body
        );
    }
    let elsewhere = acme.get("/odata/v4/?$top=1").await;
    assert_eq!(
        (blamed(&elsewhere).0, blamed(&elsewhere).2),
        (400, "$top".into())
    );
    let batch = acme
        .send(Method::POST, "/odata/v4/$batch", |request| request)
        .await;
    assert_eq!(blamed(&batch).0, 405);
    assert_eq!(blamed(&acme.get("/odata/v4/$batch").await).0, 501);
    assert_eq!(blamed(&acme.get("/odata/v5/").await).0, 404);
    assert_eq!(
        blamed(&acme.get("/odata/v4/Progress?$filter=x%00").await).0,
        400
    );
}

#[actix_web::test]
async fn the_form_is_the_one_that_is_asked_for() {
    let (app, acme) = synced().await;
    let users = "/odata/v4/Users?$top=1";
    let accept = |value: &'static str| acme.get_with(users, "accept", value);

    let none = accept("application/json;odata.metadata=none").await;
    let full = accept("application/json;odata.metadata=full").await;
    let texts = accept("application/json;IEEE754Compatible=true").await;
    let counted = acme
        .get_with(
            "/odata/v4/Users?$count=true",
            "accept",
            "application/json;IEEE754Compatible=true",
        )
        .await;
    let atom = accept("application/atom+xml").await;
    let old = acme.get_with(users, "odata-maxversion", "3.0").await;
    let new = acme.get_with(users, "odata-maxversion", "4.01").await;
    let format = acme.get(&format!("{users}&$format=json")).await;

    assert_eq!(none.json().get("@odata.context"), None);
    let entity = full.json()["value"][0].clone();
    assert_eq!(
        entity["@odata.id"],
        format!("{}/odata/v4/Users(17)", app.url)
    );
    assert_eq!(entity["@odata.type"], "#AlxReports.User");
    assert_eq!(entity["UserId@odata.type"], "#Int64");
    assert_eq!(texts.json()["value"][0]["UserId"], "17");
    assert_eq!(counted.json()["@odata.count"], "3");
    assert_eq!(blamed(&atom).0, 406);
    assert_eq!(blamed(&old).2, "OData-MaxVersion");
    assert_eq!((new.status, format.status), (200, 200));
}

#[actix_web::test]
async fn hidden_fields_are_null_and_cannot_be_asked_about() {
    let (app, acme) = synced().await;
    let fields: Fields = Field::ALL
        .iter()
        .copied()
        .filter(|field| *field != Field::Email)
        .collect();
    let shared = app.app.clone();
    let make = move |conn: &mut _| {
        let new = NewToken {
            fields: Some(fields),
            ..NewToken::of(ACME, "masked", Scopes::all(), "test")
        };
        store::create(conn, &shared.key, &new, now())
    };
    let (token, _) = app.app.db.change(make).await.unwrap();
    let masked = Client::with_token(&app, token.reveal());

    let rows = masked.get("/odata/v4/Users").await;
    let metadata = masked.get("/odata/v4/$metadata").await;

    assert_eq!(
        each(&rows, "Email"),
        [Value::Null, Value::Null, Value::Null]
    );
    assert_eq!(each(&rows, "FirstName")[0], "Ada");
    assert!(
        metadata
            .body
            .contains("<Property Name=\"Email\" Type=\"Edm.String\"/>")
    );
    for query in ["$filter=Email eq 'x'", "$orderby=Email"] {
        let reply = masked.get(&format!("/odata/v4/Users?{query}")).await;
        assert_eq!(reply.status, 400, "{}", reply.body);
        assert!(reply.body.contains("Email is not shown to this token"));
    }
    assert_eq!(
        acme.get("/odata/v4/Users?$filter=Email ne 'x'")
            .await
            .status,
        200
    );
}

#[actix_web::test]
async fn it_shares_the_limits_the_cache_and_the_marks_of_the_other_doors() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"calls_per_token": 4})).await;

    let first = acme.get("/odata/v4/Users").await;
    let again = acme.get("/odata/v4/Users").await;
    let known = acme
        .get_with("/odata/v4/Users", "if-none-match", first.header("etag"))
        .await;
    let packed = acme
        .get_with("/odata/v4/$metadata", "accept-encoding", "gzip")
        .await;
    let over = acme.get("/odata/v4/Users").await;

    assert_eq!(
        (first.header("alx-cache"), again.header("alx-cache")),
        ("miss", "hit")
    );
    assert_eq!(first.header("alx-data-version"), "6");
    assert!(
        first.header("ratelimit").contains("r=2"),
        "{}",
        first.header("ratelimit")
    );
    assert_eq!((known.status, known.header("odata-version")), (304, "4.0"));
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(blamed(&over).0, 429);
    assert!(!over.header("retry-after").is_empty());
}

#[actix_web::test]
async fn a_value_that_looks_like_two_options_gets_an_answer_of_its_own() {
    let (_app, acme) = synced().await;
    let form = "$format=application/json;odata.metadata=minimal;IEEE754Compatible=false";

    let whole = acme
        .get(&format!("/odata/v4/Users?{form}%0A$select=UserId"))
        .await;
    let selected = acme
        .get(&format!("/odata/v4/Users?{form}&$select=UserId"))
        .await;

    assert_eq!(each(&whole, "LastName"), ["Lovelace", "Kowalski", "D'Arc"]);
    assert_eq!(selected.header("alx-cache"), "miss");
    assert_eq!(selected.json()["value"][0], json!({"UserId": 17}));
}

#[actix_web::test]
async fn options_in_another_order_are_the_same_question() {
    let (_app, acme) = synced().await;

    acme.get("/odata/v4/Users?$top=1&$select=UserId").await;
    let turned = acme.get("/odata/v4/Users?$select=UserId&$top=1").await;

    assert_eq!(turned.header("alx-cache"), "hit");
}

#[actix_web::test]
async fn the_service_says_its_form_to_each_client() {
    let (_app, acme) = synced().await;

    let plain = acme.get("/odata/v4/").await;
    let accept = "application/json;IEEE754Compatible=true";
    let texts = acme.get_with("/odata/v4/", "accept", accept).await;

    let kind = "application/json;odata.metadata=minimal";
    assert_eq!(plain.header("content-type"), kind);
    assert_eq!(
        texts.header("content-type"),
        format!("{kind};IEEE754Compatible=true")
    );
    assert_ne!(plain.header("etag"), texts.header("etag"));
}

#[actix_web::test]
async fn a_token_hears_of_its_end_in_time() {
    use alx_report_api::time::rfc3339;
    let (app, _acme) = synced().await;
    let soon = now() + 29 * 86_400;
    let ending = Client::expiring(&app, ACME, "read", Some(soon)).await;
    let useless = Client::expiring(&app, ACME, "sync", Some(soon)).await;
    let lasting = Client::expiring(&app, ACME, "read", Some(now() + 40 * 86_400)).await;

    let rows = ending.get("/odata/v4/Progress").await;
    let wrong = ending.get("/odata/v4/Progress?$top=x").await;
    let refused = useless.get("/odata/v4/Progress").await;
    let later = lasting.get("/odata/v4/Progress").await;

    let text = rfc3339(soon).expect("a time");
    for (reply, status) in [(rows, 200), (wrong, 400), (refused, 403)] {
        assert_eq!(
            (reply.status, reply.header("alx-token-expires")),
            (status, text.as_str())
        );
    }
    assert_eq!((later.status, later.header("alx-token-expires")), (200, ""));
}
