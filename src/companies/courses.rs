//! A company's numbers by course, counted from its active rows: the one place that counts them.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::Totals;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, CourseId};

/// The numbers of one course. Only active rows count.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct CourseTotals {
    /// The course.
    #[diesel(sql_type = BigInt)]
    pub course_id: CourseId,
    /// Its name; hostile text. While a rename has reached some rows only, the last name in the alphabet.
    #[diesel(sql_type = Text)]
    pub coursename: String,
    /// Rows: people in the course.
    #[diesel(sql_type = BigInt)]
    pub enrolments: i64,
    /// Rows that Moodle has as completed.
    #[diesel(sql_type = BigInt)]
    pub completed: i64,
    /// Rows that are begun and not completed.
    #[diesel(sql_type = BigInt)]
    pub in_progress: i64,
}

/// The courses that a company has active rows in, by id, after a course.
pub fn count_rows(
    conn: &mut Conn,
    company: CompanyId,
    after: CourseId,
    limit: i64,
) -> Result<Vec<CourseTotals>> {
    let counted = sql_query(
        "select course_id, max(coursename) as coursename, count(*) as enrolments, \
         count(case when status = 'completed' then 1 end) as completed, \
         count(case when status = 'in_progress' then 1 end) as in_progress \
         from progress where company_id = $1 and course_id > $2 and state = 'active' \
         group by course_id order by course_id limit $3",
    )
    .bind::<BigInt, _>(company)
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(limit);
    Ok(counted.load(conn)?)
}

impl CourseTotals {
    /// The same as totals, whose definitions hold here too.
    pub fn totals(&self) -> Totals {
        Totals {
            learners: self.enrolments,
            courses: 1,
            enrolments: self.enrolments,
            completed: self.completed,
            in_progress: self.in_progress,
        }
    }
}
