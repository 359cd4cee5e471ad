//! Schedules: when a company is synced without anybody asking.

pub mod checks;
pub mod forecast;
mod retry;
mod rhythm;
pub mod store;
mod tick;

pub use retry::{End, after_run};
pub use rhythm::{EVERY_MINUTES, Rhythm, RhythmKind, clock, zone_names};
pub use tick::tick;

use diesel::prelude::*;

use super::Mode;
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::schema::sync_schedules;

/// The name under which the clock asks for runs.
pub const REQUESTED_BY: &str = "schedule";

/// What is set for a company: when, and how much each run reads (`changes` or `full`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// When.
    pub rhythm: Rhythm,
    /// How much.
    pub mode: Mode,
}

/// One company's schedule. Times are UTC seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Whose rows.
    pub company: CompanyId,
    /// When.
    pub rhythm: Rhythm,
    /// `changes` or `full`.
    pub mode: Mode,
    /// Since when it rests, and who said so.
    pub paused: Option<(i64, String)>,
    /// When the clock will ask for the next run; `None` while it does nothing.
    pub next_run_at: Option<i64>,
    /// Runs in a row that failed since the last one that succeeded.
    pub attempts: i32,
    /// When it was set.
    pub changed_at: i64,
    /// By whom.
    pub changed_by: String,
}

impl Schedule {
    /// Whether the clock does anything for it.
    pub fn is_active(&self) -> bool {
        self.rhythm != Rhythm::Off && self.paused.is_none()
    }
}

/// A schedule as the store has it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sync_schedules)]
pub(super) struct Row {
    company_id: CompanyId,
    rhythm: RhythmKind,
    every_minutes: i32,
    at_minute: i32,
    zone: String,
    mode: Mode,
    paused_at: Option<i64>,
    paused_by: Option<String>,
    next_run_at: Option<i64>,
    attempts: i32,
    changed_at: i64,
    changed_by: String,
}

impl TryFrom<Row> for Schedule {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let by = row.paused_by.unwrap_or_default();
        Ok(Self {
            company: row.company_id,
            rhythm: Rhythm::of(row.rhythm, row.every_minutes, row.at_minute, &row.zone)?,
            mode: row.mode,
            paused: row.paused_at.map(|at| (at, by)),
            next_run_at: row.next_run_at,
            attempts: row.attempts,
            changed_at: row.changed_at,
            changed_by: row.changed_by,
        })
    }
}
