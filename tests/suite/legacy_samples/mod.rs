//! Every recorded call of the old plugin, replayed: for the same rows and the same mistakes the same bytes.

mod real;
mod sample;

use alx_report_api::companies::{self, State};
use alx_report_api::db::Conn;
use alx_report_api::ids::{CourseId, UserId};
use alx_report_api::moodle::RowState;
use alx_report_api::progress::{Content, Row, write};
use alx_report_api::schema::{api_tokens, progress, tokens_without_company};
use alx_report_api::tokens::Refusal;
use alx_report_api::tokens::adopt::{Adoption, adopt};
use diesel::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::client::{ACME, Reply, synced};
use crate::support::{TestApp, say};
use sample::Sample;

/// Whose clock the plugin's site had.
const ZONE: &str = "Europe/London";

/// Recordings that are no calls: what the plugin's tables held afterwards.
const NO_CALLS: [&str; 3] = [
    "zz_cache_rows_after_seq",
    "zz_logs_and_alerts_after_rate_limit",
    "zz_sync_status_after_seq",
];
/// States of the Moodle site in which the plugin answers nobody, whatever is asked: we have no such states.
const SITE_STATES: [&str; 3] = [
    "err_maintenance_cli",
    "err_rest_disabled",
    "err_webservices_disabled",
];
/// The plugin refuses a whole company because one person's address has letters beyond ASCII.
const REFUSED_ADDRESS: [&str; 2] = [
    "err_invalid_response_debug",
    "err_invalid_response_html_in_name",
];
/// The plugin answers nothing to a client that it has given nothing yet, and loses every row.
const LOST_ROWS: &str = "seq2_incremental_after_empty_page";

#[actix_web::test]
async fn every_recorded_call_gets_the_recorded_answer_byte_for_byte() {
    let Some(recorded) = sample::all() else {
        return;
    };
    let (app, _acme) = synced().await;
    let (mut same, mut left) = (0, Vec::new());
    for (name, text) in &recorded {
        let name = name.as_str();
        if NO_CALLS.contains(&name) || SITE_STATES.contains(&name) {
            left.push(name);
            continue;
        }
        let sample = Sample::read(text).unwrap_or_else(|| panic!("{name} is no sample"));
        prepare(&app, name, &sample).await;
        let reply = sample.replay(&app).await;
        if REFUSED_ADDRESS.contains(&name) {
            left.push(name);
            assert!(reply.body.starts_with("[{"), "{name}: {}", reply.body);
        } else if name == LOST_ROWS {
            left.push(name);
            assert_eq!(reply.header("alx-sync-mode"), "full");
            assert_eq!(reply.json().as_array().map(Vec::len), Some(3), "{name}");
        } else {
            compare(name, &sample, &reply);
            same += 1;
        }
    }
    say(&format!(
        "of {} recorded calls {same} are answered with the same bytes; otherwise: {}",
        recorded.len() - NO_CALLS.len(),
        left.join(", ")
    ));
    assert!(same > 55, "{same}");
    assert_eq!(left.len(), 9);
}

fn compare(name: &str, sample: &Sample<'_>, reply: &Reply) {
    assert_eq!(reply.status, 200, "{name}");
    assert_eq!(reply.header("content-type"), sample.content_type, "{name}");
    assert_eq!(reply.header("access-control-allow-origin"), "*", "{name}");
    let expected = sample.without_debugging();
    assert_eq!(reply.body, expected, "{name}");
    let is_debug = name.ends_with("_debug") || name == "err_bad_token_debug";
    assert!(
        is_debug || expected == sample.body,
        "{name} is no sample of debugging"
    );
}

/// The rows, the settings, the token and the calls before that a recording shows.
async fn prepare(app: &TestApp, name: &str, sample: &Sample<'_>) {
    let rows = rows_behind(name, sample);
    let is_rate_limit = name.contains("rate_limit");
    let fields = match sample.rows().as_deref() {
        Some([first, ..]) if name.contains("fields_off") => json!(first.keys().collect::<Vec<_>>()),
        _ => Value::Null,
    };
    let limit = match name {
        "rate_limit_after_two_invalid_requests" => 2,
        _ if is_rate_limit => 3,
        _ => 0,
    };
    let settings = json!({
        "zone": ZONE,
        "fields": fields,
        "calls_per_token": limit,
        "allow_get": name == "ok_get_enabled",
        "mode": if name == LOST_ROWS { "incremental" } else { "full" },
    });
    app.deliver(ACME, settings).await;
    let token = token_behind(name, sample);
    let shared = app.app.clone();
    let change = move |conn: &mut Conn| {
        replace_rows(conn, &rows)?;
        diesel::delete(api_tokens::table).execute(conn)?;
        diesel::delete(tokens_without_company::table).execute(conn)?;
        if let Some(token) = &token {
            adopt(conn, &shared.key, token, 1_795_356_000)?;
        }
        Ok(())
    };
    app.app.db.change(change).await.expect("rows and a token");
    calls_before(app, name, sample).await;
}

async fn calls_before(app: &TestApp, name: &str, sample: &Sample<'_>) {
    let client = crate::support::client::Client::with_token(app, "none");
    let form = |limit: i64| {
        let sent = sample.body_sent.as_ref().map_or("", |(_, body)| body);
        sent.replace("limit=1&", &format!("limit={limit}&"))
    };
    let (count, limit) = match name {
        "rate_limit_after_two_invalid_requests" => (2, 0),
        "err_rate_limit_second" => (4, 1),
        name if name.contains("rate_limit") => (3, 1),
        _ => (0, 1),
    };
    for _ in 0..count {
        client.legacy(&form(limit)).await;
    }
    if name == "ok_limit3_cached" {
        sample.replay(app).await;
    }
    if name == LOST_ROWS {
        let beyond = form(1).replace("offset=0", "offset=5000");
        assert_eq!(client.legacy(&beyond).await.body, "[]");
    }
}

/// The token that the recorded call came with, adopted as an import would have done it.
fn token_behind(name: &str, sample: &Sample<'_>) -> Option<Adoption> {
    let text = sample.parameter("wstoken");
    let is_hex = |byte: u8| byte.is_ascii_hexdigit();
    if text.len() != 32 || !text.bytes().all(is_hex) || text.starts_with("0000") {
        return None;
    }
    let refusal = match name {
        "err_disabled_service_token" | "err_token_of_other_service" | "err_no_rest_capability" => {
            Some(Refusal::Access)
        }
        "err_suspended_user_token" | "err_user_of_suspended_company" => {
            let username = sample.body.rsplit(": ").next().expect("a message");
            let username = username.trim_end_matches("\"}");
            Some(Refusal::Suspended(UserId(1), username.to_owned()))
        }
        _ => None,
    };
    Some(Adoption {
        text: text.as_str().into(),
        id: 1,
        companies: (name != "err_no_company")
            .then_some(ACME)
            .into_iter()
            .collect(),
        wanted: None,
        expires_at: (name == "err_expired_token").then_some(1),
        networks: Some(
            (name == "err_ip_restricted_token").then(|| "10.1.2.3".parse().expect("one")),
        ),
        refusal,
    })
}

/// The recorded rows where the call's offset and limit find them, between rows that they must leave out.
fn rows_behind(name: &str, sample: &Sample<'_>) -> Vec<Row> {
    let number = |name: &str| sample.parameter(name).parse::<i64>().ok();
    let (offset, limit) = (
        number("offset").unwrap_or(0),
        number("limit").unwrap_or(100),
    );
    let shown = sample.rows().unwrap_or_default();
    let before = match (shown.len(), name) {
        (0, "empty_company_no_data") => 0,
        (0, _) => 3,
        _ => offset,
    };
    let mut rows: Vec<Row> = (0..before).map(|place| filler(place - 1_000_000)).collect();
    for (place, row) in (1i64..).zip(&shown) {
        rows.push(parsed(row, place));
    }
    if REFUSED_ADDRESS.contains(&name) {
        rows[0].content.email = "jürgen@bücher.example".into();
    }
    if shown.len() as i64 == limit {
        rows.push(filler(i64::MAX));
    }
    rows
}

fn filler(user: i64) -> Row {
    let mut row = parsed(&Map::new(), 1);
    row.user_id = UserId(user);
    row
}

/// A row as recorded; its place stands for the course's id, which is not shown, and for what does not show.
fn parsed(row: &Map<String, Value>, place: i64) -> Row {
    let text = |name: &str| {
        row.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let time = |name: &str| {
        row.get(name)
            .and_then(Value::as_i64)
            .filter(|time| *time != 0)
    };
    let status = row
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or("not_started");
    Row {
        company_id: ACME,
        user_id: UserId(row.get("userid").and_then(Value::as_i64).unwrap_or(1)),
        course_id: CourseId(place),
        content: Content {
            firstname: text("firstname"),
            lastname: text("lastname"),
            email: text("email"),
            username: text("username"),
            coursename: text("coursename"),
            status: status.parse().expect("a status"),
            percentage: row.get("percentage").and_then(Value::as_f64),
            timecompleted: time("timecompleted_unix"),
            timestarted: time("timestarted_unix"),
            enrolled_at: None,
        },
        state: RowState::Active,
        seq: 1,
        first_seen_seq: 1,
        changed_at: 0,
    }
}

fn replace_rows(conn: &mut Conn, rows: &[Row]) -> alx_report_api::error::Result<()> {
    diesel::delete(progress::table.filter(progress::company_id.eq(ACME))).execute(conn)?;
    write(conn, rows)?;
    let state = companies::store::state(conn, ACME)?;
    let next = State {
        seq: state.seq + 1,
        ..state
    };
    companies::store::publish_unsynced(conn, &next)
}
