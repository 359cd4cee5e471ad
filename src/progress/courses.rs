//! The numbers of a company's courses, each counted in one place. Only active rows count.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Nullable, Text};

use super::{Band, Status};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, CourseId};
use crate::moodle::RowState;

/// One course of a company.
#[derive(Debug, Clone, PartialEq)]
pub struct CourseNumbers {
    /// Which.
    pub course: CourseId,
    /// Its full name, hostile text.
    pub name: String,
    /// Rows that Moodle has as completed.
    pub completed: i64,
    /// Rows that are begun and not completed.
    pub in_progress: i64,
    /// Rows that nobody has begun.
    pub not_started: i64,
    /// Rows in each band, in the order of [`Band::ALL`].
    pub bands: [i64; Band::ALL.len()],
    /// How long learners took; `None` where nobody has completed it with a known beginning.
    pub days: Option<Days>,
    percentages: f64,
}

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

impl CourseNumbers {
    fn empty(course: CourseId) -> Self {
        Self {
            course,
            name: String::new(),
            completed: 0,
            in_progress: 0,
            not_started: 0,
            bands: [0; Band::ALL.len()],
            days: None,
            percentages: 0.0,
        }
    }

    /// Rows: learners in this course.
    pub fn enrolments(&self) -> i64 {
        self.completed + self.in_progress + self.not_started
    }

    /// Completed rows per hundred, or `None` without rows.
    pub fn completion_rate(&self) -> Option<f64> {
        let all = self.enrolments();
        (all > 0).then(|| 100.0 * self.completed as f64 / all as f64)
    }

    /// Rows of which Moodle tracks a percentage.
    pub fn tracked(&self) -> i64 {
        let bands = Band::ALL.iter().zip(self.bands);
        let known = bands.filter(|(band, _)| **band != Band::Unknown);
        known.map(|(_, rows)| rows).sum()
    }

    /// The average percentage of tracked rows; `None` without any: unknown is not 0.
    pub fn average(&self) -> Option<f64> {
        let tracked = self.tracked();
        (tracked > 0).then(|| self.percentages / tracked as f64)
    }

    fn add(&mut self, group: Group) {
        let rows = group.learners;
        match group.status {
            Status::Completed => self.completed += rows,
            Status::InProgress => self.in_progress += rows,
            Status::NotStarted => self.not_started += rows,
        }
        let band = Band::of(group.percentage);
        let places = Band::ALL.iter().zip(&mut self.bands);
        places
            .filter(|(one, _)| **one == band)
            .for_each(|(_, count)| *count += rows);
        self.percentages += group.percentage.unwrap_or(0.0) * rows as f64;
        self.name = group.coursename.max(std::mem::take(&mut self.name));
    }
}

/// Rows of one course that say the same: few, since a percentage is a count of activities.
#[derive(QueryableByName)]
struct Group {
    #[diesel(sql_type = BigInt)]
    course_id: CourseId,
    #[diesel(sql_type = Text)]
    status: Status,
    #[diesel(sql_type = Nullable<Double>)]
    percentage: Option<f64>,
    #[diesel(sql_type = BigInt)]
    learners: i64,
    #[diesel(sql_type = Text)]
    coursename: String,
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

/// The numbers of every course with an active row, or of one course, by id.
pub fn numbers(
    conn: &mut Conn,
    company: CompanyId,
    only: Option<CourseId>,
) -> Result<Vec<CourseNumbers>> {
    let mut found: BTreeMap<CourseId, CourseNumbers> = BTreeMap::new();
    for group in groups(conn, company, only)? {
        let course = found
            .entry(group.course_id)
            .or_insert_with(|| CourseNumbers::empty(group.course_id));
        course.add(group);
    }
    let mut took: BTreeMap<CourseId, Vec<(i64, i64)>> = BTreeMap::new();
    for group in durations(conn, company, only)? {
        took.entry(group.course_id)
            .or_default()
            .push((group.days, group.learners));
    }
    for (course, groups) in took {
        if let Some(numbers) = found.get_mut(&course) {
            numbers.days = days(&groups);
        }
    }
    Ok(found.into_values().collect())
}

fn groups(conn: &mut Conn, company: CompanyId, only: Option<CourseId>) -> Result<Vec<Group>> {
    let counted = sql_query(format!(
        "select {COURSE} as course_id, status, percentage, count(*) as learners, max(coursename) as coursename \
         from progress where {} group by {COURSE}, status, percentage",
        active(company, only)
    ));
    Ok(counted.load(conn)?)
}

/// How long learners took, shortest first.
fn durations(conn: &mut Conn, company: CompanyId, only: Option<CourseId>) -> Result<Vec<Duration>> {
    let days = "(timecompleted - coalesce(enrolled_at, timestarted)) / 86400";
    let counted = sql_query(format!(
        "select {COURSE} as course_id, {days} as days, count(*) as learners from progress where {} \
         and timecompleted >= coalesce(enrolled_at, timestarted) group by {COURSE}, {days} order by 1, 2",
        active(company, only)
    ));
    Ok(counted.load(conn)?)
}

/// Not the bare column: SQLite would go through the index by course and look up each row, ten times slower than its table
/// from end to end.
const COURSE: &str = "course_id + 0";

fn active(company: CompanyId, only: Option<CourseId>) -> String {
    let course = only.map_or(String::new(), |course| format!(" and course_id = {course}"));
    format!(
        "company_id = {company}{course} and state = '{}'",
        RowState::Active
    )
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

    #[test]
    fn the_average_leaves_untracked_rows_out() {
        let mut course = CourseNumbers::empty(CourseId(1));
        let group = |percentage, learners| Group {
            course_id: CourseId(1),
            status: Status::InProgress,
            percentage,
            learners,
            coursename: String::new(),
        };
        course.add(group(None, 8));
        assert_eq!((course.average(), course.tracked()), (None, 0));
        course.add(group(Some(50.0), 1));
        course.add(group(Some(0.0), 1));

        assert_eq!((course.average(), course.tracked()), (Some(25.0), 2));
        assert_eq!(course.enrolments(), 10);
        assert_eq!(course.bands, [1, 0, 1, 0, 0, 0, 8]);
    }
}
