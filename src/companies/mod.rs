//! Companies, and the version of their data that everybody is served.

pub mod store;
pub mod totals;

use diesel::prelude::*;
use serde::Serialize;

use crate::ids::{CompanyId, RunId};
use crate::schema::{companies, company_state};
use crate::words::per_hundred;

/// A company as the last look at Moodle found it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = companies)]
pub struct Company {
    /// IOMAD's id.
    pub id: CompanyId,
    /// Hostile text.
    pub name: String,
    /// IOMAD's short name, hostile text.
    pub shortname: String,
    /// Whether IOMAD has it suspended.
    pub suspended: bool,
    /// How long its cached responses live.
    pub cache_minutes: i32,
    /// Whether the last look at Moodle did not find it any more. Its rows and its history stay.
    pub gone: bool,
}

impl Company {
    /// Whether a sync of it can succeed and is worth somebody's care: Moodle has it, and not as suspended.
    pub fn is_in_use(&self) -> bool {
        !self.gone && !self.suspended
    }
}

/// What a company's clients are served now.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = company_state, treat_none_as_null = true)]
pub struct State {
    /// Whose state.
    pub company_id: CompanyId,
    /// The data version: counts this company's row changes, from 0.
    pub seq: i64,
    /// 32 hex digits, new with every commit that changes what a reply could show.
    pub stamp: String,
    /// When Moodle was as the rows say, in UTC seconds; `None` before the first sync.
    pub synced_at: Option<i64>,
    /// The moment that the rows which changed last carry, in UTC seconds; 0 before the first change. It only grows.
    pub changed_at: i64,
    /// The run that confirmed the rows last.
    pub run_id: Option<RunId>,
    /// The numbers of this version.
    #[diesel(embed)]
    pub totals: Totals,
}

impl State {
    /// The moment that rows carry which change at `now` (UTC seconds), once the state is locked.
    ///
    /// Later than that of every change before, and than any moment at which Moodle was read for them, though a clock was set
    /// back or another server's is ahead: what changes after a client was shown this state bears a later moment than it.
    pub fn next_change(&self, now: i64) -> i64 {
        let before = self.changed_at.max(self.synced_at.unwrap_or(0));
        now.max(before.saturating_add(1))
    }
}

/// A company's numbers at one version. Only active rows count.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Queryable,
    Selectable,
    Insertable,
    AsChangeset,
    Serialize,
)]
#[diesel(table_name = company_state)]
pub struct Totals {
    /// People with at least one row.
    pub learners: i64,
    /// Courses with at least one row.
    pub courses: i64,
    /// Rows: a person in a course.
    pub enrolments: i64,
    /// Rows that Moodle has as completed.
    pub completed: i64,
    /// Rows that are begun and not completed.
    pub in_progress: i64,
}

impl Totals {
    /// Rows that nobody has begun.
    pub fn not_started(&self) -> i64 {
        self.enrolments - self.completed - self.in_progress
    }

    /// Completed rows per hundred, or `None` without rows.
    pub fn completion_rate(&self) -> Option<f64> {
        per_hundred(self.completed, self.enrolments)
    }
}
