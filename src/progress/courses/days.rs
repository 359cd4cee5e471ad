//! How long the learners of a course took.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use super::{COURSE, Which};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, CourseId};

/// Whole days from a learner's enrolment to their completion; from their start where Moodle knows no enrolment.
///
/// Completions before that moment, which a second enrolment leaves behind, are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// Half of them took at most so long.
    pub median: i64,
    /// Nine in ten of them took at most so long.
    pub p90: i64,
    /// How many learners these are.
    pub learners: i64,
}

/// So many learners took so many days for a course.
#[derive(QueryableByName)]
struct Duration {
    #[diesel(sql_type = BigInt)]
    course_id: CourseId,
    #[diesel(sql_type = BigInt)]
    days: i64,
    #[diesel(sql_type = BigInt)]
    learners: i64,
}

/// Of every course that somebody has completed with a known beginning.
pub(super) fn by_course(
    conn: &mut Conn,
    company: CompanyId,
    which: Which,
) -> Result<BTreeMap<CourseId, Days>> {
    let mut took: BTreeMap<CourseId, Vec<(i64, i64)>> = BTreeMap::new();
    for group in durations(conn, company, which)? {
        let course = took.entry(group.course_id).or_default();
        course.push((group.days, group.learners));
    }
    let known = took
        .into_iter()
        .filter_map(|(course, groups)| Some((course, days(&groups)?)));
    Ok(known.collect())
}

/// How long learners took, shortest first.
fn durations(conn: &mut Conn, company: CompanyId, which: Which) -> Result<Vec<Duration>> {
    let days = "(timecompleted - coalesce(enrolled_at, timestarted)) / 86400";
    let counted = sql_query(format!(
        "select {COURSE} as course_id, {days} as days, count(*) as learners from progress where {} \
         and timecompleted >= coalesce(enrolled_at, timestarted) group by {COURSE}, {days} order by 1, 2",
        which.active(company)
    ));
    Ok(counted.load(conn)?)
}

fn days(groups: &[(i64, i64)]) -> Option<Days> {
    let learners = groups.iter().map(|(_, count)| count).sum();
    Some(Days {
        median: nearest_rank(groups, learners, 50)?,
        p90: nearest_rank(groups, learners, 90)?,
        learners,
    })
}

/// The smallest value that so many per hundred do not exceed; values come in their order, each with its count.
fn nearest_rank(groups: &[(i64, i64)], all: i64, per_hundred: i64) -> Option<i64> {
    let rank = (all * per_hundred + 99) / 100;
    let mut passed = 0;
    let found = groups.iter().find(|(_, count)| {
        passed += count;
        passed >= rank
    });
    found.map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_ninetieth_are_values_that_somebody_had() {
        let one = days(&[(3, 1)]).expect("one");
        let ten = days(&[(0, 4), (1, 1), (2, 4), (90, 1)]).expect("ten");

        assert_eq!((one.median, one.p90, one.learners), (3, 3, 1));
        assert_eq!((ten.median, ten.p90, ten.learners), (1, 2, 10));
        assert_eq!(days(&[]), None);
    }
}
