//! The calendar strip: the last twelve weeks, a column each, and of each day the worst that came of its syncs.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};
use chrono_tz::Tz;

use super::history_view::View;
use super::labels::Label as _;
use crate::sync::RunState;
use crate::sync::calendar::Day;

/// Weeks that are shown.
const WEEKS: u64 = 12;
const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// The strip.
pub struct Calendar {
    /// The first day of each week.
    pub weeks: Vec<NaiveDate>,
    /// One line per day of the week, with a cell per week; days to come have none.
    pub lines: Vec<(&'static str, Vec<Option<Cell>>)>,
}

/// A day.
pub struct Cell {
    /// The day.
    pub date: NaiveDate,
    /// Runs.
    pub runs: i64,
    /// The name of the worst state; empty without runs.
    pub word: &'static str,
    /// A letter that stands for it.
    pub letter: &'static str,
    /// How it looks: `good`, `warn`, `bad` or nothing.
    pub tone: &'static str,
    /// The runs of that day.
    pub address: String,
}

/// The first and the last day that the strip shows, in the reader's zone.
pub fn extent(now: i64, zone: Tz) -> (NaiveDate, NaiveDate) {
    let moment = DateTime::<Utc>::from_timestamp(now, 0).unwrap_or_default();
    let today = moment.with_timezone(&zone).date_naive();
    let monday = u64::from(today.weekday().num_days_from_monday());
    let back = Days::new(monday + 7 * (WEEKS - 1));
    (today.checked_sub_days(back).unwrap_or(today), today)
}

/// The strip of these days, which begin with a Monday.
pub fn strip(days: &[Day], view: &View) -> Calendar {
    let cell = |day: &Day| cell(day, view);
    let line = |(place, name)| {
        let weeks = days.chunks(7);
        let cells = weeks
            .map(|week: &[Day]| week.get(place).map(cell))
            .collect();
        (name, cells)
    };
    Calendar {
        weeks: days.chunks(7).map(|week| week[0].date).collect(),
        lines: WEEKDAYS.into_iter().enumerate().map(line).collect(),
    }
}

fn cell(day: &Day, view: &View) -> Cell {
    let date = day.date.to_string();
    let (tone, letter) = day.worst.map_or(("", ""), look);
    Cell {
        date: day.date,
        runs: day.runs,
        word: day.worst.map_or("", |worst| worst.label()),
        letter,
        tone,
        address: view.with(&[("from", &date), ("to", &date), ("dry_run", "no")]),
    }
}

fn look(state: RunState) -> (&'static str, &'static str) {
    match state {
        RunState::Succeeded | RunState::Confirmed => ("good", "✓"),
        RunState::Queued | RunState::Running => ("", "…"),
        RunState::Cancelled | RunState::Rejected => ("", "–"),
        RunState::Partial => ("warn", "P"),
        RunState::NeedsConfirmation => ("warn", "?"),
        RunState::Abandoned => ("bad", "A"),
        RunState::Failed => ("bad", "F"),
    }
}
