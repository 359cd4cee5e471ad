//! How a batch stands: its lines, and the one count that its state is computed from.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::{Batch, GONE};
use crate::db::Conn;
use crate::error::{OrNotFound, Result};
use crate::ids::{BatchId, CompanyId, RunId};
use crate::schema::{companies, sync_batch_runs, sync_batches, sync_runs};
use crate::sync::{Run, RunState};

crate::words! {
    /// Where a batch stands.
    BatchState {
        /// None of its runs has begun.
        Queued = "queued",
        /// Some of its runs have not ended.
        Running = "running",
        /// Every company that Moodle has is up to date.
        Succeeded = "succeeded",
        /// Some companies are, some are not.
        Partial = "partial",
        /// No company is.
        Failed = "failed",
    }
}

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

/// How many companies of a batch stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub companies: i64,
    /// Their runs have not begun.
    pub waiting: i64,
    /// Their runs last.
    pub running: i64,
    /// Their runs succeeded.
    pub succeeded: i64,
    /// Their runs succeeded except for rows that could not be read.
    pub partial: i64,
    /// Their runs ended otherwise: failed, abandoned, cancelled, or stopped until an admin confirms.
    pub failed: i64,
    /// They got no run, because another kind of sync was waiting.
    pub left_out: i64,
    /// Moodle does not have them any more.
    pub gone: i64,
}

impl Tally {
    /// Counts some companies, by the state of their runs or the reason why they have none.
    fn add(&mut self, run: Option<RunState>, note: &str, companies: i64) {
        self.companies += companies;
        let place = match run {
            Some(RunState::Queued) => &mut self.waiting,
            Some(RunState::Running) => &mut self.running,
            Some(RunState::Succeeded) => &mut self.succeeded,
            Some(RunState::Partial) => &mut self.partial,
            Some(_) => &mut self.failed,
            None if note == GONE => &mut self.gone,
            None => &mut self.left_out,
        };
        *place += companies;
    }

    /// Whether something will still happen.
    pub fn lasts(&self) -> bool {
        self.waiting + self.running > 0
    }

    /// Companies whose turn has come and gone.
    pub fn ended(&self) -> i64 {
        self.succeeded + self.partial + self.failed
    }

    /// Where the batch stands: the one definition of it. Companies that Moodle does not have do not count.
    pub fn state(&self) -> BatchState {
        let (good, bad) = (
            self.succeeded + self.partial,
            self.failed + self.left_out + self.partial,
        );
        match (self.lasts(), good, bad) {
            (true, ..) if self.running + self.ended() == 0 => BatchState::Queued,
            (true, ..) => BatchState::Running,
            (false, _, 0) => BatchState::Succeeded,
            (false, 0, _) => BatchState::Failed,
            (false, ..) => BatchState::Partial,
        }
    }
}

/// What a batch's ended runs did together, or of previews would do, as far as they came to their end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
pub struct Totals {
    /// Rows that are new.
    #[diesel(sql_type = BigInt)]
    pub created: i64,
    /// Rows that say something else.
    #[diesel(sql_type = BigInt)]
    pub updated: i64,
    /// Rows that are gone.
    #[diesel(sql_type = BigInt)]
    pub deleted: i64,
    /// Rows that were right already.
    #[diesel(sql_type = BigInt)]
    pub unchanged: i64,
    /// Cached responses purged, as far as they are counted.
    #[diesel(sql_type = BigInt)]
    pub cache_cleared: i64,
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

/// How many companies of a batch stand where.
pub fn tally(conn: &mut Conn, id: &BatchId) -> Result<Tally> {
    #[derive(QueryableByName)]
    struct Alike {
        #[diesel(sql_type = Text)]
        note: String,
        #[diesel(sql_type = Nullable<Text>)]
        state: Option<RunState>,
        #[diesel(sql_type = BigInt)]
        companies: i64,
    }
    let found: Vec<Alike> = sql_query(
        "select sync_batch_runs.note as note, sync_runs.state as state, count(*) as companies \
         from sync_batch_runs left join sync_runs on sync_runs.id = sync_batch_runs.run_id \
         where sync_batch_runs.batch_id = $1 group by sync_batch_runs.note, sync_runs.state",
    )
    .bind::<Text, _>(id)
    .load(conn)?;
    let mut tally = Tally::default();
    for alike in found {
        tally.add(alike.state, &alike.note, alike.companies);
    }
    Ok(tally)
}

/// What the runs of a batch did together.
pub fn totals(conn: &mut Conn, id: &BatchId) -> Result<Totals> {
    let sum = |column: &str| format!("cast(coalesce(sum({column}), 0) as bigint)");
    let statement = format!(
        "select {} as created, {} as updated, {} as deleted, {} as unchanged, {} as cache_cleared \
         from sync_batch_runs join sync_runs on sync_runs.id = sync_batch_runs.run_id \
         where sync_batch_runs.batch_id = $1 and sync_runs.state in ('succeeded', 'partial')",
        sum("records_created"),
        sum("records_updated"),
        sum("records_deleted"),
        sum("records_unchanged"),
        sum("cache_cleared"),
    );
    Ok(sql_query(statement).bind::<Text, _>(id).get_result(conn)?)
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
    let mut found = Vec::new();
    for batch in batches {
        let tally = tally(conn, &batch.id)?;
        found.push((batch, tally));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(runs: &[Option<RunState>]) -> BatchState {
        let mut tally = Tally::default();
        runs.iter()
            .for_each(|run| tally.add(*run, "another kind waits", 1));
        tally.state()
    }

    #[test]
    fn a_batch_says_partial_when_it_is() {
        use RunState::{Abandoned, Failed, NeedsConfirmation, Partial, Queued, Running, Succeeded};
        for (runs, is) in [
            (vec![Some(Queued), Some(Queued)], BatchState::Queued),
            (vec![Some(Queued), Some(Succeeded)], BatchState::Running),
            (vec![Some(Running), Some(Failed)], BatchState::Running),
            (
                vec![Some(Succeeded), Some(Succeeded)],
                BatchState::Succeeded,
            ),
            (vec![Some(Succeeded), Some(Failed)], BatchState::Partial),
            (
                vec![Some(Succeeded), Some(NeedsConfirmation)],
                BatchState::Partial,
            ),
            (vec![Some(Succeeded), None], BatchState::Partial),
            (vec![Some(Partial)], BatchState::Partial),
            (
                vec![Some(Failed), Some(Abandoned), None],
                BatchState::Failed,
            ),
        ] {
            assert_eq!(state(&runs), is, "{runs:?}");
        }
    }

    #[test]
    fn companies_that_moodle_lost_spoil_no_batch() {
        let mut tally = Tally::default();
        tally.add(Some(RunState::Succeeded), "", 1);
        tally.add(None, GONE, 1);

        assert_eq!((tally.state(), tally.gone), (BatchState::Succeeded, 1));
    }
}
