//! Batches: one sync of every company, asked for at once.

mod budget;
mod decide;
mod report;
mod start;
mod tally;

pub use budget::demote_late;
pub use decide::{cancel, run_for_real};
pub use report::{Line, count, counts_since, find, get, lines, page};
pub use start::{BatchRequest, check, companies_in_moodle, start};
pub use tally::{BatchState, Tally, Totals, tally, totals};

use diesel::prelude::*;

use super::{Mode, Trigger};
use crate::ids::BatchId;
use crate::schema::sync_batches;

/// What a batch's line says of a company that Moodle does not have any more.
pub const GONE: &str = "Moodle has no such company any more; its rows were left as they are";

/// A sync of all companies, as it was asked for. Times are UTC milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = sync_batches)]
pub struct Batch {
    /// Made of the idempotency key.
    pub id: BatchId,
    /// How much each run reads.
    pub mode: Mode,
    /// How far `changes` looks back; `None` means since the last sync.
    pub hours_back: Option<i32>,
    /// Whether to plan only.
    pub dry_run: bool,
    /// By which door it came.
    pub trigger: Trigger,
    /// The asker by name.
    pub requested_by: String,
    /// When it was asked for.
    pub requested_at_ms: i64,
    /// When its time is up: what waits then goes on behind everything else.
    pub until_ms: i64,
}
