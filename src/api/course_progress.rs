//! `GET /api/v1/progress`: the rows of the token's company, page by page.

use actix_web::{HttpRequest, HttpResponse};

use super::query::Query;
use super::reply::{Content, Question, cached};
use super::rows::{AsOf, Page, ProgressItem};
use super::{ApiError, Client, cursor};
use crate::companies::State;
use crate::ids::{CompanyId, CourseId, Key, UserId};
use crate::progress::{self, Row};
use crate::tokens::{Scope, SecretKey};

/// The list's name in cursors and cache keys.
const PROGRESS: &str = "progress";

/// `GET /api/v1/progress?limit=&cursor=`: active rows in (user, course) order.
pub async fn list_progress(client: Client, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Read)?;
    let company = client.caller.company;
    let (limit, after) = checked(&request, &client)?;
    let question = Question {
        view: PROGRESS,
        query: canonical(limit, after),
    };
    let key = client.app.key.clone();
    let load = move |conn: &mut _, state: &State| {
        let rows = progress::store::page(conn, company, after, limit + 1)?;
        Ok(content(&key, company, state, rows, limit as usize))
    };
    cached(&request, client, question, load).await
}

fn checked(request: &HttpRequest, client: &Client) -> Result<(i64, Option<Key>), ApiError> {
    let mut query = Query::read(request.query_string(), &["limit", "cursor"]);
    let limit = query.limit();
    let after = query.cursor(|text| {
        let place = cursor::read(&client.app.key, client.caller.company, PROGRESS, text)?;
        let [user, course] = cursor::numbers(&place)?;
        Some(Key {
            user: UserId(user),
            course: CourseId(course),
        })
    });
    query.finish()?;
    Ok((limit, after))
}

fn canonical(limit: i64, after: Option<Key>) -> String {
    match after {
        None => format!("limit={limit}"),
        Some(Key { user, course }) => format!("limit={limit}&after={user},{course}"),
    }
}

/// One row more than `limit` was read when there is a next page.
fn content(
    key: &SecretKey,
    company: CompanyId,
    state: &State,
    mut rows: Vec<Row>,
    limit: usize,
) -> Content {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more).map(Row::key);
    let page = Page {
        items: rows.iter().map(ProgressItem::from).collect(),
        next_cursor: last.map(|last| {
            let place = cursor::of_numbers([last.user.0, last.course.0]);
            cursor::write(key, company, PROGRESS, &place)
        }),
        as_of: Some(AsOf::from(state)),
    };
    Content::json(&page, why_empty(state))
}

/// Why a company has no rows at all; `None` when it has some.
pub fn why_empty(state: &State) -> Option<&'static str> {
    match (state.synced_at, state.totals.enrolments) {
        (None, _) => Some("never-synced"),
        (Some(_), 0) => Some("no-enrolments"),
        _ => None,
    }
}
