//! The change log of one row: what every run did to it.

use diesel::prelude::*;
use serde_json::{Map, Value};

use super::plan::Kind;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, Key, RunId};
use crate::schema::{sync_changes, sync_runs};

/// One change of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowChange {
    /// The version that it made.
    pub seq: i64,
    /// The run that made it.
    pub run: RunId,
    /// When that run ended, in UTC milliseconds.
    pub at_ms: Option<i64>,
    /// What it did to what clients see.
    pub kind: Kind,
    /// What the row said before: of an update only what moved. `None` for a row never seen before.
    pub before: Option<Map<String, Value>>,
    /// What it said afterwards, likewise.
    pub after: Option<Map<String, Value>>,
}

/// How many changes of a row the log holds.
pub fn count(conn: &mut Conn, company: CompanyId, key: Key) -> Result<i64> {
    let found = sync_changes::table
        .filter(sync_changes::company_id.eq(company))
        .filter(sync_changes::user_id.eq(key.user))
        .filter(sync_changes::course_id.eq(key.course))
        .count()
        .get_result(conn)?;
    Ok(found)
}

/// The changes of a row after the first `offset`, newest first.
pub fn page(
    conn: &mut Conn,
    company: CompanyId,
    key: Key,
    offset: i64,
    limit: i64,
) -> Result<Vec<RowChange>> {
    let lines: Vec<(Line, Option<i64>)> = sync_changes::table
        .inner_join(sync_runs::table)
        .filter(sync_changes::company_id.eq(company))
        .filter(sync_changes::user_id.eq(key.user))
        .filter(sync_changes::course_id.eq(key.course))
        .order(sync_changes::seq.desc())
        .offset(offset)
        .limit(limit)
        .select((Line::as_select(), sync_runs::finished_at_ms))
        .load(conn)?;
    lines.into_iter().map(row_change).collect()
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sync_changes)]
struct Line {
    seq: i64,
    run_id: RunId,
    kind: Kind,
    before: Option<String>,
    after: Option<String>,
}

fn row_change((line, at_ms): (Line, Option<i64>)) -> Result<RowChange> {
    Ok(RowChange {
        seq: line.seq,
        run: line.run_id,
        at_ms,
        kind: line.kind,
        before: side(line.before)?,
        after: side(line.after)?,
    })
}

fn side(text: Option<String>) -> Result<Option<Map<String, Value>>> {
    let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
    parsed.map_err(|cause| diesel::result::Error::DeserializationError(cause.into()).into())
}
