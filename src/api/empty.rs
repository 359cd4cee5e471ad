//! Why an answer has no rows, true to what the store knows.

use super::delta::Delta;
use crate::companies::State;
use crate::db::Conn;
use crate::error::Result;
use crate::odata::Set;
use crate::progress::feed::{self, Filter};
use crate::settings;
use crate::sync::{Run, history};

/// Every reason with its meaning, as the description of the API has it.
pub const REASONS: [(&str, &str); 6] = [
    ("never-synced", "no sync has read this company yet"),
    (
        "no-enrolments",
        "a sync has, and Moodle has nobody whose row counts by the settings",
    ),
    (
        "all-courses-off",
        "every course that the company ever had rows in is switched off",
    ),
    (
        "filtered-out",
        "there are some, but none that the question asks for",
    ),
    (
        "nothing-changed",
        "nothing changed since the asked moment or cursor, or by this sync",
    ),
    ("not-ended", "the sync waits or works"),
];

/// Why a list of rows is empty.
pub fn of_list(conn: &mut Conn, state: &State, filter: &Filter) -> Result<&'static str> {
    let company = state.company_id;
    let whole = Filter {
        states: filter.states.clone(),
        ..Filter::default()
    };
    let has_rows = state.totals.enrolments > 0 || feed::has_any(conn, company, &whole)?;
    if !has_rows {
        return of_company(conn, state);
    }
    let whenever = Filter {
        changed_since: None,
        ..filter.clone()
    };
    if filter.changed_since.is_some() && feed::has_any(conn, company, &whenever)? {
        return Ok("nothing-changed");
    }
    Ok("filtered-out")
}

/// Why a company has no rows.
pub fn of_company(conn: &mut Conn, state: &State) -> Result<&'static str> {
    if state.synced_at.is_none() {
        return Ok("never-synced");
    }
    let off = settings::store::shape(conn, state.company_id)?.courses_off;
    let known = feed::known_courses(conn, state.company_id)?;
    let all_off = !known.is_empty() && known.iter().all(|course| off.contains(course));
    Ok(if all_off {
        "all-courses-off"
    } else {
        "no-enrolments"
    })
}

/// Why a page of a set of OData is empty.
pub fn of_set(conn: &mut Conn, state: &State, set: Set) -> Result<&'static str> {
    match set {
        Set::SyncRuns => of_runs(conn, state),
        _ if state.totals.enrolments > 0 => Ok("filtered-out"),
        _ => of_company(conn, state),
    }
}

/// Why a list of runs is empty.
pub fn of_runs(conn: &mut Conn, state: &State) -> Result<&'static str> {
    let of_company = history::Filter {
        company: Some(state.company_id),
        ..history::Filter::default()
    };
    let runs = history::page(conn, of_company, None, 1)?;
    Ok(match runs.is_empty() {
        true => "never-synced",
        false => "filtered-out",
    })
}

/// Why a run has no changes.
pub fn of_run(run: &Run) -> &'static str {
    match run.ended() {
        true => "nothing-changed",
        false => "not-ended",
    }
}

/// Why there are no changes after a place.
pub fn of_changes(state: &State, after: &Delta) -> &'static str {
    if state.synced_at.is_none() && after.position == 0 {
        "never-synced"
    } else {
        "nothing-changed"
    }
}
