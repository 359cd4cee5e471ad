//! The one count that a batch's state is computed from, and what its runs did together.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::query_builder::SqlQuery;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::GONE;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::BatchId;
use crate::sync::RunState;

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

/// How many companies of a batch stand where.
pub fn tally(conn: &mut Conn, id: &BatchId) -> Result<Tally> {
    let found = alike("batch_id = $1").bind::<Text, _>(id).load(conn)?;
    Ok(tallies(found).remove(id).unwrap_or_default())
}

/// The same of every batch that was asked for between two moments, both included, UTC milliseconds; without those of no
/// companies.
pub fn between(conn: &mut Conn, from_ms: i64, to_ms: i64) -> Result<HashMap<BatchId, Tally>> {
    let asked = "batch_id in (select id from sync_batches where requested_at_ms between $1 and $2)";
    let found = alike(asked)
        .bind::<BigInt, _>(from_ms)
        .bind::<BigInt, _>(to_ms)
        .load(conn)?;
    Ok(tallies(found))
}

/// Companies of a batch whose runs are in one state, or that have none for one reason.
#[derive(QueryableByName)]
struct Alike {
    #[diesel(sql_type = Text)]
    batch_id: BatchId,
    #[diesel(sql_type = Text)]
    note: String,
    #[diesel(sql_type = Nullable<Text>)]
    state: Option<RunState>,
    #[diesel(sql_type = BigInt)]
    companies: i64,
}

fn alike(of: &str) -> SqlQuery {
    sql_query(format!(
        "select batch_id, note, sync_runs.state as state, count(*) as companies \
         from sync_batch_runs left join sync_runs on sync_runs.id = sync_batch_runs.run_id \
         where {of} group by batch_id, note, sync_runs.state"
    ))
}

fn tallies(found: Vec<Alike>) -> HashMap<BatchId, Tally> {
    let mut tallies: HashMap<BatchId, Tally> = HashMap::new();
    for alike in found {
        let tally = tallies.entry(alike.batch_id).or_default();
        tally.add(alike.state, &alike.note, alike.companies);
    }
    tallies
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
