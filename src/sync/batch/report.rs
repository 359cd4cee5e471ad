//! What a batch is made of: its lines and runs, and the list of batches.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::tally::{self, Tally};
use super::{Batch, GONE};
use crate::db::Conn;
use crate::error::{OrNotFound, Result};
use crate::ids::{BatchId, CompanyId, RunId};
use crate::schema::{companies, sync_batch_runs, sync_batches, sync_runs};
use crate::sync::{Run, RunState};

/// One company of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which company.
    pub company: CompanyId,
    /// Its name: hostile text.
    pub name: String,
    /// Why it got no run, or empty.
    pub note: String,
    /// Its run.
    pub run: Option<Run>,
}

/// A batch.
pub fn find(conn: &mut Conn, id: &BatchId) -> Result<Option<Batch>> {
    Ok(sync_batches::table
        .find(id)
        .select(Batch::as_select())
        .get_result(conn)
        .optional()?)
}

/// A batch, or `NotFound`.
pub fn get(conn: &mut Conn, id: &BatchId) -> Result<Batch> {
    find(conn, id)?.or_not_found("the batch")
}

/// Companies of a batch after so many: first those that need somebody, then those whose runs last, then the others, each by
/// name.
pub fn lines(conn: &mut Conn, id: &BatchId, offset: i64, limit: i64) -> Result<Vec<Line>> {
    let own = sync_batch_runs::run_id.eq(sync_runs::id.nullable());
    let found: Vec<(CompanyId, String, String, Option<Run>)> = sync_batch_runs::table
        .inner_join(companies::table.on(companies::id.eq(sync_batch_runs::company_id)))
        .left_join(sync_runs::table.on(own))
        .filter(sync_batch_runs::batch_id.eq(id))
        .order((sql::<Integer>(&urgency()), companies::name, companies::id))
        .offset(offset)
        .limit(limit)
        .select((
            sync_batch_runs::company_id,
            companies::name,
            sync_batch_runs::note,
            Option::<Run>::as_select(),
        ))
        .load(conn)?;
    let line = |(company, name, note, run)| Line {
        company,
        name,
        note,
        run,
    };
    Ok(found.into_iter().map(line).collect())
}

/// The place of a company on the page, in SQL.
fn urgency() -> String {
    format!(
        "case when sync_runs.state in ('needs_confirmation', 'failed', 'abandoned', 'partial') then 0 \
         when sync_runs.id is null and sync_batch_runs.note <> '{GONE}' then 0 \
         when sync_runs.state = 'running' then 1 else 2 end"
    )
}

/// The runs of a batch that have not ended.
pub fn lasting(conn: &mut Conn, id: &BatchId) -> Result<Vec<RunId>> {
    let own = sync_batch_runs::run_id.eq(sync_runs::id.nullable());
    Ok(sync_batch_runs::table
        .inner_join(sync_runs::table.on(own))
        .filter(sync_batch_runs::batch_id.eq(id))
        .filter(sync_runs::state.eq_any([RunState::Queued, RunState::Running]))
        .order(sync_batch_runs::company_id)
        .select(sync_runs::id)
        .load(conn)?)
}

/// Whether a run of a batch has published since a moment, UTC milliseconds, and its purge is not counted yet.
pub fn counts_since(conn: &mut Conn, id: &BatchId, since_ms: i64) -> Result<bool> {
    let own = sync_batch_runs::run_id.eq(sync_runs::id.nullable());
    let uncounted: i64 = sync_batch_runs::table
        .inner_join(sync_runs::table.on(own))
        .filter(sync_batch_runs::batch_id.eq(id))
        .filter(sync_runs::state.eq_any([RunState::Succeeded, RunState::Partial]))
        .filter(sync_runs::dry_run.eq(false))
        .filter(sync_runs::cache_cleared.is_null())
        .filter(sync_runs::finished_at_ms.gt(since_ms))
        .count()
        .get_result(conn)?;
    Ok(uncounted > 0)
}

/// How many batches there are.
pub fn count(conn: &mut Conn) -> Result<i64> {
    Ok(sync_batches::table.count().get_result(conn)?)
}

/// Batches after so many, newest first, each with its count.
pub fn page(conn: &mut Conn, offset: i64, limit: i64) -> Result<Vec<(Batch, Tally)>> {
    let batches: Vec<Batch> = sync_batches::table
        .order((sync_batches::requested_at_ms.desc(), sync_batches::id))
        .offset(offset)
        .limit(limit)
        .select(Batch::as_select())
        .load(conn)?;
    let (Some(newest), Some(oldest)) = (batches.first(), batches.last()) else {
        return Ok(Vec::new());
    };
    let mut tallies = tally::between(conn, oldest.requested_at_ms, newest.requested_at_ms)?;
    let counted = |batch: Batch| {
        let tally = tallies.remove(&batch.id).unwrap_or_default(); // a batch of no companies
        (batch, tally)
    };
    Ok(batches.into_iter().map(counted).collect())
}
