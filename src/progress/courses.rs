//! The numbers of a company's courses: the one place that counts them. Only active rows count.

mod days;

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Nullable, Text};

use super::{Band, Status};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, CourseId};
use crate::moodle::RowState;
use crate::words::per_hundred;

pub use days::Days;

/// One course of a company.
#[derive(Debug, Clone, PartialEq)]
pub struct CourseNumbers {
    /// Which.
    pub course: CourseId,
    /// Its full name, hostile text. While a rename has reached some rows only, the last name in the alphabet.
    pub name: String,
    /// Rows that Moodle has as completed.
    pub completed: i64,
    /// Rows that are begun and not completed.
    pub in_progress: i64,
    /// Rows that nobody has begun.
    pub not_started: i64,
    /// Rows in each band, in the order of [`Band::ALL`].
    pub bands: [i64; Band::ALL.len()],
    /// How long learners took; `None` where nobody has completed it with a known beginning, and unless it is asked for.
    pub days: Option<Days>,
    percentages: f64,
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
        per_hundred(self.completed, self.enrolments())
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

/// Which courses of a company are counted.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// Every course with an active row.
    All,
    /// This one.
    One(CourseId),
    /// Those whose id is larger.
    After(CourseId),
}

impl Which {
    /// What holds for the rows that count.
    fn active(self, company: CompanyId) -> String {
        let course = match self {
            Self::All => String::new(),
            Self::One(course) => format!(" and course_id = {course}"),
            Self::After(course) => format!(" and {COURSE} > {course}"),
        };
        let active = RowState::Active;
        format!("company_id = {company}{course} and state = '{active}'")
    }
}

/// The numbers of courses with an active row, by id.
pub fn numbers(conn: &mut Conn, company: CompanyId, which: Which) -> Result<Vec<CourseNumbers>> {
    let mut found: BTreeMap<CourseId, CourseNumbers> = BTreeMap::new();
    for group in groups(conn, company, which)? {
        let course = found
            .entry(group.course_id)
            .or_insert_with(|| CourseNumbers::empty(group.course_id));
        course.add(group);
    }
    Ok(found.into_values().collect())
}

/// [`numbers`] together with how long learners took.
pub fn with_days(conn: &mut Conn, company: CompanyId, which: Which) -> Result<Vec<CourseNumbers>> {
    let mut found = numbers(conn, company, which)?;
    let took = days::by_course(conn, company, which)?;
    for course in &mut found {
        course.days = took.get(&course.course).copied();
    }
    Ok(found)
}

fn groups(conn: &mut Conn, company: CompanyId, which: Which) -> Result<Vec<Group>> {
    let counted = sql_query(format!(
        "select {COURSE} as course_id, status, percentage, count(*) as learners, max(coursename) as coursename \
         from progress where {} group by {COURSE}, status, percentage",
        which.active(company)
    ));
    Ok(counted.load(conn)?)
}

/// Not the bare column: SQLite would go through the index by course and look up each row, ten times slower than its table
/// from end to end.
const COURSE: &str = "course_id + 0";

#[cfg(test)]
mod tests {
    use super::*;

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
