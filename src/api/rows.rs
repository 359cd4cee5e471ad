//! Rows and runs as the JSON API writes them.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

use crate::companies::State;
use crate::export::{Cell, defused};
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
    /// Moodle's id of the person.
    #[schema(value_type = i64)]
    userid: UserId,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    firstname: Shown<Cow<'a, str>>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    lastname: Shown<Cow<'a, str>>,
    /// E-mail address, as Moodle has it: it may be malformed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    email: Shown<Cow<'a, str>>,
    /// Name to sign in to Moodle with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    username: Shown<Cow<'a, str>>,
    /// Moodle's id of the course.
    #[schema(value_type = i64)]
    courseid: CourseId,
    /// Full name of the course.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    coursename: Shown<Cow<'a, str>>,
    /// How far the person is in the course.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Status>, required = false)]
    status: Shown<Status>,
    /// Done of the activities that count, 0 to 100, not rounded; null where Moodle tracks nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, required = false)]
    percentage: Shown<f64>,
    /// When Moodle counts the course as completed; null while it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    timecompleted: Shown<String>,
    /// The first criterion met, else the first counted activity with a state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    timestarted: Shown<String>,
    /// The person's earliest enrolment in the course; it does not move as they learn.
    enrolled_at: Option<String>,
    /// When the change was published that this row had last; it only grows from one version to the next.
    changed_at: Option<String>,
    /// Whether the row counts, or why it ended.
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

/// A row as cells of a sheet, in the order of [`columns`]; moments are dates.
pub fn cells(row: &Row, fields: Fields) -> Vec<Cell> {
    let known = (row.state != RowState::Erased).then_some(&row.content);
    let text =
        |text: fn(&Content) -> &String| known.map_or(Cell::None, |said| Cell::text(text(said)));
    let at = |at: fn(&Content) -> Option<i64>| Cell::at(known.and_then(at));
    let status = known.map_or(Cell::None, |said| Cell::text(said.status.as_str()));
    let all = [
        (true, Cell::Number(row.user_id.0)),
        (fields.has(Field::FirstName), text(|said| &said.firstname)),
        (fields.has(Field::LastName), text(|said| &said.lastname)),
        (fields.has(Field::Email), text(|said| &said.email)),
        (fields.has(Field::Username), text(|said| &said.username)),
        (true, Cell::Number(row.course_id.0)),
        (
            fields.has(Field::CourseName),
            Cell::text(&row.content.coursename),
        ),
        (fields.has(Field::Status), status),
        (
            fields.has(Field::Percentage),
            Cell::fraction(known.and_then(|said| said.percentage)),
        ),
        (fields.has_completion(), at(|said| said.timecompleted)),
        (fields.has_start(), at(|said| said.timestarted)),
        (true, at(|said| said.enrolled_at)),
        (true, Cell::at(row.changed_at)),
        (true, Cell::text(row.state.as_str())),
    ];
    let shown = all.into_iter().filter(|(shown, _)| *shown);
    shown.map(|(_, cell)| cell).collect()
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
    /// The company's data version.
    version: i64,
    /// When Moodle was as the rows say, RFC 3339; null before the first sync.
    synced_at: Option<String>,
    /// When the latest change was published, RFC 3339; null before the first one. Whatever changes later carries a later
    /// moment, so this is what to pass as `changed_since` next time.
    changed_at: Option<String>,
    /// The run that confirmed them last; null before the first sync.
    #[schema(value_type = Option<String>)]
    run_id: Option<RunId>,
}

impl From<&State> for AsOf {
    fn from(state: &State) -> Self {
        Self {
            version: state.seq,
            synced_at: state.synced_at.and_then(rfc3339),
            changed_at: Some(state.changed_at)
                .filter(|at| *at > 0)
                .and_then(rfc3339),
            run_id: state.run_id.clone(),
        }
    }
}

/// A run. `statistics` is null until it has ended.
#[derive(Serialize, ToSchema)]
pub struct RunItem<'a> {
    /// Its id: 32 hex digits.
    #[schema(value_type = String)]
    id: &'a RunId,
    /// Whose sync.
    #[schema(value_type = i64)]
    company_id: CompanyId,
    /// How much of Moodle it reads.
    mode: Mode,
    /// Only of a preview.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// Who asked for it.
    trigger: Trigger,
    /// Who asked: an admin's address, how a token begins (`alx_…`), or the words of a schedule.
    requested_by: &'a str,
    /// Where it stands.
    state: RunState,
    /// Only while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<Progress>,
    /// When it was asked for, RFC 3339.
    requested_at: Option<String>,
    /// When it began; null while it waits.
    started_at: Option<String>,
    /// When it ended; null until then.
    finished_at: Option<String>,
    /// What it did; null until it has ended.
    statistics: Option<Statistics>,
    /// Only where what it changed, or would have changed, is not kept any more: when that was let go.
    #[serde(skip_serializing_if = "Option::is_none")]
    compacted_at: Option<String>,
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
            compacted_at: run.compacted_at.and_then(rfc3339),
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
