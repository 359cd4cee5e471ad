//! When a course was completed: how many learners did so in each month.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, CourseId};
use crate::moodle::RowState;

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

/// The months from the first completion of a course to its last, those without any as well, oldest first. Active rows only.
pub fn completions(
    conn: &mut Conn,
    company: CompanyId,
    course: CourseId,
    zone: Tz,
) -> Result<Vec<Month>> {
    let counted = sql_query(format!(
        "select timecompleted / 900 as quarter, count(*) as completed from progress \
         where company_id = {company} and course_id = {course} and state = '{}' and timecompleted is not null \
         group by timecompleted / 900",
        RowState::Active
    ));
    let quarters: Vec<Quarter> = counted.load(conn)?;
    let mut found: BTreeMap<i32, i64> = BTreeMap::new();
    for Quarter { quarter, completed } in quarters {
        if let Some(at) = DateTime::<Utc>::from_timestamp(quarter * 900, 0) {
            let here = at.with_timezone(&zone);
            *found.entry(number(here.year(), here.month())).or_default() += completed;
        }
    }
    Ok(whole(&found))
}

/// Months counted from the year 0.
fn number(year: i32, month: u32) -> i32 {
    year * 12 + month as i32 - 1
}

fn whole(found: &BTreeMap<i32, i64>) -> Vec<Month> {
    let (Some((first, _)), Some((last, _))) = (found.first_key_value(), found.last_key_value())
    else {
        return Vec::new();
    };
    let month = |number: i32| Month {
        year: number.div_euclid(12),
        month: number.rem_euclid(12) as u32 + 1,
        completed: found.get(&number).copied().unwrap_or(0),
    };
    (*first..=*last).map(month).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_without_a_completion_are_there_with_zero() {
        let found = BTreeMap::from([(number(2025, 11), 3), (number(2026, 1), 1)]);

        let months: Vec<_> = whole(&found)
            .iter()
            .map(|month| (month.year, month.month, month.completed))
            .collect();

        assert_eq!(months, [(2025, 11, 3), (2025, 12, 0), (2026, 1, 1)]);
        assert_eq!(whole(&BTreeMap::new()), []);
    }
}
