//! When a course was completed: how many learners did so in each month.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use chrono_tz::Tz;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, CourseId};
use crate::moodle::RowState;
use crate::time::day;

/// How many learners completed a course in one month of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// The year.
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    /// How many.
    pub completed: i64,
}

/// Completions in a quarter of an hour; no zone's months begin within one.
#[derive(QueryableByName)]
struct Quarter {
    #[diesel(sql_type = BigInt)]
    quarter: i64,
    #[diesel(sql_type = BigInt)]
    completed: i64,
}

/// The months from the first completion of a course to the present one (`now`, UTC seconds), those without any as well, oldest
/// first, and how many completions lie after it, as Moodle has them. Active rows only.
pub fn completions(
    conn: &mut Conn,
    company: CompanyId,
    course: CourseId,
    now: i64,
    zone: Tz,
) -> Result<(Vec<Month>, i64)> {
    let counted = sql_query(format!(
        "select timecompleted / 900 as quarter, count(*) as completed from progress \
         where company_id = {company} and course_id = {course} and state = '{}' and timecompleted is not null \
         group by timecompleted / 900",
        RowState::Active
    ));
    let quarters: Vec<Quarter> = counted.load(conn)?;
    let mut found: BTreeMap<i32, i64> = BTreeMap::new();
    for Quarter { quarter, completed } in quarters {
        let month = day::of(quarter * 900, zone).map_or(i32::MAX, number);
        *found.entry(month).or_default() += completed;
    }
    let present = day::of(now, zone).map_or(i32::MAX, number);
    let later = found.split_off(&present.saturating_add(1));
    Ok((until(&found, present), later.values().sum()))
}

/// The month of a day, counted from the year 0.
fn number(day: NaiveDate) -> i32 {
    day.year() * 12 + day.month0() as i32
}

fn until(found: &BTreeMap<i32, i64>, present: i32) -> Vec<Month> {
    let Some((first, _)) = found.first_key_value() else {
        return Vec::new();
    };
    let month = |number: i32| Month {
        year: number.div_euclid(12),
        month: number.rem_euclid(12) as u32 + 1,
        completed: found.get(&number).copied().unwrap_or(0),
    };
    (*first..=present).map(month).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_without_a_completion_are_there_with_zero() {
        let month = |day: &str| number(day.parse().expect("a day"));
        let found = BTreeMap::from([(month("2025-11-30"), 3), (month("2026-01-01"), 1)]);

        let months: Vec<_> = until(&found, month("2026-02-28"))
            .iter()
            .map(|month| (month.year, month.month, month.completed))
            .collect();

        assert_eq!(
            months,
            [(2025, 11, 3), (2025, 12, 0), (2026, 1, 1), (2026, 2, 0)]
        );
        assert_eq!(until(&BTreeMap::new(), 0), []);
    }
}
