//! `GET /api/v1/changes`: what moved in the rows of the token's company since the client's last look.
//!
//! A version's rows are numbered inside the transaction that publishes them, under the company's lock, and a page is read
//! in one snapshot together with the version: no number can appear later among those that a page has passed.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::delta::{self, Delta};
use super::query::Query;
use super::reply::{Content, Question, cached};
use super::rows::{AsOf, ProgressItem};
use super::{ApiError, Client, empty};
use crate::companies::State;
use crate::db::Conn;
use crate::error;
use crate::fields::Fields;
use crate::ids::{CourseId, UserId};
use crate::moodle::RowState;
use crate::progress::{Row, feed};
use crate::time::now;
use crate::tokens::{Scope, SecretKey};

/// The view's name in cache keys.
const CHANGES: &str = "changes";

/// What a client does to what it holds: put a row in place of the one with the same key, or take that one out.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum DeltaItem<'a> {
    /// The row is active and says this.
    Upsert(Box<ProgressItem<'a>>),
    /// The row is not active any more. A client that never had it goes on.
    Remove {
        /// Who.
        #[schema(value_type = i64)]
        userid: UserId,
        /// In which course.
        #[schema(value_type = i64)]
        courseid: CourseId,
        /// Why: the state that it ended in.
        reason: RowState,
    },
}

/// One page of changes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ChangesPage<'a> {
    /// What to do, in the order of the changes.
    items: Vec<DeltaItem<'a>>,
    /// Where to go on, now or later.
    next_cursor: String,
    /// Whether there is more already.
    has_more: bool,
    /// The version that is reached.
    as_of: AsOf,
}

/// What a page of changes is made of.
pub struct Asked {
    /// From where on.
    pub from: Delta,
    /// The fields that show.
    pub fields: Fields,
    /// At most so many.
    pub limit: i64,
    /// The day that the next cursor is handed out.
    pub day: i64,
}

/// Rows that changed, and where to go on.
pub struct Found {
    /// The rows, in the order of the changes.
    pub rows: Vec<Row>,
    /// The place after them.
    pub next: Delta,
    /// Whether there are more already.
    pub more: bool,
}

/// Rows that changed after the cursor, each as it is now.
///
/// Without a cursor from the beginning: every row there is, as an upsert; of rows that ended, only that they are to be
/// removed. `next_cursor` is always there: it is where to go on, now or later. Asking twice is safe.
#[utoipa::path(
    get, path = "/api/v1/changes", operation_id = "followChanges", tag = "progress",
    security(("token" = ["changes"])),
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "Items of a page; 100 when not given.", example = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before, or `delta_cursor` of a list of rows."),
    ),
    responses(
        (status = 200, description = "A page of changes, in their order.", body = ChangesPage, example = json!({"items": [{"op": "upsert", "userid": 17, "firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.com", "username": "ada", "courseid": 2, "coursename": "Fire safety", "status": "completed", "percentage": 100.0, "timecompleted": "2026-11-22T10:36:00Z", "timestarted": "2026-10-01T09:00:00Z", "enrolled_at": "2026-10-01T09:00:00Z", "changed_at": "2026-11-22T10:42:01Z", "state": "active"}, {"op": "remove", "userid": 18, "courseid": 2, "reason": "left"}], "next_cursor": "AAAA", "has_more": false, "as_of": {"version": 43, "synced_at": "2026-11-22T10:42:00Z", "changed_at": "2026-11-22T10:42:01Z", "run_id": "0123456789abcdef0123456789abcdef"}})),
        (status = 304, description = "The client has this very reply."),
        (status = 400, description = "Parameters are not as they must be; `errors` names each."),
        (status = 410, description = "The cursor cannot be followed, and `reason` says why: it is too old (`expired`), other fields show than when you began (`view-changed`), or the store was put back from a copy (`store-restored`). Read all rows again."),
    )
)]
pub async fn follow_changes(
    client: Client,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Changes)?;
    let asked = checked(&request, &client)?;
    asked.from.must_lead_on(&client).await?;
    let (from, day, limit) = (asked.from.canonical(), asked.day, asked.limit);
    let question = Question {
        view: CHANGES,
        query: format!("from={from}&limit={limit}&day={day}"),
    };
    let key = client.app.key.clone();
    let load = move |conn: &mut Conn, state: &State| {
        let found = find(conn, state, &asked)?;
        Ok(content(&key, state, &asked, &found))
    };
    cached(&request, client, question, load).await
}

fn checked(request: &HttpRequest, client: &Client) -> Result<Asked, ApiError> {
    let mut query = Query::read(request.query_string(), &["limit", "cursor"]);
    let (key, company, fields) = (&client.app.key, client.caller.company, client.fields);
    let limit = query.limit();
    let from = query.cursor(|text| Delta::of_cursor(key, company, text));
    query.finish()?;
    let now = now();
    Ok(Asked {
        from: from.unwrap_or_else(|| Delta::beginning(fields, now)),
        fields,
        limit,
        day: delta::day(now),
    })
}

/// The rows of one page, in the snapshot that showed `state`.
pub fn find(conn: &mut Conn, state: &State, asked: &Asked) -> error::Result<Found> {
    let company = state.company_id;
    asked.from.must_be_of(conn, company)?;
    let mut rows = feed::since(conn, company, asked.from.position, asked.limit + 1)?;
    let more = rows.len() as i64 > asked.limit;
    rows.truncate(asked.limit as usize);
    let last = rows.last().filter(|_| more).map(|row| row.seq);
    let position = last.unwrap_or(state.seq);
    let next = Delta::at(conn, state, position, (asked.fields, asked.day))?;
    Ok(Found { rows, next, more })
}

fn content(key: &SecretKey, state: &State, asked: &Asked, found: &Found) -> Content {
    let page = ChangesPage {
        items: found
            .rows
            .iter()
            .map(|row| DeltaItem::of(row, asked.fields))
            .collect(),
        next_cursor: found.next.cursor(key, state.company_id),
        has_more: found.more,
        as_of: AsOf::from(state),
    };
    let empty = found.rows.is_empty();
    let why = empty.then(|| empty::of_changes(state, &asked.from));
    Content::json(&page, found.rows.len(), why)
}

impl<'a> DeltaItem<'a> {
    /// What a client does about a row.
    pub fn of(row: &'a Row, fields: Fields) -> Self {
        match row.state {
            RowState::Active => Self::Upsert(Box::new(ProgressItem::of(row, fields))),
            reason => Self::Remove {
                userid: row.user_id,
                courseid: row.course_id,
                reason,
            },
        }
    }
}
