//! Rows and runs as the JSON API writes them.

use serde::Serialize;

use crate::companies::State;
use crate::ids::{CompanyId, CourseId, RunId, UserId};
use crate::moodle::RowState;
use crate::progress::{Row, Status};
use crate::sync::{Mode, Progress, Run, RunState, Statistics, Trigger};
use crate::time::{rfc3339, rfc3339_ms};

/// A row. Times are RFC 3339 in UTC, or null.
///
/// Of an erased row everything about the person but the id is null, the status too: it says nothing of them.
#[derive(Serialize)]
pub struct ProgressItem<'a> {
    userid: UserId,
    firstname: Option<&'a str>,
    lastname: Option<&'a str>,
    email: Option<&'a str>,
    username: Option<&'a str>,
    courseid: CourseId,
    coursename: &'a str,
    status: Option<Status>,
    percentage: Option<f64>,
    timecompleted: Option<String>,
    timestarted: Option<String>,
    enrolled_at: Option<String>,
    changed_at: Option<String>,
    state: RowState,
}

impl<'a> From<&'a Row> for ProgressItem<'a> {
    fn from(row: &'a Row) -> Self {
        let known = (row.state != RowState::Erased).then_some(&row.content);
        let time = |at: Option<i64>| at.and_then(rfc3339);
        Self {
            userid: row.user_id,
            firstname: known.map(|said| said.firstname.as_str()),
            lastname: known.map(|said| said.lastname.as_str()),
            email: known.map(|said| said.email.as_str()),
            username: known.map(|said| said.username.as_str()),
            courseid: row.course_id,
            coursename: &row.content.coursename,
            status: known.map(|said| said.status),
            percentage: known.and_then(|said| said.percentage),
            timecompleted: time(known.and_then(|said| said.timecompleted)),
            timestarted: time(known.and_then(|said| said.timestarted)),
            enrolled_at: time(known.and_then(|said| said.enrolled_at)),
            changed_at: rfc3339(row.changed_at),
            state: row.state,
        }
    }
}

/// Which version a list shows.
#[derive(Serialize)]
pub struct AsOf {
    version: i64,
    synced_at: Option<String>,
    run_id: Option<RunId>,
}

impl From<&State> for AsOf {
    fn from(state: &State) -> Self {
        Self {
            version: state.seq,
            synced_at: state.synced_at.and_then(rfc3339),
            run_id: state.run_id.clone(),
        }
    }
}

/// A run. `statistics` is null until it has ended.
#[derive(Serialize)]
pub struct RunItem<'a> {
    id: &'a RunId,
    company_id: CompanyId,
    mode: Mode,
    /// Only of a preview.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    trigger: Trigger,
    requested_by: &'a str,
    state: RunState,
    /// Only while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<Progress>,
    requested_at: Option<String>,
    started_at: Option<String>,
    finished_at: Option<String>,
    statistics: Option<Statistics>,
}

impl<'a> From<&'a Run> for RunItem<'a> {
    fn from(run: &'a Run) -> Self {
        Self {
            id: &run.id,
            company_id: run.company_id,
            mode: run.mode,
            dry_run: run.dry_run,
            trigger: run.trigger,
            requested_by: &run.requested_by,
            state: run.state,
            progress: (!run.ended()).then_some(run.progress),
            requested_at: rfc3339_ms(run.requested_at_ms),
            started_at: run.started_at_ms.and_then(rfc3339_ms),
            finished_at: run.finished_at_ms.and_then(rfc3339_ms),
            statistics: run.statistics(),
        }
    }
}

/// One page of a list.
#[derive(Serialize)]
pub struct Page<T> {
    /// Its items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; null on the last one.
    pub next_cursor: Option<String>,
    /// The version it shows, where the list shows the company's data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
}
