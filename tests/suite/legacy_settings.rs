//! The door of the old plugin under a company's settings: fields, dates, limits, methods and modes.

use reqwest::Method;
use serde_json::{Value, json};

use alx_report_api::ids::CompanyId;
use alx_report_api::retention;
use alx_report_api::schema::{api_tokens, legacy_window_keys, legacy_windows};
use alx_report_api::time::{now, now_ms};
use diesel::dsl::min;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::client::{ACME, Client, Reply, complete, synced};

const FUNCTION: &str = "wsfunction=local_alx_report_api_get_course_progress";

async fn call(client: &Client, parameters: &str) -> Reply {
    let json = "moodlewsrestformat=json";
    let form = format!("wstoken={}&{FUNCTION}&{json}{parameters}", client.token);
    client.legacy(&form).await
}

fn error_of(reply: &Reply) -> String {
    let error = reply.json();
    error["errorcode"].as_str().unwrap_or_default().to_owned()
}

fn users(reply: &Reply) -> Vec<i64> {
    let rows = reply.json();
    let rows = rows.as_array().expect("rows").iter();
    rows.filter_map(|row| row["userid"].as_i64()).collect()
}

#[actix_web::test]
async fn what_a_company_leaves_out_is_absent_in_json_and_null_in_xml() {
    let (app, acme) = synced().await;

    app.deliver(ACME, json!({"fields": ["userid", "status"]}))
        .await;
    let two = call(&acme, "&limit=1").await;
    let xml = format!("wstoken={}&{FUNCTION}&limit=1", acme.token);
    let two_in_xml = acme.legacy(&xml).await;
    app.deliver(ACME, json!({"fields": []})).await;
    let none = call(&acme, "&limit=2").await;

    assert_eq!(two.body, r#"[{"userid":17,"status":"not_started"}]"#);
    let hidden = "<KEY name=\"email\"><VALUE null=\"null\"/>\n</KEY>\n";
    assert!(two_in_xml.body.contains(hidden), "{}", two_in_xml.body);
    let shown = "<KEY name=\"status\"><VALUE>not_started</VALUE>\n</KEY>\n";
    assert!(two_in_xml.body.contains(shown), "{}", two_in_xml.body);
    assert_eq!(none.body, "[[],[]]");
}

#[actix_web::test]
async fn version_1_6_shows_the_courses_id_where_the_user_name_is() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"courseid_for_username": true}))
        .await;

    let reply = call(&acme, "&limit=1").await;

    let expected = r#""email":"ada.lovelace@example.com","courseid":"#;
    assert!(reply.body.contains(expected), "{}", reply.body);
    assert!(!reply.body.contains("username"), "{}", reply.body);
}

#[actix_web::test]
async fn dates_are_of_the_companys_zone() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"zone": "America/New_York"})).await;

    let reply = call(&acme, "&limit=1&offset=4").await;

    assert_eq!(reply.json()[0]["timecompleted"], "2025-10-01 05:00:00");
    assert_eq!(reply.json()[0]["timecompleted_unix"], 1_759_309_200);
}

#[actix_web::test]
async fn the_largest_limit_is_the_operators_and_the_error_names_it() {
    let (app, acme) = synced().await;
    app.deliver(CompanyId(0), json!({"max_records": 5000}))
        .await;

    let most = call(&acme, "&limit=5000").await;
    let more = call(&acme, "&limit=5001").await;

    assert_eq!(users(&most).len(), 6);
    assert!(more.body.contains("per request is 5000."), "{}", more.body);
}

#[actix_web::test]
async fn get_is_answered_where_it_is_allowed() {
    let (app, acme) = synced().await;
    let path = format!(
        "/webservice/rest/server.php?wstoken={}&{FUNCTION}&moodlewsrestformat=json",
        acme.token
    );
    let send = |method: Method| acme.send(method, &path, |request| request);

    let refused = send(Method::GET).await;
    app.deliver(CompanyId(0), json!({"allow_get": true})).await;
    let answered = send(Method::GET).await;
    let head = send(Method::HEAD).await;

    assert_eq!(error_of(&refused), "invalidrequestmethod");
    assert_eq!(users(&answered).len(), 6);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(error_of(&send(Method::PUT).await), "invalidrequestmethod");
}

#[actix_web::test]
async fn rows_that_a_get_names_as_known_cost_nothing_even_when_nothing_is_left() {
    let (app, _) = synced().await;
    let acme = Client::new(&app, ACME, "read").await;
    app.deliver(CompanyId(0), json!({"allow_get": true})).await;
    app.deliver(ACME, json!({"calls_per_token": 1})).await;
    let path = format!(
        "/webservice/rest/server.php?wstoken={}&{FUNCTION}&moodlewsrestformat=json",
        acme.token
    );
    let first = acme.get_bare(&path, |request| request).await;
    let again = async |method: Method, mark: &str| {
        let add = |request: reqwest::RequestBuilder| request.header("if-none-match", mark);
        acme.send(method, &path, add).await
    };

    let known = again(Method::GET, first.header("etag")).await;
    let other = again(Method::GET, "\"other\"").await;
    let posted = again(Method::POST, first.header("etag")).await;
    app.deliver(ACME, json!({"mode": "auto"})).await;
    let in_windows = again(Method::GET, "*").await;

    assert_eq!(users(&first).len(), 6);
    assert_eq!((known.status, known.body.as_str()), (304, ""));
    for spent in [other, posted, in_windows] {
        assert_eq!(error_of(&spent), "ratelimitexceeded");
    }
}

#[actix_web::test]
async fn the_limit_is_checked_before_the_method_and_wrong_calls_count() {
    let (app, acme) = synced().await;
    let other = Client::new(&app, ACME, "read").await;
    app.deliver(ACME, json!({"calls_per_token": 2})).await;
    let path = format!(
        "/webservice/rest/server.php?wstoken={}&{FUNCTION}&moodlewsrestformat=json",
        other.token
    );

    let wrong = call(&other, "&limit=0").await;
    let method = other.send(Method::GET, &path, |request| request).await;
    let spent = other.send(Method::GET, &path, |request| request).await;
    let bounds = call(&other, "&offset=-1").await;

    assert_eq!(error_of(&wrong), "invalidlimit");
    assert_eq!(error_of(&method), "invalidrequestmethod");
    assert_eq!(error_of(&spent), "ratelimitexceeded");
    assert_eq!(
        error_of(&bounds),
        "invalidoffset",
        "bounds come before the limit"
    );
    assert_eq!(
        users(&call(&acme, "").await).len(),
        6,
        "each token has its own"
    );
}

/// Two passes of a client, so that the next one is incremental.
async fn warmed_up(mode: &str) -> (TestApp, Client) {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"mode": mode})).await;
    for _ in 0..2 {
        let first = call(&acme, "").await;
        assert_eq!(first.header("alx-sync-mode"), "full");
        assert_eq!(users(&first).len(), 6);
    }
    (app, acme)
}

#[actix_web::test]
async fn a_full_company_always_gets_every_row() {
    for mode in ["full", "disabled"] {
        let (_app, acme) = warmed_up(mode).await;

        let third = call(&acme, "").await;

        assert_eq!(third.header("alx-sync-mode"), "full");
        assert_eq!(third.header("alx-cache"), "hit");
        assert_eq!(users(&third).len(), 6);
    }
}

#[actix_web::test]
async fn the_third_answer_holds_what_changed_since_the_first() {
    for mode in ["auto", "incremental"] {
        let (app, acme) = warmed_up(mode).await;

        let nothing = call(&acme, "").await;
        complete(&app, 17, "Fire safety");
        acme.sync().await;
        let changed = [call(&acme, "").await, call(&acme, "").await];
        let seen = call(&acme, "").await;

        assert_eq!(nothing.header("alx-sync-mode"), "incremental");
        assert_eq!(nothing.body, "[]");
        for reply in &changed {
            assert_eq!(
                users(reply),
                [17],
                "once more, because a reply can get lost"
            );
            assert_eq!(reply.json()[0]["status"], "completed");
        }
        assert_eq!(seen.body, "[]");
        assert_eq!(seen.header("alx-data-version"), "7");
    }
}

#[actix_web::test]
async fn an_empty_page_beyond_the_end_moves_nothing() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"mode": "incremental"})).await;

    for _ in 0..4 {
        assert_eq!(call(&acme, "&limit=5&offset=5000").await.body, "[]");
    }
    let first = call(&acme, "&limit=5").await;

    assert_eq!(first.header("alx-sync-mode"), "full");
    assert_eq!(users(&first).len(), 5);
}

#[actix_web::test]
async fn errors_and_pages_in_the_middle_move_nothing() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"mode": "auto"})).await;

    for _ in 0..4 {
        assert_eq!(users(&call(&acme, "&limit=3").await).len(), 3);
        assert_eq!(users(&call(&acme, "&limit=3&offset=3").await).len(), 3);
        assert_eq!(error_of(&call(&acme, "&limit=0").await), "invalidlimit");
    }
    let again = call(&acme, "&limit=3").await;

    assert_eq!(
        again.header("alx-sync-mode"),
        "full",
        "no page was seen to be the last"
    );
}

#[actix_web::test]
async fn each_token_has_windows_of_its_own() {
    let (app, acme) = warmed_up("auto").await;
    let other = Client::new(&app, ACME, "read").await;

    let of_acme = call(&acme, "").await;
    let of_other = call(&other, "").await;

    assert_eq!(of_acme.header("alx-sync-mode"), "incremental");
    assert_eq!(of_other.header("alx-sync-mode"), "full");
    assert_eq!(users(&of_other).len(), 6);
}

#[actix_web::test]
async fn other_settings_make_the_next_list_full() {
    for (settings, shown) in [
        (json!({"fields": ["userid", "coursename"]}), 6),
        (json!({"zone": "Asia/Tokyo"}), 6),
        (json!({"fields": ["firstname"]}), 0),
    ] {
        let (app, acme) = warmed_up("auto").await;

        app.deliver(ACME, settings.clone()).await;
        let next = call(&acme, "").await;

        assert_eq!(next.header("alx-sync-mode"), "full", "{settings}");
        assert_eq!(next.json().as_array().map(Vec::len), Some(6));
        assert_eq!(users(&next).len(), shown);
    }
}

#[actix_web::test]
async fn rows_that_cannot_be_told_apart_are_always_given_whole() {
    let (app, acme) = synced().await;
    app.deliver(
        ACME,
        json!({"mode": "incremental", "fields": ["email", "status"]}),
    )
    .await;

    for _ in 0..4 {
        let reply = call(&acme, "").await;
        assert_eq!(reply.header("alx-sync-mode"), "full");
        assert_eq!(reply.json().as_array().map(Vec::len), Some(6));
    }
}

#[actix_web::test]
async fn many_calls_at_once_get_whole_answers() {
    let (_app, acme) = warmed_up("auto").await;

    let calls = (0..8).map(|_| call(&acme, ""));
    let replies = futures_util::future::join_all(calls).await;
    let after = call(&acme, "&limit=4").await;

    for reply in &replies {
        assert!(reply.json().is_array(), "{}", reply.body);
    }
    assert!(after.json().is_array());
    assert_eq!(after.json(), Value::Array(vec![]), "nothing changed");
}

#[actix_web::test]
async fn what_a_revoked_token_paged_through_is_let_go() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"mode": "incremental"})).await;
    let other = Client::new(&app, ACME, "read").await;
    for client in [&acme, &other] {
        assert_eq!(users(&call(client, "").await).len(), 6);
    }
    let revoke = app.app.db.change(|conn| {
        let first = legacy_windows::table.select(min(legacy_windows::token_id));
        let first: Option<i64> = first.get_result(conn)?;
        diesel::update(api_tokens::table.filter(api_tokens::id.nullable().eq(first)))
            .set(api_tokens::revoked_at.eq(now()))
            .execute(conn)?;
        Ok(first)
    });
    let revoked = revoke.await.unwrap();

    let shared = app.app.clone();
    let work = move || retention::let_go(&shared, now_ms());
    let gone = actix_web::rt::task::spawn_blocking(work).await.unwrap();

    assert_eq!(gone.unwrap().over, 1);
    let left = app.app.db.run(|conn| {
        let windows = legacy_windows::table.select(legacy_windows::token_id);
        let keys = legacy_window_keys::table.select(legacy_window_keys::token_id);
        Ok((windows.load::<i64>(conn)?, keys.load::<i64>(conn)?))
    });
    let (windows, keys) = left.await.unwrap();
    assert_eq!(windows, keys);
    assert!(windows.len() == 1 && Some(windows[0]) != revoked);
}
