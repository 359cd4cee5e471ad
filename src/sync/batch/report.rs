//! How a batch stands: its lines, and the one count that its state is computed from.

use diesel::prelude::*;

use super::{Batch, GONE};
use crate::db::Conn;
use crate::error::{OrNotFound, Result};
use crate::ids::{BatchId, CompanyId};
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
    /// Counts one company, by its run's state or the reason why it has none.
    pub fn add(&mut self, run: Option<RunState>, note: &str) {
        self.companies += 1;
        let place = match run {
            Some(RunState::Queued) => &mut self.waiting,
            Some(RunState::Running) => &mut self.running,
            Some(RunState::Succeeded) => &mut self.succeeded,
            Some(RunState::Partial) => &mut self.partial,
            Some(_) => &mut self.failed,
            None if note == GONE => &mut self.gone,
            None => &mut self.left_out,
        };
        *place += 1;
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

/// What a batch's ended runs did together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows that are new.
    pub created: i64,
    /// Rows that say something else.
    pub updated: i64,
    /// Rows that are gone.
    pub deleted: i64,
    /// Rows that were right already.
    pub unchanged: i64,
    /// Cached responses purged, as far as they are counted.
    pub cache_cleared: i64,
}

impl Totals {
    /// The sums over some lines, as far as their runs did, or of previews would do, what they say.
    pub fn of(lines: &[Line]) -> Self {
        let done = lines
            .iter()
            .filter_map(|line| line.run.as_ref()?.statistics())
            .filter(|done| done.success);
        done.fold(Self::default(), |sum, one| Self {
            created: sum.created + one.records_created,
            updated: sum.updated + one.records_updated,
            deleted: sum.deleted + one.records_deleted,
            unchanged: sum.unchanged + one.records_unchanged,
            cache_cleared: sum.cache_cleared + one.cache_cleared.unwrap_or(0),
        })
    }
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

/// Every company of a batch, by name.
pub fn lines(conn: &mut Conn, id: &BatchId) -> Result<Vec<Line>> {
    let own = sync_batch_runs::run_id.eq(sync_runs::id.nullable());
    let found: Vec<(CompanyId, String, String, Option<Run>)> = sync_batch_runs::table
        .inner_join(companies::table.on(companies::id.eq(sync_batch_runs::company_id)))
        .left_join(sync_runs::table.on(own))
        .filter(sync_batch_runs::batch_id.eq(id))
        .order((companies::name, companies::id))
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

/// How many companies of a batch stand where.
pub fn tally(conn: &mut Conn, id: &BatchId) -> Result<Tally> {
    let mut tally = Tally::default();
    for (_, note, state) in states(conn, &[id])? {
        tally.add(state, &note);
    }
    Ok(tally)
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
    let ids: Vec<&BatchId> = batches.iter().map(|batch| &batch.id).collect();
    let states = states(conn, &ids)?;
    let tally = |batch: Batch| {
        let mut tally = Tally::default();
        let own = states.iter().filter(|(id, ..)| *id == batch.id);
        own.for_each(|(_, note, state)| tally.add(*state, note));
        (batch, tally)
    };
    Ok(batches.into_iter().map(tally).collect())
}

/// Every company of some batches: of which one, why it got no run, and where its run stands.
fn states(conn: &mut Conn, ids: &[&BatchId]) -> Result<Vec<(BatchId, String, Option<RunState>)>> {
    let own = sync_batch_runs::run_id.eq(sync_runs::id.nullable());
    let found = sync_batch_runs::table
        .left_join(sync_runs::table.on(own))
        .filter(sync_batch_runs::batch_id.eq_any(ids.to_vec()))
        .select((
            sync_batch_runs::batch_id,
            sync_batch_runs::note,
            sync_runs::state.nullable(),
        ))
        .load(conn)?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(runs: &[Option<RunState>]) -> BatchState {
        let mut tally = Tally::default();
        runs.iter()
            .for_each(|run| tally.add(*run, "another kind waits"));
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
        tally.add(Some(RunState::Succeeded), "");
        tally.add(None, GONE);

        assert_eq!((tally.state(), tally.gone), (BatchState::Succeeded, 1));
    }
}
