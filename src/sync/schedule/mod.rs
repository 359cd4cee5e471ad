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
use crate::companies::Company;
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::language::Said;
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
    /// When; [`Rhythm::Off`] where there is a `problem`.
    pub rhythm: Rhythm,
    /// Why the rhythm that the store has cannot be followed, such as a time zone that this version does not know.
    pub problem: Option<String>,
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

    /// When the clock will ask for the next run; `None` while it will not follow the schedule, or not for this company.
    pub fn due_of(&self, company: &Company) -> Option<i64> {
        let is_followed = self.is_active() && company.is_in_use();
        self.next_run_at.filter(|_| is_followed)
    }
}

/// A schedule as the store has it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sync_schedules)]
pub(super) struct Row {
    company_id: CompanyId,
    rhythm: String,
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

impl Row {
    fn unknown(&self) -> Said {
        Said::new("there is no rhythm “{rhythm}”").with("rhythm", &self.rhythm)
    }

    /// The rhythm, or why it cannot be followed: another version of this program may have written it.
    fn rhythm(&self) -> Result<Rhythm> {
        let kind: RhythmKind = self
            .rhythm
            .parse()
            .map_err(|_| Error::Invalid(self.unknown()))?;
        Rhythm::of(kind, self.every_minutes, self.at_minute, &self.zone)
    }
}

impl From<Row> for Schedule {
    fn from(row: Row) -> Self {
        let (rhythm, problem) = match row.rhythm() {
            Ok(rhythm) => (rhythm, None),
            Err(error) => (Rhythm::Off, Some(error.in_public())),
        };
        let by = row.paused_by.unwrap_or_default();
        Self {
            company: row.company_id,
            rhythm,
            problem,
            mode: row.mode,
            paused: row.paused_at.map(|at| (at, by)),
            next_run_at: row.next_run_at,
            attempts: row.attempts,
            changed_at: row.changed_at,
            changed_by: row.changed_by,
        }
    }
}
