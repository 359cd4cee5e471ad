//! Days as date fields send and want them, and the moments they begin at.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::time::day;

/// When a day begins in UTC, whoever reads it, in UTC seconds; `None` for what is no day, or none from 1970 to 2199.
pub fn midnight(day: &str) -> Option<i64> {
    let day: NaiveDate = day.trim().parse().ok()?;
    (1970..2200)
        .contains(&day.year())
        .then(|| day::begin(day, Tz::UTC))
}

/// The day of a moment as date fields want it.
pub fn day_text(moment: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp(moment, 0);
    time.map_or(String::new(), |time| time.format("%Y-%m-%d").to_string())
}
