//! Rows and runs as the JSON API writes them.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

use crate::companies::State;
use crate::export::defused;
use crate::fields::{Field, Fields};
use crate::ids::{CompanyId, CourseId, RunId, UserId};
use crate::moodle::RowState;
use crate::progress::{Content, Row, Status};
use crate::sync::{Mode, Progress, Run, RunState, Statistics, Trigger};
use crate::time::{rfc3339, rfc3339_ms};

/// A field of a row: absent where it does not show, null where there is none.
type Shown<T> = Option<Option<T>>;

/// A row. Times are RFC 3339 in UTC, or null. What the company or the token leaves out is absent; keys always show.
///
/// Of an erased row everything about the person but the id is null, the status too: it says nothing of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgressItem<'a> {
    #[schema(value_type = i64)]
    userid: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    firstname: Shown<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    lastname: Shown<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    email: Shown<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    username: Shown<Cow<'a, str>>,
    #[schema(value_type = i64)]
    courseid: CourseId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    coursename: Shown<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Status>, required = false)]
    status: Shown<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, required = false)]
    percentage: Shown<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    timecompleted: Shown<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    timestarted: Shown<String>,
    enrolled_at: Option<String>,
    changed_at: Option<String>,
    state: RowState,
}

impl<'a> ProgressItem<'a> {
    /// A row with the fields that show.
    pub fn of(row: &'a Row, fields: Fields) -> Self {
        let known = (row.state != RowState::Erased).then_some(&row.content);
        let time = |at: Option<i64>| at.and_then(rfc3339);
        let text = |field, text: fn(&Content) -> &String| {
            let shown = fields.has(field);
            shown.then(|| known.map(|said| Cow::Borrowed(text(said).as_str())))
        };
        Self {
            userid: row.user_id,
            firstname: text(Field::FirstName, |said| &said.firstname),
            lastname: text(Field::LastName, |said| &said.lastname),
            email: text(Field::Email, |said| &said.email),
            username: text(Field::Username, |said| &said.username),
            courseid: row.course_id,
            coursename: fields
                .has(Field::CourseName)
                .then(|| Some(row.content.coursename.as_str().into())),
            status: fields
                .has(Field::Status)
                .then(|| known.map(|said| said.status)),
            percentage: fields
                .has(Field::Percentage)
                .then(|| known.and_then(|said| said.percentage)),
            timecompleted: fields
                .has_completion()
                .then(|| time(known.and_then(|said| said.timecompleted))),
            timestarted: fields
                .has_start()
                .then(|| time(known.and_then(|said| said.timestarted))),
            enrolled_at: time(known.and_then(|said| said.enrolled_at)),
            changed_at: rfc3339(row.changed_at),
            state: row.state,
        }
    }

    /// The same with texts that no spreadsheet takes for formulas.
    pub fn defused(self) -> Self {
        let safe = |text: Shown<Cow<'a, str>>| {
            text.map(|text| text.map(|text| Cow::Owned(defused(&text).into_owned())))
        };
        Self {
            firstname: safe(self.firstname),
            lastname: safe(self.lastname),
            email: safe(self.email),
            username: safe(self.username),
            coursename: safe(self.coursename),
            ..self
        }
    }
}

/// The names of a row's fields that show, in their order.
pub fn columns(fields: Fields) -> Vec<&'static str> {
    let all = [
        ("userid", true),
        ("firstname", fields.has(Field::FirstName)),
        ("lastname", fields.has(Field::LastName)),
        ("email", fields.has(Field::Email)),
        ("username", fields.has(Field::Username)),
        ("courseid", true),
        ("coursename", fields.has(Field::CourseName)),
        ("status", fields.has(Field::Status)),
        ("percentage", fields.has(Field::Percentage)),
        ("timecompleted", fields.has_completion()),
        ("timestarted", fields.has_start()),
        ("enrolled_at", true),
        ("changed_at", true),
        ("state", true),
    ];
    let shown = all.into_iter().filter(|(_, shown)| *shown);
    shown.map(|(name, _)| name).collect()
}

/// Which version a list shows.
#[derive(Debug, Serialize, ToSchema)]
pub struct AsOf {
    version: i64,
    synced_at: Option<String>,
    #[schema(value_type = Option<String>)]
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
#[derive(Serialize, ToSchema)]
pub struct RunItem<'a> {
    #[schema(value_type = String)]
    id: &'a RunId,
    #[schema(value_type = i64)]
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
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// Its items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; null on the last one.
    pub next_cursor: Option<String>,
    /// The version it shows, where the list shows the company's data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
}
