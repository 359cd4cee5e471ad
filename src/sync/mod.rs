//! Syncs: what we do. One run brings one company's rows up to date and publishes them.

pub mod affected;
mod asked;
pub mod batch;
pub mod calendar;
mod cancel;
pub mod changes;
mod claim;
mod collect;
pub mod coverage;
mod drive;
pub mod erase;
pub mod erasures;
pub mod guard;
pub mod health;
pub mod history;
mod lease;
pub mod log;
mod outcome;
pub mod plan;
mod plan_lines;
pub mod preview;
mod publish;
mod queue;
mod read;
pub mod reasons;
pub mod request;
pub mod retention;
mod room;
pub mod row_history;
mod run;
pub mod schedule;
mod seek;
pub mod settings;
pub mod spans;
mod spool;
pub mod stored;
mod stream;
pub mod tally;
pub mod traces;
pub mod undo;
mod words;

pub use cancel::{cancel, cancel_with_batch};
pub use drive::{learn_companies, learn_company, start, wait, wake};
pub use request::{How, Request, Requested};
pub use words::{Mode, RunState, Trigger};

use std::sync::atomic::Ordering::Relaxed;

use diesel::prelude::*;
use serde::Serialize;

use crate::app::Meter;
use crate::ids::{CompanyId, RunId};
use crate::schema::sync_runs;

/// One sync of one company, from the request to its end. Times are UTC, in milliseconds or, in `snapshot_at`, seconds.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = sync_runs)]
pub struct Run {
    /// Made of the company and the idempotency key.
    pub id: RunId,
    /// Whose rows.
    pub company_id: CompanyId,
    /// How much it reads.
    pub mode: Mode,
    /// How far `changes` looks back, 1 to 168; `None` for `full`.
    pub hours_back: Option<i32>,
    /// Who asked.
    pub trigger: Trigger,
    /// The asker by name: an admin's e-mail, a token's prefix.
    pub requested_by: String,
    /// Where it stands.
    pub state: RunState,
    /// When it was asked for.
    pub requested_at_ms: i64,
    /// When it began to read.
    pub started_at_ms: Option<i64>,
    /// When it ended.
    pub finished_at_ms: Option<i64>,
    /// `None` until it has ended.
    #[diesel(embed)]
    pub counts: Counts,
    /// JSON list of sentences.
    pub errors: String,
    /// What exactly failed, for admins: it may name machines and database users.
    pub error_detail: Option<String>,
    /// Moodle's clock when its snapshot was taken.
    pub snapshot_at: Option<i64>,
    /// Whether it only plans: then its counts say what it would do, and nothing is written.
    pub dry_run: bool,
    /// How urgent it is: see [`RANK_ASKED`] and its neighbours.
    pub rank: i32,
    /// The run whose removals an admin confirmed.
    pub confirms: Option<RunId>,
    /// The run that this one takes back.
    pub undoes: Option<RunId>,
    /// The settings that a dry run tries out, as JSON; `None` for those that are saved.
    pub shape: Option<String>,
    /// From when on `changes` looked for facts that moved.
    pub read_since: Option<i64>,
    /// How far it is.
    #[diesel(embed)]
    pub progress: Progress,
    /// Who cancelled it.
    pub cancelled_by: Option<String>,
    /// Who confirmed or rejected it.
    pub decided_by: Option<String>,
    /// When its lines of the change log, or of its plan, were let go; its counts stay.
    pub compacted_at: Option<i64>,
}

/// Somebody waits for the run.
pub const RANK_ASKED: i32 = 0;
/// The clock or a batch asked for it.
pub const RANK_BACKGROUND: i32 = 1;
/// Its batch has used up its time: everything else goes first.
pub const RANK_LATE: i32 = 2;

/// How far a run is, in real counts.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Queryable,
    Selectable,
    AsChangeset,
    Serialize,
    utoipa::ToSchema,
)]
#[diesel(table_name = sync_runs)]
pub struct Progress {
    /// People whose rows are read.
    pub people_read: i64,
    /// People to read; null until that is known.
    pub people_total: Option<i64>,
    /// Rows that Moodle gave.
    pub rows_read: i64,
    /// Changes found.
    pub rows_planned: i64,
    /// Changes written, which count only with the commit.
    pub rows_written: i64,
}

impl Progress {
    /// What a meter says now.
    pub fn of(meter: &Meter) -> Self {
        let total = meter.people_total.load(Relaxed);
        Self {
            people_read: meter.people_read.load(Relaxed),
            people_total: (total > 0).then_some(total),
            rows_read: meter.rows_read.load(Relaxed),
            rows_planned: meter.rows_planned.load(Relaxed),
            rows_written: meter.rows_written.load(Relaxed),
        }
    }
}

/// What a run did, or of a dry run what it would do, as stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = sync_runs)]
pub struct Counts {
    /// Rows that clients see now and did not before.
    pub records_created: Option<i64>,
    /// Rows that say something else now.
    pub records_updated: Option<i64>,
    /// Rows that clients do not see any more.
    pub records_deleted: Option<i64>,
    /// Rows that were right already.
    pub records_unchanged: Option<i64>,
    /// Entries that the purge dropped; `None` while they are not counted.
    pub cache_cleared: Option<i64>,
    /// The company's version when the run began.
    pub version_before: Option<i64>,
    /// The version it published; the same when nothing changed.
    pub version_after: Option<i64>,
}

/// What a run did, as every page and reply shows it (the wire contract, section 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Statistics {
    /// Whether it came to its end: its rows are published, or a dry run has its plan.
    pub success: bool,
    /// Created, updated and deleted together.
    pub total_processed: i64,
    /// Rows that are new.
    pub records_created: i64,
    /// Rows that say something else.
    pub records_updated: i64,
    /// Rows that ended.
    pub records_deleted: i64,
    /// Rows that were looked at and stay as they were.
    pub records_unchanged: i64,
    /// Entries of the company's cache group that the purge dropped; null when the process ended between the commit and the count.
    pub cache_cleared: Option<i64>,
    /// From start to end, rounded to whole seconds.
    pub duration_seconds: i64,
    /// Sentences, empty on success.
    pub errors: Vec<String>,
    /// The company's version when the run began.
    pub version_before: Option<i64>,
    /// The version it published; the same when nothing changed.
    pub version_after: Option<i64>,
    /// When Moodle was as it read it, RFC 3339.
    pub snapshot_at: Option<String>,
}

impl Run {
    /// Whether its rows are published.
    pub fn published(&self) -> bool {
        matches!(self.state, RunState::Succeeded | RunState::Partial) && !self.dry_run
    }

    /// Whether its changes are a plan that was not carried out.
    pub fn has_plan(&self) -> bool {
        let decided = [
            RunState::NeedsConfirmation,
            RunState::Confirmed,
            RunState::Rejected,
        ];
        let previewed = matches!(self.state, RunState::Succeeded | RunState::Partial);
        decided.contains(&self.state) || (self.dry_run && previewed)
    }

    /// Whether nothing more will happen to it.
    pub fn ended(&self) -> bool {
        !matches!(self.state, RunState::Queued | RunState::Running)
    }

    /// What it did, or `None` until it has ended.
    pub fn statistics(&self) -> Option<Statistics> {
        let counts = self.counts;
        let [created, updated, deleted] = [
            counts.records_created,
            counts.records_updated,
            counts.records_deleted,
        ]
        .map(|count| count.unwrap_or(0));
        self.ended().then(|| Statistics {
            success: matches!(self.state, RunState::Succeeded | RunState::Partial),
            total_processed: created + updated + deleted,
            records_created: created,
            records_updated: updated,
            records_deleted: deleted,
            records_unchanged: counts.records_unchanged.unwrap_or(0),
            cache_cleared: counts.cache_cleared,
            duration_seconds: (self.duration_ms().unwrap_or(0) + 500) / 1000,
            errors: self.errors(),
            version_before: counts.version_before,
            version_after: counts.version_after,
            snapshot_at: self.snapshot_at.and_then(crate::time::rfc3339),
        })
    }

    /// From start to end, or `None` while it lasts.
    pub fn duration_ms(&self) -> Option<i64> {
        Some(self.finished_at_ms? - self.started_at_ms.unwrap_or(self.requested_at_ms))
    }

    /// What went wrong, sentence by sentence.
    pub fn errors(&self) -> Vec<String> {
        serde_json::from_str(&self.errors).unwrap_or_else(|_| vec![self.errors.clone()])
    }
}
