//! `/api/v1/progress`: filters, masks, and why an answer is empty.

use alx_report_api::api::cursor;
use alx_report_api::api::delta::Delta;
use alx_report_api::api::progress_query::canonical;
use alx_report_api::fields::Fields;
use alx_report_api::progress::feed::Filter;
use alx_report_api::time::now;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::client::{
    ACME, Client, OTHER, Reply, bad_names, complete, synced, two_companies,
};

/// The (user, course) pairs of a page.
fn keys(reply: &Reply) -> Vec<(i64, i64)> {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let number = |value: &Value| value.as_i64().expect("an id");
    let users = reply.each("userid");
    let courses = reply.each("courseid");
    users
        .iter()
        .zip(&courses)
        .map(|(user, course)| (number(user), number(course)))
        .collect()
}

async fn ask(client: &Client, query: &str) -> Reply {
    client.get(&format!("/api/v1/progress?{query}")).await
}

#[actix_web::test]
async fn each_filter_keeps_what_it_names_and_nothing_else() {
    let (app, acme) = synced().await;
    let all = ask(&acme, "").await;
    let fire = all.json()["items"][0]["courseid"].as_i64().expect("an id");
    let email = all.json()["items"][0]["email"]
        .as_str()
        .expect("an address")
        .to_uppercase();

    assert_eq!(keys(&ask(&acme, "user_id=18").await).len(), 2);
    assert_eq!(
        keys(&ask(&acme, &format!("course_id={fire}")).await).len(),
        3
    );
    assert_eq!(
        keys(&ask(&acme, &format!("user_id=17&course_id={fire}")).await),
        [(17, fire)]
    );
    assert_eq!(keys(&ask(&acme, "status=completed").await), [(21, fire)]);
    assert_eq!(keys(&ask(&acme, "status=in_progress").await).len(), 1);
    assert_eq!(
        keys(&ask(&acme, &format!("email={email}")).await).len(),
        2,
        "{email}"
    );
    assert_eq!(keys(&ask(&acme, "email=%25").await).len(), 0, "no pattern");
    let span = |from: &str, to: &str| format!("completed_from={from}&completed_to={to}");
    let at = "2025-10-01T09:00:00Z";
    assert_eq!(
        keys(&ask(&acme, &span(at, "2025-10-01T09:00:01Z")).await).len(),
        1
    );
    assert_eq!(
        keys(&ask(&acme, &span("2025-10-01T08:00:00Z", at)).await).len(),
        0
    );
    assert_eq!(
        keys(&ask(&acme, "completed_from=2025-10-01T11:00:00%2B02:00").await).len(),
        1
    );
    let seen = all.json()["as_of"]["synced_at"]
        .as_str()
        .expect("a time")
        .to_owned();
    assert_eq!(
        keys(&ask(&acme, &format!("changed_since={seen}")).await).len(),
        6
    );
    complete(&app, 17, "Fire safety");
    acme.sync().await;
    let done = ask(&acme, "status=completed&state=any&limit=1").await;
    assert_eq!(keys(&done), [(17, fire)]);
    let next = done.json()["next_cursor"]
        .as_str()
        .expect("a cursor")
        .to_owned();
    let rest = ask(
        &acme,
        &format!("status=completed&state=any&limit=1&cursor={next}"),
    )
    .await;
    assert_eq!(keys(&rest), [(21, fire)]);
    assert_eq!(
        rest.json()["delta_cursor"],
        Value::Null,
        "a filter narrows it"
    );
}

#[actix_web::test]
async fn a_cursor_belongs_to_its_filters() {
    let (_app, acme) = synced().await;
    let page = ask(&acme, "user_id=18&limit=1").await.json();
    let cursor = page["next_cursor"].as_str().expect("a cursor");

    for query in [
        "",
        "user_id=17&",
        "user_id=18&status=in_progress&",
        "state=any&user_id=18&",
    ] {
        let reply = ask(&acme, &format!("{query}cursor={cursor}")).await;
        assert_eq!(bad_names(&reply), ["cursor"], "{query}");
    }
    let other_size = ask(&acme, &format!("limit=7&user_id=18&cursor={cursor}")).await;
    assert_eq!(keys(&other_size).len(), 1);
}

#[actix_web::test]
async fn a_cursor_of_rows_expires_however_its_name_is_written() {
    let app = TestApp::start(two_companies, |config| config.changes_days = 30).await;
    let acme = Client::new(&app, ACME, "read,sync").await;
    acme.sync().await;
    let of_age = |days: i64| {
        let mut place = cursor::of_numbers([0, 0]);
        place.extend(Delta::beginning(Fields::all(), now() - days * 86_400).to_bytes());
        let list = format!("progress?{}", canonical(&Filter::default()));
        cursor::write(&app.app.key, ACME, &list, &place)
    };

    for name in ["cursor", "%63ursor", "curso%72"] {
        let good = ask(&acme, &format!("{name}={}", of_age(30))).await;
        let old = ask(&acme, &format!("{name}={}", of_age(31))).await;

        assert_eq!(good.status, 200, "{name}: {}", good.body);
        assert_eq!(
            (old.status, &old.json()["reason"]),
            (410, &json!("expired"))
        );
    }
}

#[actix_web::test]
async fn every_malformed_filter_is_named() {
    let (_app, acme) = synced().await;

    for (query, names) in [
        ("status=done", vec!["status"]),
        ("status=", vec!["status"]),
        ("course_id=0&user_id=x", vec!["course_id", "user_id"]),
        ("user_id=99999999999999999999", vec!["user_id"]),
        ("user_id=1&user_id=2", vec!["user_id"]),
        ("email=", vec!["email"]),
        (
            "changed_since=yesterday&completed_from=1&completed_to=2025-10-01",
            vec!["changed_since", "completed_from", "completed_to"],
        ),
        (
            "completed_from=2025-10-02T00:00:00Z&completed_to=2025-10-01T00:00:00Z",
            vec!["completed_to"],
        ),
        ("state=gone", vec!["state"]),
        ("Status=completed&courseid=2", vec!["Status", "courseid"]),
    ] {
        assert_eq!(bad_names(&ask(&acme, query).await), names, "{query}");
    }
}

#[actix_web::test]
async fn a_masked_field_is_absent_and_cannot_be_guessed_by_filter() {
    let (app, acme) = synced().await;
    app.deliver(
        ACME,
        json!({"fields": ["userid", "lastname", "timestarted"]}),
    )
    .await;

    let page = ask(&acme, "").await;

    let row = page.json()["items"][0].as_object().expect("a row").clone();
    let names: Vec<&str> = row.keys().map(String::as_str).collect();
    let shown = [
        "changed_at",
        "courseid",
        "enrolled_at",
        "lastname",
        "state",
        "timestarted",
        "userid",
    ];
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, shown);
    let at = "2025-10-01T09:00:00Z";
    for (query, names) in [
        ("email=ada@example.com".to_owned(), vec!["email"]),
        ("status=completed".to_owned(), vec!["status"]),
        (format!("completed_from={at}"), vec!["completed_from"]),
        (format!("completed_to={at}"), vec!["completed_to"]),
    ] {
        assert_eq!(bad_names(&ask(&acme, &query).await), names, "{query}");
    }
    assert_eq!(
        ask(&acme, &format!("changed_since={at}&user_id=17"))
            .await
            .status,
        200
    );
    let summary = acme.get("/api/v1/summary").await.json();
    assert_eq!(
        (&summary["enrolments"], &summary["completed"]),
        (&json!(6), &Value::Null)
    );
    let course = acme.get("/api/v1/summary/courses").await.json()["items"][0].clone();
    assert_eq!(course.as_object().expect("a course").len(), 2, "{course}");
}

#[actix_web::test]
async fn an_empty_answer_tells_the_true_reason() {
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    let reason = async |query: &str| {
        let reply = ask(&acme, query).await;
        assert_eq!(keys(&reply), [], "{query}");
        reply.header("alx-empty-reason").to_owned()
    };

    assert_eq!(reason("status=completed").await, "never-synced");
    acme.sync().await;
    assert_eq!(reason("user_id=12345").await, "filtered-out");
    assert_eq!(reason("state=left").await, "filtered-out");
    assert_eq!(
        reason("changed_since=2100-01-01T00:00:00Z").await,
        "nothing-changed"
    );
    assert_eq!(
        reason("user_id=1&changed_since=2100-01-01T00:00:00Z").await,
        "filtered-out"
    );
    let full = ask(&acme, "").await;
    let beyond = "changed_since=9999-12-31T23:59:59-01:00";
    assert_eq!(reason(beyond).await, "nothing-changed", "its own question");
    assert_eq!(full.header("alx-empty-reason"), "");
    let courses: Vec<i64> = acme
        .get("/api/v1/courses")
        .await
        .each("courseid")
        .iter()
        .filter_map(Value::as_i64)
        .collect();
    switch_off(&app, &courses).await;
    acme.sync().await;
    assert_eq!(reason("").await, "all-courses-off");
    let summary = acme.get("/api/v1/summary").await;
    assert_eq!(summary.header("alx-empty-reason"), "all-courses-off");
    assert_eq!(
        acme.get("/api/v1/companies/me").await.json()["rows"]["courses_off"],
        json!(courses)
    );
}

async fn switch_off(app: &TestApp, courses: &[i64]) {
    use alx_report_api::ids::CourseId;
    use alx_report_api::settings::{Overrides, store};
    let off = Overrides {
        courses_off: courses.iter().copied().map(CourseId).collect(),
        ..Overrides::default()
    };
    let save = move |conn: &mut _| store::save(conn, ACME, &off, "test", 1);
    app.app.db.change(save).await.expect("settings");
}

#[actix_web::test]
async fn numbers_agree_with_the_rows_and_every_reply_says_its_version() {
    let (_app, acme) = synced().await;

    let summary = acme.get("/api/v1/summary").await;
    let by_course = acme.get("/api/v1/summary/courses?limit=1").await;
    let courses = acme.get("/api/v1/courses").await;

    let numbers = summary.json();
    assert_eq!(numbers["learners"], 3);
    assert_eq!(numbers["courses"], 2);
    assert_eq!(numbers["enrolments"], 6);
    assert_eq!(
        (
            &numbers["completed"],
            &numbers["in_progress"],
            &numbers["not_started"]
        ),
        (&json!(1), &json!(1), &json!(4))
    );
    assert_eq!(numbers["completion_rate"], 100.0 / 6.0);
    let fire = &by_course.json()["items"][0];
    assert_eq!(
        (&fire["coursename"], &fire["enrolments"], &fire["completed"]),
        (&json!("Fire safety"), &json!(3), &json!(1))
    );
    let next = by_course.json()["next_cursor"]
        .as_str()
        .expect("a cursor")
        .to_owned();
    let second = acme
        .get(&format!("/api/v1/summary/courses?limit=1&cursor={next}"))
        .await;
    assert_eq!(second.each("in_progress"), [json!(1)]);
    assert_eq!(second.json()["next_cursor"], Value::Null);
    assert_eq!(courses.each("enrolments"), [json!(3), json!(3)]);
    for path in [
        "progress",
        "changes",
        "summary",
        "summary/courses",
        "courses",
        "companies/me",
        "syncs",
        "progress?limit=0",
        "nothing-here",
        "syncs/00000000000000000000000000000000",
    ] {
        let reply = acme.get(&format!("/api/v1/{path}")).await;
        let found = path != "nothing-here";
        assert_eq!(
            reply.header("alx-data-version"),
            if found { "6" } else { "" },
            "{path}"
        );
        assert_eq!(reply.header("alx-as-of").is_empty(), !found, "{path}");
        assert_eq!(reply.header("alx-sync-run").is_empty(), !found, "{path}");
        assert_eq!(reply.header("ratelimit").is_empty(), !found, "{path}");
        assert!(!reply.header("x-request-id").is_empty(), "{path}");
        if reply.status == 200 {
            let etag = reply.header("etag");
            assert!(etag.starts_with('"'), "{path}: {etag}");
            let again = acme
                .get_with(&format!("/api/v1/{path}"), "if-none-match", etag)
                .await;
            let may_change = path == "companies/me" && again.status == 200; // seconds count down in it
            assert!(again.status == 304 || may_change, "{path}");
        }
    }
}

#[actix_web::test]
async fn a_token_knows_itself_and_hears_of_its_end_in_time() {
    use alx_report_api::time::{now, rfc3339};
    let (app, acme) = synced().await;
    let soon = now() + 29 * 86_400;
    let ending = Client::expiring(&app, ACME, "sync", Some(soon)).await;
    let lasting = Client::expiring(&app, ACME, "read", Some(now() + 40 * 86_400)).await;

    let me = ending.get("/api/v1/companies/me").await;
    let refused = ending.get("/api/v1/progress").await;
    let later = lasting.get("/api/v1/progress").await;

    let text = rfc3339(soon).expect("a time");
    assert_eq!(
        (me.status, me.header("alx-token-expires")),
        (200, text.as_str())
    );
    assert_eq!(
        (refused.status, refused.header("alx-token-expires")),
        (403, text.as_str())
    );
    assert_eq!((later.status, later.header("alx-token-expires")), (200, ""));
    let me = me.json();
    assert_eq!(
        (&me["company"]["id"], &me["company"]["name"]),
        (&json!(42), &json!("Acme"))
    );
    assert_eq!(me["token"]["expires_at"], text);
    assert_eq!(me["token"]["scopes"], json!(["sync"]));
    assert_eq!(me["token"]["networks"], Value::Null);
    assert_eq!(me["fields"].as_array().map(Vec::len), Some(12));
    assert_eq!(me["limits"]["nearest"]["used"], 1);
    assert_eq!(me["limits"]["calls_per_company"], Value::Null);
    assert_eq!(me["rows"]["courses_off"], json!([]));
    assert_eq!(
        acme.get("/api/v1/companies/me").await.json()["token"]["expires_at"],
        Value::Null
    );
}

#[actix_web::test]
async fn no_address_takes_a_parameter_that_it_does_not_know_or_tells_of_another_company() {
    let (app, acme) = synced().await;
    let other = Client::new(&app, OTHER, "read,changes,sync").await;
    let run = other.sync().await["id"].as_str().expect("an id").to_owned();
    let own = acme.get("/api/v1/syncs").await.each("id")[0]
        .as_str()
        .expect("an id")
        .to_owned();

    let pages = [
        "progress",
        "changes",
        "summary",
        "summary/courses",
        "courses",
        "companies/me",
        "syncs",
    ];
    let of_run = [format!("syncs/{own}"), format!("syncs/{own}/changes")];
    for path in pages
        .iter()
        .copied()
        .chain(of_run.iter().map(String::as_str))
    {
        let path = format!("/api/v1/{path}");
        for query in [
            "company_id=7",
            "limit=1&page=2",
            "cursor=x&cursor=y",
            "limit=+1",
        ] {
            let reply = acme.get(&format!("{path}?{query}")).await;
            assert!(!bad_names(&reply).is_empty(), "{path}?{query}");
        }
        let reply = acme.get(&path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        for secret in ["Stranger", "\"userid\":99", run.as_str(), "\"Other\""] {
            assert!(!reply.body.contains(secret), "{path} has {secret}");
        }
        let bare = Client::with_token(&app, "").get(&path).await;
        assert_eq!(bare.status, 401, "{path}");
    }
    for (list, query) in [
        ("progress", "limit=1"),
        ("changes", "limit=1"),
        ("courses", "limit=1"),
        ("summary/courses", "limit=1"),
    ] {
        let page = acme.get(&format!("/api/v1/{list}?{query}")).await.json();
        let cursor = page["next_cursor"].as_str().expect("a cursor");
        for wrong in ["progress", "changes", "courses", "summary/courses", "syncs"] {
            let reply = other.get(&format!("/api/v1/{wrong}?cursor={cursor}")).await;
            assert_eq!(bad_names(&reply), ["cursor"], "{list} at {wrong}");
            if wrong != list {
                let reply = acme.get(&format!("/api/v1/{wrong}?cursor={cursor}")).await;
                assert_eq!(bad_names(&reply), ["cursor"], "{list} at {wrong}");
            }
        }
    }
    for accept in ["text/csv", "application/x-ndjson"] {
        let reply = acme.get_with("/api/v1/progress", "accept", accept).await;
        assert!(reply.body.contains("Lovelace") && !reply.body.contains("Stranger"));
    }
}
