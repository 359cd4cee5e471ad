//! `GET /api/v1/syncs/{id}/changes`: what one run did to each row, with before and after.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Map, Value};

use super::query::Query;
use super::reply::{Content, Question, cached};
use super::rows::{AsOf, Page};
use super::syncs::run_id;
use super::{ApiError, Client, cursor};
use crate::companies::State;
use crate::ids::{CourseId, UserId};
use crate::sync::affected::{self, Affected};
use crate::sync::history;
use crate::sync::plan::Kind;
use crate::time::rfc3339;
use crate::tokens::Scope;

/// The view's name in cache keys.
const CHANGES: &str = "sync-changes";
/// Fields that hold a time.
const TIMES: [&str; 3] = ["timecompleted", "timestarted", "enrolled_at"];

/// One changed row. Of an update, `before` and `after` hold what moved.
#[derive(Serialize)]
struct ChangeItem {
    version: i64,
    kind: Kind,
    userid: UserId,
    courseid: CourseId,
    before: Option<Map<String, Value>>,
    after: Option<Map<String, Value>>,
}

/// `GET /api/v1/syncs/{id}/changes?limit=&cursor=`: in the order the rows were changed, which is (user, course).
pub async fn list_changes(
    client: Client,
    run: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Changes)?;
    let (company, run) = (client.caller.company, run_id(&run)?);
    let list = format!("{CHANGES}/{run}");
    let (limit, after) = checked(&request, &client, &list)?;
    let question = Question {
        view: CHANGES,
        query: format!("run={run}&limit={limit}&after={after}"),
    };
    let key = client.app.key.clone();
    let load = move |conn: &mut _, state: &State| {
        history::get(conn, company, &run)?;
        let mut changes = affected::page(conn, &run, after, limit + 1)?;
        let more = changes.len() > limit as usize;
        changes.truncate(limit as usize);
        let last = changes.last().filter(|_| more).map(|change| change.seq);
        let page = Page {
            next_cursor: last
                .map(|seq| cursor::write(&key, company, &list, &cursor::of_numbers([seq]))),
            items: changes.into_iter().map(ChangeItem::from).collect(),
            as_of: Some(AsOf::from(state)),
        };
        Ok(Content::json(&page, None))
    };
    cached(&request, client, question, load).await
}

fn checked(request: &HttpRequest, client: &Client, list: &str) -> Result<(i64, i64), ApiError> {
    let mut query = Query::read(request.query_string(), &["limit", "cursor"]);
    let limit = query.limit();
    let after = query.cursor(|text| {
        let place = cursor::read(&client.app.key, client.caller.company, list, text)?;
        cursor::numbers::<1>(&place).map(|[seq]| seq)
    });
    query.finish()?;
    Ok((limit, after.unwrap_or(0)))
}

impl From<Affected> for ChangeItem {
    fn from(change: Affected) -> Self {
        Self {
            version: change.seq,
            kind: change.kind,
            userid: change.row.user_id,
            courseid: change.row.course_id,
            before: change.before.map(with_written_times),
            after: change.after.map(with_written_times),
        }
    }
}

/// The log keeps UTC seconds; the wire writes RFC 3339.
fn with_written_times(mut side: Map<String, Value>) -> Map<String, Value> {
    for name in TIMES {
        if let Some(value) = side.get_mut(name) {
            *value = value.as_i64().and_then(rfc3339).into();
        }
    }
    side
}
