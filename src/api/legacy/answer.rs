//! Where the rows of an answer come from: every row from the company's group, or a page of the token's window.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};

use super::Format;
use super::call::Slice;
use super::rows::{Look, write};
use crate::api::reply::{Content, Question, cached, once};
use crate::api::{ApiError, Client};
use crate::companies::{self, State};
use crate::db::Conn;
use crate::error::Error;
use crate::progress::Row;
use crate::settings::delivery::AnswerMode;
use crate::time::now;
use crate::windows::{self, Asked, Kind, Page};

/// The view's name in cache keys.
const VIEW: &str = "legacy";
/// Seconds of a day and of an hour.
const DAY: i64 = 86_400;
const HOUR: i64 = 3600;
/// How often a window is planned while other calls of the same token open theirs.
const OPENINGS: usize = 20;

/// The answer, and what its list means.
pub async fn rows(
    request: &HttpRequest,
    client: Client,
    slice: Slice,
    format: Format,
) -> Result<(HttpResponse, Kind), ApiError> {
    let look = Look {
        fields: client.fields,
        courseid_for_username: client.delivery.courseid_for_username,
        zone: client.delivery.zone,
        format,
    };
    // A call that gets no rows opens no window and brings none to its end.
    let full_after = match client.delivery.mode {
        _ if request.method() == Method::HEAD => None,
        AnswerMode::Full | AnswerMode::Disabled => None,
        AnswerMode::Auto => Some(i64::from(client.delivery.window_hours) * HOUR),
        AnswerMode::Incremental => Some(DAY),
    };
    match full_after {
        Some(after) => of_window(request, client, slice, look, after).await,
        None => Ok((every_row(request, client, slice, look).await?, Kind::Full)),
    }
}

async fn every_row(
    request: &HttpRequest,
    client: Client,
    slice: Slice,
    look: Look,
) -> Result<HttpResponse, ApiError> {
    let Slice { limit, offset } = slice;
    let (company, app) = (client.caller.company, client.app.clone());
    let question = Question {
        view: VIEW,
        query: format!("{}&limit={limit}&offset={offset}", look.code()),
    };
    let load = move |conn: &mut _, state: &State| {
        let rows = app
            .offsets
            .page(conn, company, &state.stamp, (offset, limit))?;
        Ok(content(&rows, look))
    };
    cached(request, client, question, load).await
}

/// Pages of windows are never kept: what the same call is answered with depends on the calls before it.
async fn of_window(
    request: &HttpRequest,
    client: Client,
    slice: Slice,
    look: Look,
    full_after: i64,
) -> Result<(HttpResponse, Kind), ApiError> {
    client.admit().await?;
    if slice.offset == 0 {
        let asked = Asked {
            token: client.caller.token,
            company: client.caller.company,
            view: look.code(),
            key: look.key(),
            full_after,
            now: now(),
        };
        open(&client, &asked).await?;
    }
    let Page {
        kind,
        rows,
        state,
        note,
    } = page(&client, slice).await?;
    if let Some(note) = note {
        client.app.db.change(move |conn| note.write(conn)).await?;
    }
    let reply = once(request, &client, state, content(&rows, look)).await?;
    Ok((reply, kind))
}

/// Opens the token's next window. Whoever waits for the writer holds no place in the company's lane.
async fn open(client: &Client, asked: &Asked) -> Result<(), ApiError> {
    for _ in 0..OPENINGS {
        let asked = asked.clone();
        let plan = client.read(move |conn| windows::plan(conn, &asked)).await?;
        if client.app.db.change(move |conn| plan.keep(conn)).await? {
            return Ok(());
        }
    }
    Err(Error::Moved.into())
}

/// A page of the token's window; of every row where it has none.
async fn page(client: &Client, slice: Slice) -> Result<Page, ApiError> {
    let Slice { limit, offset } = slice;
    let (app, token, company) = (
        client.app.clone(),
        client.caller.token,
        client.caller.company,
    );
    let read = move |conn: &mut Conn| {
        if let Some(page) = windows::page(conn, token, company, (offset, limit))? {
            return Ok(page);
        }
        let state = companies::store::state(conn, company)?;
        let slice = (offset, limit);
        Ok(Page {
            kind: Kind::Full,
            rows: app.offsets.page(conn, company, &state.stamp, slice)?,
            state,
            note: None,
        })
    };
    client.read(read).await
}

fn content(rows: &[Row], look: Look) -> Content {
    Content {
        body: write(rows, look).into_bytes(),
        content_type: look.format.content_type(),
        empty: None,
        rows: rows.len(),
    }
}
