//! `GET /api/v1/syncs` and `/syncs/{id}`: the history of the token's company.
//!
//! A run moves on without a new stamp, so these replies are computed for each request.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use super::query::Query;
use super::reply::fresh;
use super::rows::{Page, RunItem};
use super::{ApiError, Client, cursor};
use crate::companies::{self, State};
use crate::db::Conn;
use crate::error::{self, Error};
use crate::ids::{CompanyId, RunId};
use crate::sync::Run;
use crate::sync::history::{self, Filter, Mark};
use crate::tokens::Scope;

/// The list's name in cursors.
const SYNCS: &str = "syncs";

/// `GET /api/v1/syncs?limit=&cursor=`: the company's runs, newest first.
pub async fn list_syncs(client: Client, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Read)?;
    let (limit, after) = checked(&request, &client)?;
    let filter = Filter {
        company: Some(client.caller.company),
        ..Filter::default()
    };
    let company = client.caller.company;
    let find = move |conn: &mut _| {
        let state = companies::store::state(conn, company)?;
        Ok((
            state,
            history::page(conn, filter, after.as_ref(), limit + 1)?,
        ))
    };
    let (state, mut runs) = client.app.db.run(find).await?;
    let more = runs.len() > limit as usize;
    runs.truncate(limit as usize);
    let last = runs.last().filter(|_| more);
    let page = Page {
        items: runs.iter().map(RunItem::from).collect(),
        next_cursor: last.map(|run| {
            let mut place = cursor::of_numbers([run.requested_at_ms]);
            place.extend_from_slice(run.id.0.as_bytes());
            cursor::write(&client.app.key, client.caller.company, SYNCS, &place)
        }),
        as_of: None,
    };
    Ok(fresh(&request, &state, StatusCode::OK, &page))
}

/// `GET /api/v1/syncs/{id}`: one run of the company.
pub async fn show_sync(
    client: Client,
    run: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Read)?;
    Query::read(request.query_string(), &[]).finish()?;
    let (company, id) = (client.caller.company, run_id(&run)?);
    let (state, run) = client
        .app
        .db
        .run(move |conn| with_state(conn, company, &id))
        .await?;
    Ok(fresh(
        &request,
        &state,
        StatusCode::OK,
        &RunItem::from(&run),
    ))
}

/// A run with the version that its company serves, both of one moment.
pub fn with_state(conn: &mut Conn, company: CompanyId, id: &RunId) -> error::Result<(State, Run)> {
    Ok((
        companies::store::state(conn, company)?,
        history::get(conn, company, id)?,
    ))
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
