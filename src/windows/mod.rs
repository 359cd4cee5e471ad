//! Windows: what a client of the old plugin pages through, frozen when it begins, so that no page can lose a row.
//!
//! The old contract has no acknowledgement. Per token a window is opened by a call with offset 0; its keys and its data
//! version are frozen, later offsets slice those keys and show current values. A window that was asked for to its end is
//! completed; the next one holds what changed since the one *before* the last completed one, so that a reply may get
//! lost. Whatever such a list cannot say makes the next window a full list instead.

mod keys;
mod names;
mod open;
mod page;
pub mod store;

pub use open::{Plan, plan};
pub use page::{Note, Page, page};

use crate::ids::{CompanyId, TokenId};
use names::Names;

crate::words! {
    /// What a window's list means.
    Kind {
        /// Every row: it takes the place of whatever the client has.
        Full = "full",
        /// Rows that are new or changed: each takes the place of the same row.
        Incremental = "incremental",
    }
}

/// What a client finds a person's row by again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKey {
    /// The course's id, which the rows show.
    CourseId,
    /// The course's name, because its id does not show.
    CourseName,
    /// Nothing that shows: every list has to be full.
    Nothing,
}

/// Whose windows, and what decides what the next one is.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The client.
    pub token: TokenId,
    /// Its company.
    pub company: CompanyId,
    /// Everything about the rows' looks, in one spelling: with another look every row is another one.
    pub view: String,
    /// What the rows show for a client to find the same row again.
    pub key: RowKey,
    /// Seconds after which a full list is due again.
    pub full_after: i64,
    /// UTC seconds.
    pub now: i64,
}

/// One window.
#[derive(Debug, Clone)]
pub struct Window {
    /// Counts a token's windows.
    pub number: i64,
    /// What its list means.
    pub kind: Kind,
    /// The window that an incremental list builds on; 0 for a full list.
    base: i64,
    /// The data version when it was opened.
    pub seq: i64,
    /// The name of that version; `None` where it has none yet.
    version: Option<String>,
    view: String,
    names: Names,
    /// How many keys it holds.
    pub rows: i64,
    /// How many of them were asked for without a gap.
    answered: i64,
    full_at: i64,
    /// Whether it was asked for to its end.
    pub completed: bool,
    /// Whether nothing may build on it, because the company's settings changed.
    void: bool,
}
