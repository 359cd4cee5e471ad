//! The calendar of syncs: of each day how many there were, and the worst that came of them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::RunState;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::time::day;

/// What happened on one day, in the zone that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: NaiveDate,
    /// Runs that were asked for on it, previews left out.
    pub runs: i64,
    /// The gravest of their states; `None` without runs.
    pub worst: Option<RunState>,
}

/// Every zone begins its days at one of these, in milliseconds.
const QUARTER: i64 = 15 * 60 * 1000;

#[derive(QueryableByName)]
struct Some15Minutes {
    #[diesel(sql_type = BigInt)]
    quarter: i64,
    #[diesel(sql_type = Text)]
    state: RunState,
    #[diesel(sql_type = BigInt)]
    runs: i64,
}

/// Every day from one on to another, oldest first, days without runs too; of one company or of all.
///
/// A day is one of the zone: where its clocks are put back, it has 25 hours.
pub fn days(
    conn: &mut Conn,
    company: Option<CompanyId>,
    (first, last): (NaiveDate, NaiveDate),
    zone: Tz,
) -> Result<Vec<Day>> {
    let ask = "select requested_at_ms / 900000 as quarter, state, count(*) as runs from sync_runs \
               where requested_at_ms >= $1 and (company_id = $2 or $2 < 0) and not dry_run \
               group by requested_at_ms / 900000, state";
    let found: Vec<Some15Minutes> = diesel::sql_query(ask)
        .bind::<BigInt, _>(day::begin(first, zone) * 1000)
        .bind::<BigInt, _>(company.map_or(-1, |company| company.0))
        .load(conn)?;
    let mut of_day: BTreeMap<NaiveDate, Day> = BTreeMap::new();
    for some in found {
        let Some(moment) = DateTime::<Utc>::from_timestamp_millis(some.quarter * QUARTER) else {
            continue;
        };
        let date = moment.with_timezone(&zone).date_naive();
        let seen = of_day.entry(date).or_insert_with(|| empty(date));
        seen.runs += some.runs;
        let graver = seen
            .worst
            .is_none_or(|worst| gravity(some.state) > gravity(worst));
        if graver {
            seen.worst = Some(some.state);
        }
    }
    let every = first.iter_days().take_while(|date| *date <= last);
    Ok(every
        .map(|date| of_day.get(&date).copied().unwrap_or_else(|| empty(date)))
        .collect())
}

fn empty(date: NaiveDate) -> Day {
    Day {
        date,
        runs: 0,
        worst: None,
    }
}

/// How much somebody should look at a state.
fn gravity(state: RunState) -> u8 {
    match state {
        RunState::Succeeded | RunState::Confirmed => 0,
        RunState::Queued | RunState::Running => 1,
        RunState::Cancelled | RunState::Rejected => 2,
        RunState::Partial => 3,
        RunState::NeedsConfirmation => 4,
        RunState::Abandoned => 5,
        RunState::Failed => 6,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    #[test]
    fn days_begin_and_end_where_the_zone_says() {
        let zone: Tz = "Europe/Berlin".parse().expect("a zone");
        let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).expect("a day");
        let hours = |date| (day::end(date, zone) - day::begin(date, zone)) / 3600;

        assert_eq!(hours(day(3, 29)), 23, "clocks go forward");
        assert_eq!(hours(day(10, 25)), 25, "clocks go back");
        assert_eq!(hours(day(11, 22)), 24);
    }

    #[test]
    fn a_day_whose_midnight_is_left_out_begins_at_the_first_moment_there_is() {
        let zone: Tz = "America/Santiago".parse().expect("a zone");
        let date = NaiveDate::from_ymd_opt(2026, 9, 6).expect("a day");

        let begin = zone.timestamp_opt(day::begin(date, zone), 0).unwrap();

        assert_eq!(
            begin.format("%Y-%m-%d %H:%M").to_string(),
            "2026-09-06 01:00"
        );
    }
}
