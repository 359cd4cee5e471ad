//! `GET /api/v1/syncs/{id}/changes`: what one run did to each row, or would do, with before and after.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Map, Value};

use super::query::Query;
use super::reply::{Content, Question, anew, cached};
use super::rows::{AsOf, Page};
use super::syncs::run_id;
use super::{ApiError, Client, cursor, empty};
use crate::companies::State;
use crate::db::Conn;
use crate::error::{self, Error};
use crate::fields::{Field, Fields};
use crate::ids::{CourseId, UserId};
use crate::sync::affected::{self, Affected};
use crate::sync::plan::Kind;
use crate::sync::preview::{self, Line};
use crate::sync::{Run, history, retention};
use crate::time::rfc3339;
use crate::tokens::Scope;

/// The view's name in cache keys.
const CHANGES: &str = "sync-changes";
/// Fields that hold a time.
const TIMES: [&str; 3] = ["timecompleted", "timestarted", "enrolled_at"];

/// One changed row, or of a plan one that would change. Of an update, `before` and `after` hold what moves.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ChangeItem {
    /// The data version that this change made; null of a planned one, which made none.
    version: Option<i64>,
    /// What became of the row, or would.
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
///
/// Of a preview, and of a run that waits for confirmation, what it would do. Plans are kept for 30 days; that of a run that
/// waits, until a newer sync has come to its own end.
#[utoipa::path(
    get, path = "/api/v1/syncs/{id}/changes", operation_id = "listSyncChanges", tag = "syncs",
    security(("token" = ["changes"])),
    params(
        ("id" = String, Path, description = "The run's id: 32 hex digits.", pattern = "^[0-9a-f]{32}$"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "Items of a page; 100 when not given.", example = 10),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of changed rows with before and after; of a plan, of rows that would change.", body = Page<ChangeItem>, example = json!({"items": [{"version": 42, "kind": "updated", "userid": 17, "courseid": 2, "before": {"status": "in_progress"}, "after": {"status": "completed", "timecompleted": "2026-11-22T10:36:00Z"}}], "next_cursor": null, "as_of": {"version": 43, "synced_at": "2026-11-22T10:42:00Z", "changed_at": "2026-11-22T10:42:01Z", "run_id": "0123456789abcdef0123456789abcdef"}})),
        (status = 304, description = "The client has this very reply."),
        (status = 400, description = "Parameters are not as they must be; `errors` names each."),
        (status = 404, description = "The company has no such run."),
        (status = 410, description = "The lines of this run are not kept any more (problem type `lines-let-go`): they are older than changes or plans are kept for, and the run says since when, as `compacted_at`; or the plan waited for confirmation and another sync answered for it. The run keeps its counts."),
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
    let (key, fields, id) = (client.app.key.clone(), client.fields, run.clone());
    let load = move |conn: &mut Conn, state: &State| {
        let run = history::get(conn, company, &run)?;
        let mut found = lines(conn, &run, fields, (after, limit + 1))?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let last = found.last().filter(|_| more).map(|(place, _)| *place);
        let page = Page {
            next_cursor: last
                .map(|place| cursor::write(&key, company, &list, &cursor::of_numbers([place]))),
            items: found.into_iter().map(|(_, item)| item).collect(),
            as_of: Some(AsOf::from(state)),
        };
        let rows = page.items.len();
        let empty = (rows == 0).then(|| empty::of_run(&run));
        Ok(Content::json(&page, rows, empty))
    };
    // What is published stays; every other run moves on without a new stamp.
    let find = move |conn: &mut Conn| history::get(conn, company, &id);
    if client.app.db.lookup(find).await?.published() {
        cached(&request, client, question, load).await
    } else {
        anew(&request, &client, load).await
    }
}

/// The lines of a run after a place, at most so many, each with its place: its version in the log, its number in a plan.
fn lines(
    conn: &mut Conn,
    run: &Run,
    fields: Fields,
    (after, limit): (i64, i64),
) -> error::Result<Vec<(i64, ChangeItem)>> {
    if run.has_plan() {
        let planned = preview::lines(conn, &run.id, after, limit)?;
        if run.compacted_at.is_some() || (planned.is_empty() && is_lost(conn, run)?) {
            return Err(Error::LinesLetGo);
        }
        let item = |line: Line| Ok((line.place, ChangeItem::planned(line, fields)?));
        return planned.into_iter().map(item).collect();
    }
    let changes = affected::page(conn, &run.id, after, limit)?;
    if (changes.len() as i64) < retention::lines_after(run, after).min(limit) {
        return Err(Error::LinesLetGo);
    }
    let item = |change: Affected| (change.seq, ChangeItem::of(change, fields));
    Ok(changes.into_iter().map(item).collect())
}

/// Whether nothing is left of a plan that had something: another sync answered for it, or all it was about were erased.
fn is_lost(conn: &mut Conn, run: &Run) -> error::Result<bool> {
    let counted = run.statistics().map_or(0, |done| done.total_processed);
    Ok(counted > 0 && preview::lines(conn, &run.id, 0, 1)?.is_empty())
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
            version: Some(change.seq),
            kind: change.kind,
            userid: change.row.user_id,
            courseid: change.row.course_id,
            before: change.before.map(shown),
            after: change.after.map(shown),
        }
    }

    /// A planned change with the fields that show.
    fn planned(line: Line, fields: Fields) -> error::Result<Self> {
        let shown = |side| with_written_times(only(side, fields));
        let (kind, userid, courseid) = (line.kind, line.user_id, line.course_id);
        let (before, after) = line.sides()?;
        Ok(Self {
            version: None,
            kind,
            userid,
            courseid,
            before: before.map(shown),
            after: after.map(shown),
        })
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
