//! The door of the old plugin: what its clients send, and what they must get byte for byte.

use reqwest::Method;
use serde_json::json;

use crate::support::client::{ACME, Client, LONG_AGO, OTHER, Reply, complete, synced};

const DOOR: &str = "/webservice/rest/server.php";
const FUNCTION: &str = "wsfunction=local_alx_report_api_get_course_progress";
const INVALID_TOKEN: &str = r#"{"exception":"moodle_exception","errorcode":"invalidtoken","message":"Invalid token - token not found"}"#;
const INVALID_PARAMETER: &str = r#"{"exception":"invalid_parameter_exception","errorcode":"invalidparameter","message":"Invalid parameter value detected"}"#;
const POST_ONLY: &str = r#"{"exception":"moodle_exception","errorcode":"invalidrequestmethod","message":"Only POST method is allowed for security reasons"}"#;

/// A call with the right token, function and format, and these parameters.
async fn call(client: &Client, parameters: &str) -> Reply {
    let form = format!(
        "wstoken={}&{FUNCTION}&moodlewsrestformat=json{parameters}",
        client.token
    );
    client.legacy(&form).await
}

#[actix_web::test]
async fn rows_come_in_the_plugins_keys_numbers_and_escapes() {
    let (_app, acme) = synced().await;

    let reply = call(&acme, "&limit=1&offset=3").await;

    let expected = format!(
        r#"[{{"userid":18,"firstname":"\u0141ukasz","lastname":"Kowalski","email":"{}","username":"{}","coursename":"Donn\u00e9es \/ Privacy <b>","timecompleted":"","timecompleted_unix":0,"timestarted":"2025-10-01 09:00:00","timestarted_unix":{LONG_AGO},"percentage":41.67,"status":"in_progress"}}]"#,
        r"\u0142ukasz.kowalski@example.com", r"\u0142ukasz kowalski",
    );
    assert_eq!((reply.status, reply.body), (200, expected));
    assert_eq!(reply.headers["content-type"], "application/json");
    assert_eq!(reply.headers["access-control-allow-origin"], "*");
    assert_eq!(reply.headers["alx-data-version"], "6");
}

#[actix_web::test]
async fn a_completed_course_has_its_dates_and_a_whole_percentage() {
    let (_app, acme) = synced().await;

    let reply = call(&acme, "&limit=1&offset=4").await;

    let row = &reply.json()[0];
    assert_eq!(row["timecompleted"], "2025-10-01 09:00:00");
    assert_eq!(row["timecompleted_unix"], LONG_AGO);
    assert_eq!(row["status"], "completed");
    assert!(
        reply.body.contains(r#""percentage":100,"#),
        "{}",
        reply.body
    );
}

#[actix_web::test]
async fn without_the_format_the_answer_is_xml() {
    let (_app, acme) = synced().await;

    let rows = acme
        .legacy(&format!(
            "wstoken={}&{FUNCTION}&limit=1&offset=5",
            acme.token
        ))
        .await;
    let none = acme
        .legacy(&format!("wstoken={}&{FUNCTION}&offset=100", acme.token))
        .await;

    assert_eq!(
        rows.header("content-type"),
        "application/xml; charset=utf-8"
    );
    assert_eq!(
        rows.header("content-disposition"),
        "inline; filename=\"response.xml\""
    );
    let begin = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<RESPONSE>\n<MULTIPLE>\n<SINGLE>\n\
        <KEY name=\"userid\"><VALUE>21</VALUE>\n</KEY>\n<KEY name=\"firstname\"><VALUE>Zoë</VALUE>\n</KEY>\n\
        <KEY name=\"lastname\"><VALUE>D'Arc</VALUE>\n</KEY>\n";
    assert!(rows.body.starts_with(begin), "{}", rows.body);
    assert!(
        rows.body.contains(
            "<KEY name=\"coursename\"><VALUE>Données / Privacy &lt;b&gt;</VALUE>\n</KEY>\n"
        )
    );
    assert!(
        rows.body.ends_with("</SINGLE>\n</MULTIPLE>\n</RESPONSE>\n"),
        "{}",
        rows.body
    );
    let empty = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<RESPONSE>\n<MULTIPLE>\n</MULTIPLE>\n</RESPONSE>\n";
    assert_eq!(none.body, empty);
}

#[actix_web::test]
async fn pages_are_in_user_and_course_order_and_end_in_an_empty_list() {
    let (_app, acme) = synced().await;

    let all = call(&acme, "").await.json();
    let mut found = Vec::new();
    for offset in (0..).step_by(2) {
        let page = call(&acme, &format!("&limit=2&offset={offset}"))
            .await
            .json();
        match page.as_array().expect("a list").as_slice() {
            [] => break,
            rows => found.extend(rows.to_vec()),
        }
    }

    assert_eq!(json!(found), all);
    let users: Vec<_> = found.iter().map(|row| row["userid"].as_i64()).collect();
    assert_eq!(users, [17, 17, 18, 18, 21, 21].map(Some));
    assert_eq!(call(&acme, "&offset=9223372036854775807").await.body, "[]");
}

#[actix_web::test]
async fn after_a_sync_the_next_call_shows_the_new_rows() {
    let (app, acme) = synced().await;
    let completed = |reply: &Reply| reply.body.matches(r#""status":"completed""#).count();
    let before = [call(&acme, "").await, call(&acme, "").await];
    assert_eq!(
        before.each_ref().map(|reply| reply.header("alx-cache")),
        ["miss", "hit"]
    );

    complete(&app, 17, "Fire safety");
    assert_eq!(completed(&call(&acme, "").await), 1);
    let run = acme.sync().await;

    assert_eq!(run["statistics"]["cache_cleared"], 1);
    assert_eq!(completed(&call(&acme, "").await), 2);
}

#[actix_web::test]
async fn parameters_come_from_the_query_and_any_form_but_never_from_json() {
    let (_app, acme) = synced().await;
    let expected = call(&acme, "&limit=2&offset=1").await.body;
    let query = format!(
        "{DOOR}?wstoken={}&{FUNCTION}&moodlewsrestformat=json",
        acme.token
    );
    let with_slice = format!("{query}&limit=2&offset=1");

    let other_slice = format!("{query}&limit=5&offset=7");

    let in_query = acme.send(Method::POST, &with_slice, |request| request);
    assert_eq!(in_query.await.body, expected);
    let overridden = acme.send(Method::POST, &other_slice, |request| {
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        request
            .header("content-type", kind)
            .body("limit=2&offset=1")
    });
    assert_eq!(overridden.await.body, expected);
    let part = |name: &str, value: &str| {
        format!("--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = format!("{}{}--XyZ--\r\n", part("limit", "2"), part("offset", "1"));
    let multipart = acme.send(Method::POST, &query, |request| {
        let kind = "multipart/form-data; boundary=XyZ";
        request.header("content-type", kind).body(body)
    });
    assert_eq!(multipart.await.body, expected);
    let as_json = acme.send(Method::POST, &query, |request| {
        request.json(&json!({"limit": 2}))
    });
    assert_eq!(as_json.await.body, call(&acme, "").await.body);
}

#[actix_web::test]
async fn the_token_is_checked_first_and_taken_from_wstoken_only() {
    let (app, acme) = synced().await;
    let expired = Client::expiring(&app, ACME, "read", Some(1)).await;
    let powerless = Client::new(&app, ACME, "sync").await;

    for token in ["", "00000000000000000000000000000000", "abc'%20or%201=1"] {
        let form = format!("wstoken={token}&wsfunction=no&moodlewsrestformat=json&limit=abc");
        let reply = acme.legacy(&form).await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, INVALID_TOKEN),
            "{token}"
        );
    }
    let refused = call(&expired, "").await.body;
    assert!(refused.contains("accessexception"), "{refused}");
    let without = format!("{DOOR}?{FUNCTION}&moodlewsrestformat=json");
    let bearer = acme.send(Method::POST, &without, |request| request);
    assert_eq!(bearer.await.body, INVALID_TOKEN);
    let denied = call(&powerless, "").await.body;
    assert_eq!(
        denied,
        r#"{"exception":"webservice_access_exception","errorcode":"accessexception","message":"Access control exception"}"#
    );
}

#[actix_web::test]
async fn then_the_function_then_the_types_then_the_bounds() {
    let (_app, acme) = synced().await;
    let with_function = |function: &str| {
        format!(
            "wstoken={}{function}&moodlewsrestformat=json&limit=abc",
            acme.token
        )
    };

    assert_eq!(
        acme.legacy(&with_function("")).await.body,
        INVALID_PARAMETER
    );
    assert_eq!(
        acme.legacy(&with_function("&wsfunction=local_alx_report_api_nothing"))
            .await
            .body,
        r#"{"exception":"dml_missing_record_exception","errorcode":"invalidrecord","message":"Can't find data record in database table external_functions."}"#
    );
    for wrong in [
        "limit=abc",
        "limit=",
        "limit=%2B2",
        "limit=%202",
        "limit=007",
        "limit=2.5",
        "limit[]=1",
        "limit=99999999999999999999",
        "offset=x",
        "offset[a]=1",
        "foo=bar",
        "limit=0&foo=bar",
        "courseid=3",
    ] {
        let reply = call(&acme, &format!("&{wrong}")).await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, INVALID_PARAMETER),
            "{wrong}"
        );
    }
    let too_large = r#"{"exception":"moodle_exception","errorcode":"limittoolarge","message":"Requested limit is too large. Maximum allowed records per request is 1000. Please reduce your limit parameter and try again."}"#;
    let invalid_limit = r#"{"exception":"moodle_exception","errorcode":"invalidlimit","message":"local_alx_report_api\/invalidlimit"}"#;
    let invalid_offset = r#"{"exception":"moodle_exception","errorcode":"invalidoffset","message":"local_alx_report_api\/invalidoffset"}"#;
    for (parameters, body) in [
        ("&limit=0&offset=-1", invalid_limit),
        ("&limit=-1", invalid_limit),
        ("&limit=1001&offset=-1", too_large),
        ("&limit=1000&offset=-1", invalid_offset),
        (
            "&moodlewssettingraw=1&moodlewssettinglang=en&offset=6",
            "[]",
        ),
    ] {
        assert_eq!(call(&acme, parameters).await.body, body, "{parameters}");
    }
}

#[actix_web::test]
async fn only_post_is_answered() {
    let (_app, acme) = synced().await;
    let query = format!(
        "{DOOR}?wstoken={}&{FUNCTION}&moodlewsrestformat=json",
        acme.token
    );
    let nothing = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<EXCEPTION class=\"moodle_exception\">\n\
        <ERRORCODE>invalidtoken</ERRORCODE>\n<MESSAGE>Invalid token - token not found</MESSAGE>\n</EXCEPTION>\n";
    let send = |method: &str, path: &str| {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let (acme, path) = (acme.clone(), path.to_owned());
        async move { acme.send(method, &path, |request| request).await }
    };

    assert_eq!(send("GET", &query).await.body, POST_ONLY);
    assert_eq!(
        send("GET", &format!("{query}&limit=abc")).await.body,
        INVALID_PARAMETER
    );
    assert_eq!(send("PUT", &query).await.body, POST_ONLY);
    let head = send("HEAD", &query).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-type"), "application/json");
    for method in ["OPTIONS", "PUT", "POST", "GET"] {
        let reply = send(method, DOOR).await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, nothing),
            "{method}"
        );
    }
    let body = format!("wstoken={}&{FUNCTION}", acme.token);
    let put = acme
        .send(Method::PUT, DOOR, |request| request.body(body))
        .await;
    assert_eq!(put.body, nothing, "PHP reads no form of a PUT");
}

#[actix_web::test]
async fn both_doors_of_a_company_show_the_same_rows_and_no_others() {
    let (app, acme) = synced().await;
    let other = Client::new(&app, OTHER, "read,sync").await;
    other.sync().await;

    let legacy = call(&acme, "").await.json();
    let json_api = acme.get("/api/v1/progress").await.json();

    let key = |row: &serde_json::Value| {
        (
            row["userid"].clone(),
            row["coursename"].clone(),
            row["status"].clone(),
        )
    };
    let rows = |value: &serde_json::Value| -> Vec<_> {
        value.as_array().expect("rows").iter().map(key).collect()
    };
    assert_eq!(rows(&legacy), rows(&json_api["items"]));
    assert!(call(&other, "").await.body.contains("Stranger"));
    assert!(!legacy.to_string().contains("Stranger"));
}

#[actix_web::test]
async fn a_nul_is_answered_in_moodles_shape() {
    let (_app, acme) = synced().await;

    let token = acme.legacy("wstoken=%00&moodlewsrestformat=json").await;
    let limit = call(&acme, "&limit=%00").await;
    let address = format!("{DOOR}?wstoken=%00&moodlewsrestformat=json");
    let query = acme.send(Method::POST, &address, |request| request).await;

    assert_eq!((token.status, token.body.as_str()), (200, INVALID_TOKEN));
    assert_eq!(
        (limit.status, limit.body.as_str()),
        (200, INVALID_PARAMETER)
    );
    assert_eq!((query.status, query.body.as_str()), (200, INVALID_TOKEN));
}

#[actix_web::test]
async fn a_call_is_always_answered_with_its_rows() {
    let (_app, acme) = synced().await;
    let first = call(&acme, "").await;
    let form = format!("wstoken={}&{FUNCTION}&moodlewsrestformat=json", acme.token);

    for known in [first.header("etag"), "*"] {
        let again = acme.send(Method::POST, DOOR, |request| {
            let kind = "application/x-www-form-urlencoded";
            let request = request.header("content-type", kind);
            request.header("if-none-match", known).body(form.clone())
        });
        let again = again.await;
        assert_eq!((again.status, &again.body), (200, &first.body), "{known}");
    }
}

#[actix_web::test]
async fn too_many_calls_at_once_are_told_so_in_moodles_envelope_and_are_no_failure_of_ours() {
    let (app, acme) = synced().await;
    let mut places = Vec::new();
    for _ in 0..4 {
        places.push(app.app.lanes.read(ACME).await.expect("a place"));
    }

    let flood = (0..100).map(|number| {
        let (acme, offset) = (acme.clone(), format!("&offset={number}"));
        actix_web::rt::spawn(async move { call(&acme, &offset).await })
    });
    let flood: Vec<_> = flood.collect();
    while app.app.requests.answered().refused < 30 {
        actix_web::rt::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    drop(places);
    let replies = futures_util::future::join_all(flood).await;

    let replies: Vec<Reply> = replies
        .into_iter()
        .map(|one| one.expect("no panic"))
        .collect();
    let refused = replies.iter().find(|reply| reply.status != 200);
    let refused = refused.expect("somebody was refused");
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    assert_eq!(refused.header("content-type"), "application/json");
    assert_eq!(refused.json()["exception"], "moodle_exception");
    assert_eq!(refused.json()["errorcode"], "too-many-at-once");
    assert_eq!(app.app.requests.answered().failed, 0);
    let log = app.log().await;
    let noted = log.iter().find(|call| call.status == 429).expect("a line");
    assert_eq!(noted.error.as_deref(), Some("too-many-at-once"));
}

#[actix_web::test]
async fn a_body_that_cannot_be_taken_is_refused_in_moodles_envelope() {
    let (app, acme) = synced().await;
    app.deliver(ACME, serde_json::json!({"calls_per_token": 100}))
        .await;
    let address = format!("{DOOR}?wstoken={}&moodlewsrestformat=json", acme.token);
    let big = |request: reqwest::RequestBuilder| request.body("x".repeat(300 * 1024));
    let packed = |request: reqwest::RequestBuilder| request.header("content-encoding", "gzip");

    let large = acme.send(Method::POST, &address, big).await;
    let encoded = acme.send(Method::POST, &address, packed).await;
    let without = acme.send(Method::POST, DOOR, packed).await;
    let calls = app.log().await;

    for (reply, status, code) in [
        (&large, 413, "too-large"),
        (&encoded, 415, "unsupported-media"),
    ] {
        assert_eq!(reply.status, status, "{}", reply.body);
        assert_eq!(reply.json()["errorcode"], code);
        assert!(reply.header("ratelimit").contains("r="), "{status}");
    }
    assert_eq!(without.status, 415);
    assert!(
        without
            .body
            .contains("<ERRORCODE>unsupported-media</ERRORCODE>")
    );
    let last = calls.iter().rev().take(2).rev();
    let last: Vec<_> = last
        .map(|call| (call.status, call.error.as_deref()))
        .collect();
    assert_eq!(
        last,
        [(413, Some("too-large")), (415, Some("unsupported-media"))]
    );
}
