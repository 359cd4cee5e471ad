//! The plan of a run that wrote nothing: what it would change, row by row.

use diesel::dsl::count;
use diesel::prelude::*;
use serde_json::{Map, Value};

use super::affected::side;
use super::plan::Kind;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, Key, RunId, UserId};
use crate::progress::{self, Content, Row};
use crate::schema::sync_plan_lines;

/// One planned change.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Where it stands in the plan, from 1.
    pub place: i64,
    /// Which row.
    pub key: Key,
    /// What it would do to what clients see.
    pub kind: Kind,
    /// JSON: what the row says, of an update only what would move.
    pub before: Option<String>,
    /// JSON: what it would say.
    pub after: Option<String>,
    /// The row as it is now; `None` where the store has none yet.
    pub row: Option<Row>,
}

impl Planned {
    /// What the row says now, or would say first.
    pub fn content(&self) -> Option<Content> {
        match &self.row {
            Some(row) => Some(row.content.clone()),
            None => serde_json::from_str(self.after.as_deref()?).ok(),
        }
    }
}

/// The planned changes after a place, in the order of the plan, each with its row.
pub fn page(
    conn: &mut Conn,
    company: CompanyId,
    run: &RunId,
    after_place: i64,
    limit: i64,
) -> Result<Vec<Planned>> {
    let lines = lines(conn, run, after_place, limit)?;
    let with_row = |line: Line| {
        let key = Key {
            user: line.user_id,
            course: line.course_id,
        };
        Ok(Planned {
            place: line.place,
            key,
            kind: line.kind,
            before: line.before,
            after: line.after,
            row: progress::store::find(conn, company, key)?,
        })
    };
    lines.into_iter().map(with_row).collect()
}

/// The lines of a plan after a place, in its order.
pub fn lines(conn: &mut Conn, run: &RunId, after_place: i64, limit: i64) -> Result<Vec<Line>> {
    let found = sync_plan_lines::table
        .filter(sync_plan_lines::run_id.eq(run))
        .filter(sync_plan_lines::place.gt(after_place))
        .order(sync_plan_lines::place)
        .limit(limit)
        .select(Line::as_select())
        .load(conn)?;
    Ok(found)
}

/// How many people a plan is about.
pub fn user_count(conn: &mut Conn, run: &RunId) -> Result<i64> {
    let users = count(sync_plan_lines::user_id).aggregate_distinct();
    Ok(sync_plan_lines::table
        .filter(sync_plan_lines::run_id.eq(run))
        .select(users)
        .get_result(conn)?)
}

/// One planned change as the plan itself holds it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = sync_plan_lines)]
pub struct Line {
    /// Where it stands in the plan, from 1.
    pub place: i64,
    /// Whose row.
    pub user_id: UserId,
    /// In which course.
    pub course_id: CourseId,
    /// What it would do to what clients see.
    pub kind: Kind,
    before: Option<String>,
    after: Option<String>,
}

type Side = Option<Map<String, Value>>;

impl Line {
    /// What the row says, of an update only what would move, and what it would say.
    pub fn sides(self) -> Result<(Side, Side)> {
        Ok((side(self.before)?, side(self.after)?))
    }
}
