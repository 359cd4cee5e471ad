//! `GET /api/v1/progress`: the rows of the token's company, page by page.

use actix_web::{HttpRequest, HttpResponse};

use super::query::Query;
use super::reply::{Content, Question, cached};
use super::rows::{AsOf, Page, ProgressItem};
use super::{ApiError, Client, cursor};
use crate::companies::State;
use crate::ids::{CompanyId, CourseId, Key, UserId};
use crate::progress::{self, Row, States};
use crate::tokens::{Scope, SecretKey};

/// The list's name in cursors and cache keys.
const PROGRESS: &str = "progress";

/// `GET /api/v1/progress?limit=&cursor=&state=`: rows in (user, course) order, only the active ones unless `state` asks
/// for others.
pub async fn list_progress(client: Client, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Read)?;
    let company = client.caller.company;
    let wanted = checked(&request, &client)?;
    let question = Question {
        view: PROGRESS,
        query: wanted.canonical(),
    };
    let key = client.app.key.clone();
    let load = move |conn: &mut _, state: &State| {
        let rows = progress::store::page(
            conn,
            company,
            &wanted.states,
            wanted.after,
            wanted.limit + 1,
        )?;
        Ok(content(&key, company, state, rows, &wanted))
    };
    cached(&request, client, question, load).await
}

/// The checked parameters.
struct Wanted {
    limit: i64,
    after: Option<Key>,
    states: States,
}

impl Wanted {
    /// One spelling of each question, for the cache.
    fn canonical(&self) -> String {
        let after = self
            .after
            .map(|Key { user, course }| format!("&after={user},{course}"));
        let states = format!("&state={}", self.states);
        let states = (!self.states.is_usual()).then_some(states);
        let limit = self.limit;
        format!(
            "limit={limit}{}{}",
            after.unwrap_or_default(),
            states.unwrap_or_default()
        )
    }
}

/// The list's name in cursors: those of one choice of states are no good for another.
fn list(states: &States) -> String {
    if states.is_usual() {
        PROGRESS.into()
    } else {
        format!("{PROGRESS}/{states}")
    }
}

fn checked(request: &HttpRequest, client: &Client) -> Result<Wanted, ApiError> {
    let mut query = Query::read(request.query_string(), &["limit", "cursor", "state"]);
    let limit = query.limit();
    let states = match query.text("state").map(str::parse::<States>) {
        Some(Err(reason)) => {
            query.blame("state", &reason);
            States::default()
        }
        asked => asked.and_then(Result::ok).unwrap_or_default(),
    };
    let after = query.cursor(|text| {
        let list = list(&states);
        let place = cursor::read(&client.app.key, client.caller.company, &list, text)?;
        let [user, course] = cursor::numbers(&place)?;
        Some(Key {
            user: UserId(user),
            course: CourseId(course),
        })
    });
    query.finish()?;
    Ok(Wanted {
        limit,
        after,
        states,
    })
}

/// One row more than `limit` was read when there is a next page.
fn content(
    key: &SecretKey,
    company: CompanyId,
    state: &State,
    mut rows: Vec<Row>,
    wanted: &Wanted,
) -> Content {
    let limit = wanted.limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more).map(Row::key);
    let page = Page {
        items: rows.iter().map(ProgressItem::from).collect(),
        next_cursor: last.map(|last| {
            let place = cursor::of_numbers([last.user.0, last.course.0]);
            cursor::write(key, company, &list(&wanted.states), &place)
        }),
        as_of: Some(AsOf::from(state)),
    };
    let empty = why_empty(state).filter(|_| wanted.states.is_usual());
    Content::json(&page, empty)
}

/// Why a company has no rows at all; `None` when it has some.
pub fn why_empty(state: &State) -> Option<&'static str> {
    match (state.synced_at, state.totals.enrolments) {
        (None, _) => Some("never-synced"),
        (Some(_), 0) => Some("no-enrolments"),
        _ => None,
    }
}
