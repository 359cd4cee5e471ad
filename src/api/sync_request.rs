//! `POST /api/v1/syncs`: asks for a sync of the token's company and, where wanted, waits for it.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::body::JsonObject;
use super::query::Query;
use super::reply::fresh;
use super::rows::RunItem;
use super::{ApiError, Client};
use crate::companies;
use crate::db::Conn;
use crate::ids::random_hex;
use crate::sync::{self, Mode, Request, Trigger, history, request::HOURS_BACK};
use crate::tokens::Scope;

/// How far `changes` looks back when the client does not say.
const USUAL_HOURS: i32 = 24;
/// Most seconds that a request waits for its run.
const LONGEST_WAIT: i64 = 60;
/// Most characters of an idempotency key.
const LONGEST_KEY: usize = 255;

/// A sync to ask for.
#[derive(utoipa::ToSchema)]
pub struct NewSync {
    /// `full` reads everything, `changes` what moved lately, `cleanup` only removes what is gone.
    #[schema(schema_with = modes)]
    mode: Mode,
    /// With `changes`: how many hours it looks back, 1 to 168; 24 when not given.
    #[schema(minimum = 1, maximum = 168, nullable)]
    hours_back: Option<i32>,
    /// Whether it only says what it would do.
    #[schema(required = false, nullable)]
    dry_run: bool,
}

fn modes() -> utoipa::openapi::schema::Object {
    let asked = Mode::ALL.iter().filter(|mode| mode.reads_moodle());
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .description(Some("`full` reads everything, `changes` what moved lately, `cleanup` only removes what is gone."))
        .enum_values(Some(asked.map(|mode| mode.as_str())))
        .build()
}

/// Asks for a sync, and waits for its end where `wait` says so.
///
/// The reply is 202 with the run, or 200 once it has ended within `wait` seconds. `Idempotency-Key` makes repeating safe:
/// the same key gives the same run, with another payload 422, until 30 days after that run has ended and
/// often longer.
#[utoipa::path(
    post, path = "/api/v1/syncs", operation_id = "requestSync", tag = "syncs",
    security(("token" = ["sync"])),
    params(
        ("wait" = Option<i64>, Query, minimum = 0, maximum = 60, description = "Seconds to wait for its end; 0 when not given. Eight calls of a company wait at a time; a ninth gets 202 at once.", example = 30),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "Any text that the client uses for this one sync.", example = "nightly-2026-11-22"),
    ),
    request_body(content = NewSync, description = "Which sync.", example = json!({"mode": "full"})),
    responses(
        (status = 200, description = "The run has ended.", headers(("Location" = String, description = "Where to ask for the run.")), body = RunItem, example = json!({"id": "0123456789abcdef0123456789abcdef", "company_id": 42, "mode": "full", "trigger": "api", "requested_by": "alx_012345", "state": "succeeded", "requested_at": "2026-11-22T10:42:00.000Z", "started_at": "2026-11-22T10:42:00.010Z", "finished_at": "2026-11-22T10:42:01.000Z", "statistics": {"success": true, "total_processed": 2, "records_created": 0, "records_updated": 2, "records_deleted": 0, "records_unchanged": 8245, "cache_cleared": 5, "duration_seconds": 1, "errors": [], "version_before": 41, "version_after": 43, "snapshot_at": "2026-11-22T10:42:00Z"}})),
        (status = 202, description = "The run waits or works; `Location` is where to ask for it.", headers(("Location" = String, description = "Where to ask for the run.")), body = RunItem),
        (status = 400, description = "Parameters or members of the body are not as they must be; `errors` names each."),
        (status = 409, description = "The request contradicts what is stored."),
        (status = 408, description = "The body did not arrive in time."),
        (status = 413, description = "The body is too big."),
        (status = 415, description = "The body is not JSON, or compressed."),
        (status = 422, description = "The Idempotency-Key was used with another payload."),
    )
)]
pub async fn request_sync(
    client: Client,
    request: HttpRequest,
    body: Result<JsonObject, ApiError>,
) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Sync)?;
    let (wish, wait) = checked(&client, &request, &body?)?;
    client.admit().await?;
    let company = wish.company;
    let id = sync::start(&client.app, wish).await?.run;
    let place = client.app.lanes.wait(company);
    let ended = match wait {
        Duration::ZERO => None,
        _ if place.is_none() => None, // enough wait already; whoever asks again later hears of the end
        wait => sync::wait(&client.app, company, &id, wait).await?,
    };
    drop(place);
    let status = if ended.is_some() {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    // Not in the lane: the run is asked for, and its asker must hear of it.
    let read = move |conn: &mut Conn| {
        let state = companies::store::state(conn, company)?;
        Ok((state, history::get(conn, company, &id)?))
    };
    let (state, run) = client.app.db.run(read).await?;
    let item = RunItem::from(&run);
    let mut reply = fresh(&request, &client, &state, status, &item).await?;
    let address = HeaderValue::try_from(format!("/api/v1/syncs/{}", run.id));
    reply
        .headers_mut()
        .insert(LOCATION, address.expect("a run's id is hex"));
    Ok(reply)
}

fn checked(
    client: &Client,
    request: &HttpRequest,
    body: &JsonObject,
) -> Result<(Request, Duration), ApiError> {
    let mut query = Query::read(request.query_string(), &["wait"]);
    let wait = query.number("wait", (0, LONGEST_WAIT), 0);
    for name in body
        .0
        .keys()
        .filter(|name| !["mode", "hours_back", "dry_run"].contains(&name.as_str()))
    {
        query.blame(name, "unknown; the body takes mode, hours_back, dry_run");
    }
    let wanted = wanted(body, &mut query);
    let key = idempotency_key(client, request, &mut query);
    query.finish()?;
    let wish = Request {
        hours_back: wanted.hours_back,
        dry_run: wanted.dry_run,
        idempotency_key: key,
        ..Request::of(
            client.caller.company,
            wanted.mode,
            Trigger::Api,
            client.caller.prefix.clone(),
        )
    };
    Ok((wish, Duration::from_secs(wait.unsigned_abs())))
}

fn wanted(body: &JsonObject, query: &mut Query<'_>) -> NewSync {
    let mode = mode(body, query);
    NewSync {
        mode,
        hours_back: hours_back(body, mode, query),
        dry_run: dry_run(body, query),
    }
}

fn mode(body: &JsonObject, query: &mut Query<'_>) -> Mode {
    let text = body.0.get("mode").and_then(Value::as_str);
    let mode = text.and_then(|text| text.parse().ok());
    mode.filter(|mode: &Mode| mode.reads_moodle())
        .unwrap_or_else(|| {
            query.blame("mode", "use one of: changes, full, cleanup");
            Mode::Full
        })
}

fn dry_run(body: &JsonObject, query: &mut Query<'_>) -> bool {
    match body.0.get("dry_run") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(wanted)) => *wanted,
        Some(_) => {
            query.blame("dry_run", "use true or false");
            false
        }
    }
}

fn hours_back(body: &JsonObject, mode: Mode, query: &mut Query<'_>) -> Option<i32> {
    let given = body.0.get("hours_back").filter(|value| !value.is_null());
    let number = given.map(|value| value.as_i64().and_then(|hours| i32::try_from(hours).ok()));
    match (mode, number) {
        (Mode::Changes, None) => Some(USUAL_HOURS),
        (Mode::Changes, Some(Some(hours))) if HOURS_BACK.contains(&hours) => Some(hours),
        (_, None) => None,
        (Mode::Changes, Some(_)) => {
            query.blame("hours_back", "use a whole number from 1 to 168");
            None
        }
        (_, Some(_)) => {
            query.blame("hours_back", "goes with mode changes only");
            None
        }
    }
}

/// The client's key, which no other token's key can meet; without one a random one, so that every request counts.
fn idempotency_key(client: &Client, request: &HttpRequest, query: &mut Query<'_>) -> String {
    let Some(value) = request.headers().get("idempotency-key") else {
        return random_hex::<16>();
    };
    let text = value.to_str().unwrap_or_default();
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > LONGEST_KEY || !is_visible {
        let reason = "use 1 to 255 visible ASCII characters, without blanks";
        query.blame("Idempotency-Key", reason);
    }
    format!("api/{}/{text}", client.caller.token)
}
