//! `GET /api/v1/syncs` and `/syncs/{id}`: the history of the token's company.
//!
//! A run moves on without a new stamp, so these replies are computed for each request.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use super::query::Query;
use super::reply::{Content, anew};
use super::rows::{Page, RunItem};
use super::{ApiError, Client, cursor, empty};
use crate::companies::State;
use crate::db::Conn;
use crate::error::Error;
use crate::ids::RunId;
use crate::sync::history::{self, Filter, Mark};
use crate::tokens::Scope;

/// The list's name in cursors.
const SYNCS: &str = "syncs";

/// The company's runs, newest first.
#[utoipa::path(
    get, path = "/api/v1/syncs", operation_id = "listSyncs", tag = "syncs",
    security(("token" = ["read"])),
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "Items of a page; 100 when not given.", example = 10),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of runs.", body = Page<RunItem>, example = json!({"items": [{"id": "0123456789abcdef0123456789abcdef", "company_id": 42, "mode": "full", "trigger": "api", "requested_by": "alx_012345", "state": "succeeded", "requested_at": "2026-11-22T10:42:00.000Z", "started_at": "2026-11-22T10:42:00.010Z", "finished_at": "2026-11-22T10:42:01.000Z", "statistics": {"success": true, "total_processed": 2, "records_created": 0, "records_updated": 2, "records_deleted": 0, "records_unchanged": 8245, "cache_cleared": 5, "duration_seconds": 1, "errors": [], "version_before": 41, "version_after": 43, "snapshot_at": "2026-11-22T10:42:00Z"}}], "next_cursor": null})),
        (status = 304, description = "The client has this very reply."),
        (status = 400, description = "Parameters are not as they must be; `errors` names each."),
    )
)]
pub async fn list_syncs(client: Client, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Read)?;
    let (limit, after) = checked(&request, &client)?;
    let filter = Filter {
        company: Some(client.caller.company),
        ..Filter::default()
    };
    let (key, company) = (client.app.key.clone(), client.caller.company);
    let load = move |conn: &mut Conn, state: &State| {
        let mut runs = history::page(conn, filter, after.as_ref(), limit + 1)?;
        let empty = runs.is_empty().then(|| empty::of_runs(conn, state));
        let more = runs.len() > limit as usize;
        runs.truncate(limit as usize);
        let last = runs.last().filter(|_| more);
        let page = Page {
            items: runs.iter().map(RunItem::from).collect(),
            next_cursor: last.map(|run| {
                let mut place = cursor::of_numbers([run.requested_at_ms]);
                place.extend_from_slice(run.id.0.as_bytes());
                cursor::write(&key, company, SYNCS, &place)
            }),
            as_of: None,
        };
        Ok(Content::json(&page, page.items.len(), empty.transpose()?))
    };
    anew(&request, &client, load).await
}

/// One run of the company.
#[utoipa::path(
    get, path = "/api/v1/syncs/{id}", operation_id = "showSync", tag = "syncs",
    security(("token" = ["read"])),
    params(("id" = String, Path, description = "The run's id: 32 hex digits.", pattern = "^[0-9a-f]{32}$")),
    responses(
        (status = 200, description = "The run; `statistics` is null until there are any.", body = RunItem, example = json!({"id": "0123456789abcdef0123456789abcdef", "company_id": 42, "mode": "full", "trigger": "api", "requested_by": "alx_012345", "state": "succeeded", "requested_at": "2026-11-22T10:42:00.000Z", "started_at": "2026-11-22T10:42:00.010Z", "finished_at": "2026-11-22T10:42:01.000Z", "statistics": {"success": true, "total_processed": 2, "records_created": 0, "records_updated": 2, "records_deleted": 0, "records_unchanged": 8245, "cache_cleared": 5, "duration_seconds": 1, "errors": [], "version_before": 41, "version_after": 43, "snapshot_at": "2026-11-22T10:42:00Z"}})),
        (status = 304, description = "The client has this very reply."),
        (status = 400, description = "This address takes no parameters; `errors` names each."),
        (status = 404, description = "The company has no such run."),
    )
)]
pub async fn show_sync(
    client: Client,
    run: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Read)?;
    Query::read(request.query_string(), &[]).finish()?;
    let (company, id) = (client.caller.company, run_id(&run)?);
    let load = move |conn: &mut Conn, _: &State| {
        let run = history::get(conn, company, &id)?;
        Ok(Content::json(&RunItem::from(&run), 1, None))
    };
    anew(&request, &client, load).await
}

fn checked(request: &HttpRequest, client: &Client) -> Result<(i64, Option<Mark>), ApiError> {
    let mut query = Query::read(request.query_string(), &["limit", "cursor"]);
    let limit = query.limit();
    let after = query.cursor(|text| {
        let place = cursor::read(&client.app.key, client.caller.company, SYNCS, text)?;
        let (moment, id) = place.split_at_checked(8)?;
        let [requested_at_ms] = cursor::numbers(moment)?;
        let id = RunId(String::from_utf8(id.to_vec()).ok()?);
        Some(Mark {
            requested_at_ms,
            id,
        })
    });
    query.finish()?;
    Ok((limit, after))
}

/// The id of a run as it stands in an address; what cannot be one is not found.
pub fn run_id(text: &str) -> Result<RunId, ApiError> {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == 32 && text.bytes().all(hex) {
        Ok(RunId(text.to_owned()))
    } else {
        Err(Error::NotFound("the sync run").into())
    }
}
