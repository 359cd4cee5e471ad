//! What a run affected, as its page and the API list it.

use diesel::dsl::{count, count_star};
use diesel::prelude::*;
use serde_json::{Map, Value};

use super::plan::Kind;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CourseId, RunId};
use crate::progress::Row;
use crate::schema::{progress, sync_changes};

/// One line of the change log, with the row as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Affected {
    /// The version that this change made.
    pub seq: i64,
    /// What it did to what clients see.
    pub kind: Kind,
    /// What the row said before: of an update only what moved. `None` for a row never seen before.
    pub before: Option<Map<String, Value>>,
    /// What it said afterwards, likewise.
    pub after: Option<Map<String, Value>>,
    /// The row as it is now, which may be later than this change.
    pub row: Row,
}

/// A course that a run affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffectedCourse {
    /// Which one.
    pub id: CourseId,
    /// Its name now.
    pub name: String,
    /// How many rows of it changed.
    pub records: i64,
}

/// The changes of a run after a version, in the order they were made.
pub fn page(conn: &mut Conn, run: &RunId, after_seq: i64, limit: i64) -> Result<Vec<Affected>> {
    let lines: Vec<(Line, Row)> = sync_changes::table
        .inner_join(progress::table.on(on_same_row()))
        .filter(
            sync_changes::run_id
                .eq(run)
                .and(sync_changes::seq.gt(after_seq)),
        )
        .order(sync_changes::seq)
        .limit(limit)
        .select((Line::as_select(), Row::as_select()))
        .load(conn)?;
    lines
        .into_iter()
        .map(|(line, row)| affected(line, row))
        .collect()
}

/// The courses of a run's changes, most changed first, and how many there are in all.
pub fn courses(conn: &mut Conn, run: &RunId, limit: i64) -> Result<Vec<AffectedCourse>> {
    let found = sync_changes::table
        .inner_join(progress::table.on(on_same_row()))
        .filter(sync_changes::run_id.eq(run))
        .group_by(sync_changes::course_id)
        .order((count_star().desc(), sync_changes::course_id))
        .limit(limit)
        .select((
            sync_changes::course_id,
            diesel::dsl::max(progress::coursename),
            count_star(),
        ))
        .load::<(CourseId, Option<String>, i64)>(conn)?;
    Ok(found
        .into_iter()
        .map(|(id, name, records)| AffectedCourse {
            id,
            name: name.unwrap_or_default(),
            records,
        })
        .collect())
}

/// How many courses a run's changes are in.
pub fn course_count(conn: &mut Conn, run: &RunId) -> Result<i64> {
    let courses = count(sync_changes::course_id).aggregate_distinct();
    Ok(sync_changes::table
        .filter(sync_changes::run_id.eq(run))
        .select(courses)
        .get_result(conn)?)
}

/// How many people a run's changes are about: the "users synced" of its one sentence.
pub fn user_count(conn: &mut Conn, run: &RunId) -> Result<i64> {
    let users = count(sync_changes::user_id).aggregate_distinct();
    Ok(sync_changes::table
        .filter(sync_changes::run_id.eq(run))
        .select(users)
        .get_result(conn)?)
}

/// A line of the log and the row it is about, for a join.
#[diesel::dsl::auto_type]
pub(super) fn on_same_row() -> _ {
    let same_user = progress::user_id.eq(sync_changes::user_id);
    let same_course = progress::course_id.eq(sync_changes::course_id);
    progress::company_id
        .eq(sync_changes::company_id)
        .and(same_user)
        .and(same_course)
}

/// What the log itself holds of a change.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sync_changes)]
pub(super) struct Line {
    seq: i64,
    kind: Kind,
    before: Option<String>,
    after: Option<String>,
}

/// A line of the log with its row, taken apart.
pub(super) fn affected(line: Line, row: Row) -> Result<Affected> {
    let (before, after) = (side(line.before)?, side(line.after)?);
    Ok(Affected {
        seq: line.seq,
        kind: line.kind,
        before,
        after,
        row,
    })
}

/// One side of a change, from JSON.
pub(super) fn side(text: Option<String>) -> Result<Option<Map<String, Value>>> {
    let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
    parsed.map_err(|cause| diesel::result::Error::DeserializationError(cause.into()).into())
}
