//! `GET /api/v1/progress`: the rows of the token's company, page by page or all at once.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::accept::Form;
use super::delta::{self, Delta};
use super::progress_query::{self, FILTERS, canonical};
use super::query::Query;
use super::reply::{Content, Question, cached};
use super::rows::{AsOf, ProgressItem};
use super::{ApiError, Client, cursor, empty, progress_stream};
use crate::companies::State;
use crate::db::Conn;
use crate::error;
use crate::fields::Fields;
use crate::ids::{CourseId, Key, UserId};
use crate::progress::feed::{self, Filter};
use crate::progress::{Row, Status};
use crate::time::now;
use crate::tokens::{Scope, SecretKey};

/// The list's name in cursors and cache keys.
const PROGRESS: &str = "progress";

/// Rows in (user, course) order.
///
/// Only the active ones, unless `state` asks for others. A page of JSON, or every row of one snapshot where `Accept`
/// prefers `application/x-ndjson`, `text/csv` or a workbook of Excel: then `limit` and `cursor` are refused, and
/// `Alx-Delta-Cursor` is where `/api/v1/changes` leads on. A filter on a field that the token does not see is refused.
#[utoipa::path(
    get, path = "/api/v1/progress", operation_id = "listProgress", tag = "progress",
    security(("token" = ["read"])),
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "Items of a page; 100 when not given.", example = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before; it belongs to its filters."),
        ("status" = Option<Status>, Query, description = "Only rows of this status.", example = "completed"),
        ("course_id" = Option<i64>, Query, minimum = 1, description = "Only this course."),
        ("user_id" = Option<i64>, Query, minimum = 1, description = "Only this person."),
        ("email" = Option<String>, Query, description = "Only this address, letters' case aside."),
        ("changed_since" = Option<String>, Query, description = "Only rows that changed at this moment (RFC 3339) or later.", example = "2020-01-01T00:00:00Z"),
        ("completed_from" = Option<String>, Query, description = "Only rows completed at this moment (RFC 3339) or later.", example = "2020-01-01T00:00:00Z"),
        ("completed_to" = Option<String>, Query, description = "Only rows completed before this moment (RFC 3339).", example = "2100-01-01T00:00:00Z"),
        ("state" = Option<String>, Query, description = "Rows of these states, with commas between, or `any`; only `active` ones when not given.", example = "active"),
    ),
    responses(
        (status = 200, description = "Rows in (user, course) order.", headers(("Alx-Delta-Cursor" = String, description = "Of every row without filters, in the forms that are no page: where `/api/v1/changes` leads on.")), content((ProgressPage = "application/json", example = json!({"items": [{"userid": 17, "firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.com", "username": "ada", "courseid": 2, "coursename": "Fire safety", "status": "completed", "percentage": 100.0, "timecompleted": "2026-11-22T10:36:00Z", "timestarted": "2026-10-01T09:00:00Z", "enrolled_at": "2026-10-01T09:00:00Z", "changed_at": "2026-11-22T10:42:00Z", "state": "active"}], "next_cursor": null, "delta_cursor": "AAAA", "as_of": {"version": 43, "synced_at": "2026-11-22T10:42:00Z", "run_id": "0123456789abcdef0123456789abcdef"}})), (String = "application/x-ndjson"), (String = "text/csv"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = 304, description = "The client has this very reply."),
        (status = 400, description = "Parameters are not as they must be; `errors` names each."),
        (status = 406, description = "None of the types that the client accepts."),
        (status = 410, description = "The pages before cannot be followed; `reason` is as of `/api/v1/changes`. Begin again."),
    )
)]
pub async fn list_progress(client: Client, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Read)?;
    match Form::wanted(request.headers())? {
        Form::Json => page(client, request).await,
        form => progress_stream::all(client, request, form).await,
    }
}

/// One page of rows. `delta_cursor` comes with the last page, where `next_cursor` ends: with it the changes lead on from
/// the version of the first page, so that what moved between two pages arrives there.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProgressPage<'a> {
    /// The rows.
    items: Vec<ProgressItem<'a>>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
    /// On the last page of a list without filters: where `/api/v1/changes` leads on.
    delta_cursor: Option<String>,
    /// The version they belong to.
    as_of: AsOf,
}

async fn page(client: Client, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let days = match request.query_string().contains("cursor=") {
        true => client.app.keeping().await?.changes_days,
        false => None,
    };
    let wanted = checked(&request, &client, days)?;
    let question = Question {
        view: PROGRESS,
        query: wanted.canonical(),
    };
    let key = client.app.key.clone();
    let load = move |conn: &mut Conn, state: &State| content(conn, &key, state, &wanted);
    cached(&request, client, question, load).await
}

/// The checked parameters.
struct Wanted {
    filter: Filter,
    fields: Fields,
    limit: i64,
    place: Option<Place>,
    day: i64,
}

/// Where a page ended, and what the client knew then.
struct Place {
    after: Key,
    delta: Option<Delta>,
}

impl Wanted {
    /// One spelling of each question, for the cache.
    fn canonical(&self) -> String {
        let place = match &self.place {
            None => format!("day={}", self.day),
            Some(Place { after, delta }) => {
                let Key { user, course } = after;
                let delta = delta.as_ref().map(Delta::canonical).unwrap_or_default();
                format!("after={user},{course}&delta={delta}")
            }
        };
        let (limit, filter) = (self.limit, canonical(&self.filter));
        format!("limit={limit}&{filter}&{place}")
    }

    /// What the client knows after this page; `None` where a filter narrows the list: changes would tell of rows that it
    /// never asked for.
    fn delta(&self, conn: &mut Conn, state: &State) -> error::Result<Option<Delta>> {
        let before = self.place.as_ref().and_then(|place| place.delta.as_ref());
        let usual = self.filter.is_usual();
        let delta = usual.then(|| Delta::after_page(conn, state, before, (self.fields, self.day)));
        delta.transpose()
    }
}

/// The list's name in cursors: those of one filter are no good for another.
fn list(filter: &Filter) -> String {
    format!("{PROGRESS}?{}", canonical(filter))
}

fn checked(request: &HttpRequest, client: &Client, days: Option<i64>) -> Result<Wanted, ApiError> {
    let names: Vec<&str> = FILTERS.into_iter().chain(["limit", "cursor"]).collect();
    let mut query = Query::read(request.query_string(), &names);
    let filter = progress_query::filter(&mut query, client.fields);
    let limit = query.limit();
    let place = query.cursor(|text| {
        let list = list(&filter);
        let place = cursor::read(&client.app.key, client.caller.company, &list, text)?;
        let (key, delta) = place.split_at_checked(16)?;
        let [user, course] = cursor::numbers(key)?;
        Some(Place {
            after: Key {
                user: UserId(user),
                course: CourseId(course),
            },
            delta: Delta::of_bytes(delta),
        })
    });
    query.finish()?;
    let now = now();
    if let Some(delta) = place.as_ref().and_then(|place| place.delta.as_ref()) {
        delta.must_be_good(client.fields, now, days)?;
    }
    Ok(Wanted {
        filter,
        fields: client.fields,
        limit,
        place,
        day: delta::day(now),
    })
}

/// One row more than `limit` is read to see whether there is a next page.
fn content(
    conn: &mut Conn,
    key: &SecretKey,
    state: &State,
    wanted: &Wanted,
) -> error::Result<Content> {
    let company = state.company_id;
    let after = wanted.place.as_ref().map(|place| place.after);
    let mut rows = feed::page(conn, company, &wanted.filter, after, wanted.limit + 1)?;
    let limit = wanted.limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let delta = wanted.delta(conn, state)?;
    let last = rows.last().filter(|_| more).map(Row::key);
    let page = ProgressPage {
        items: rows
            .iter()
            .map(|row| ProgressItem::of(row, wanted.fields))
            .collect(),
        next_cursor: last.map(|last| {
            let mut place = cursor::of_numbers([last.user.0, last.course.0]);
            place.extend(delta.iter().flat_map(Delta::to_bytes));
            cursor::write(key, company, &list(&wanted.filter), &place)
        }),
        delta_cursor: delta
            .filter(|_| !more)
            .map(|delta| delta.cursor(key, company)),
        as_of: AsOf::from(state),
    };
    let empty = rows
        .is_empty()
        .then(|| empty::of_list(conn, state, &wanted.filter));
    Ok(Content::json(&page, rows.len(), empty.transpose()?))
}
