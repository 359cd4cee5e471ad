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
use crate::error::Error;
use crate::fields::{Field, Fields};
use crate::ids::{CourseId, UserId};
use crate::sync::affected::{self, Affected};
use crate::sync::plan::Kind;
use crate::sync::{history, retention};
use crate::time::rfc3339;
use crate::tokens::Scope;

/// The view's name in cache keys.
const CHANGES: &str = "sync-changes";
/// Fields that hold a time.
const TIMES: [&str; 3] = ["timecompleted", "timestarted", "enrolled_at"];

/// One changed row. Of an update, `before` and `after` hold what moved.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ChangeItem {
    /// The data version that this change made.
    version: i64,
    /// What became of the row.
    kind: Kind,
    /// Moodle's id of the person.
    #[schema(value_type = i64)]
    userid: UserId,
    /// Moodle's id of the course.
    #[schema(value_type = i64)]
    courseid: CourseId,
    /// What the row said; null of an added one.
    before: Option<Map<String, Value>>,
    /// What it says; null of a removed one.
    after: Option<Map<String, Value>>,
}

/// What one run did to each row, in the order the rows were changed, which is (user, course).
#[utoipa::path(
    get, path = "/api/v1/syncs/{id}/changes", operation_id = "listSyncChanges", tag = "syncs",
    security(("token" = ["changes"])),
    params(
        ("id" = String, Path, description = "The run's id: 32 hex digits.", pattern = "^[0-9a-f]{32}$"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "Items of a page; 100 when not given.", example = 10),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of changed rows with before and after.", body = Page<ChangeItem>, example = json!({"items": [{"version": 42, "kind": "updated", "userid": 17, "courseid": 2, "before": {"status": "in_progress"}, "after": {"status": "completed", "timecompleted": "2026-11-22T10:36:00Z"}}], "next_cursor": null, "as_of": {"version": 43, "synced_at": "2026-11-22T10:42:00Z", "changed_at": "2026-11-22T10:42:01Z", "run_id": "0123456789abcdef0123456789abcdef"}})),
        (status = 304, description = "The client has this very reply."),
        (status = 400, description = "Parameters are not as they must be; `errors` names each."),
        (status = 404, description = "The company has no such run."),
        (status = 410, description = "The lines of this run were let go (problem type `lines-let-go`): they are older than changes are kept for. The run says when, as `compacted_at`, and keeps its counts."),
    )
)]
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
    let (key, fields) = (client.app.key.clone(), client.fields);
    let load = move |conn: &mut _, state: &State| {
        let lines = retention::lines_after(&history::get(conn, company, &run)?, after);
        let mut changes = affected::page(conn, &run, after, limit + 1)?;
        if (changes.len() as i64) < lines.min(limit + 1) {
            return Err(Error::LinesLetGo);
        }
        let more = changes.len() > limit as usize;
        changes.truncate(limit as usize);
        let last = changes.last().filter(|_| more).map(|change| change.seq);
        let page = Page {
            next_cursor: last
                .map(|seq| cursor::write(&key, company, &list, &cursor::of_numbers([seq]))),
            items: changes
                .into_iter()
                .map(|change| ChangeItem::of(change, fields))
                .collect(),
            as_of: Some(AsOf::from(state)),
        };
        Ok(Content::json(&page, page.items.len(), None))
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

impl ChangeItem {
    /// A change with the fields that show.
    fn of(change: Affected, fields: Fields) -> Self {
        let shown = |side| with_written_times(only(side, fields));
        Self {
            version: change.seq,
            kind: change.kind,
            userid: change.row.user_id,
            courseid: change.row.course_id,
            before: change.before.map(shown),
            after: change.after.map(shown),
        }
    }
}

/// What a side says, without the fields that do not show.
fn only(mut side: Map<String, Value>, fields: Fields) -> Map<String, Value> {
    side.retain(|name, _| match name.parse() {
        Ok(Field::TimeCompleted) => fields.has_completion(),
        Ok(Field::TimeStarted) => fields.has_start(),
        Ok(field) => fields.has(field),
        Err(_) => true, // the state, the enrolment: always shown
    });
    side
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
