//! The tally of a comparison: per course, how far the store is from Moodle.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::plan::{Kind, Step};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CourseId, RunId};
use crate::moodle::RowState;
use crate::schema::sync_run_courses;

/// One course of a comparison, as it was before the run changed anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CourseTally {
    /// Its name.
    pub name: String,
    /// Rows that Moodle has.
    pub expected: i64,
    /// Active rows that the store had.
    pub stored: i64,
    /// Rows of Moodle that the store did not have.
    pub missing: i64,
    /// Active rows of the store that Moodle does not have.
    pub extra: i64,
    /// Rows that both have and that say different things, or that cannot be compared.
    pub different: i64,
}

impl CourseTally {
    /// Rows that are not as Moodle has them.
    pub fn gap(&self) -> i64 {
        self.missing + self.extra + self.different
    }
}

/// Counts the steps of a plan by course.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<i64, CourseTally>);

impl Tally {
    /// Counts one step.
    pub fn count(&mut self, step: &Step) {
        match step {
            Step::Same(row) => {
                let course = self.course(row.course_id, &row.content.coursename);
                course.expected += 1;
                course.stored += 1;
            }
            Step::Unread(unread) => {
                let name = unread
                    .row
                    .as_ref()
                    .map_or("", |row| &row.content.coursename);
                let stored = unread
                    .row
                    .as_ref()
                    .is_some_and(|row| row.state == RowState::Active);
                let course = self.course(unread.key.course, name);
                course.expected += 1;
                course.stored += i64::from(stored);
                course.missing += i64::from(!stored);
                course.different += i64::from(stored);
            }
            Step::Change(change) => {
                let content = change
                    .new
                    .as_ref()
                    .or(change.old.as_ref().map(|old| &old.content));
                let name = content.map_or("", |content| &content.coursename);
                let course = self.course(change.key.course, name);
                let kind = change.kind();
                course.expected += i64::from(kind != Kind::Removed);
                course.stored += i64::from(kind != Kind::Added);
                course.missing += i64::from(kind == Kind::Added);
                course.different += i64::from(kind == Kind::Updated);
                course.extra += i64::from(kind == Kind::Removed);
            }
        }
    }

    fn course(&mut self, id: CourseId, name: &str) -> &mut CourseTally {
        let course = self.0.entry(id.0).or_default();
        if course.name.is_empty() {
            name.clone_into(&mut course.name);
        }
        course
    }

    /// Keeps the tally with its run.
    pub fn record(&self, conn: &mut Conn, run: &RunId) -> Result<()> {
        for (id, course) in &self.0 {
            let line = (
                sync_run_courses::run_id.eq(run),
                sync_run_courses::course_id.eq(CourseId(*id)),
                sync_run_courses::coursename.eq(&course.name),
                sync_run_courses::expected.eq(course.expected),
                sync_run_courses::stored.eq(course.stored),
                sync_run_courses::missing.eq(course.missing),
                sync_run_courses::extra.eq(course.extra),
                sync_run_courses::different.eq(course.different),
            );
            diesel::insert_into(sync_run_courses::table)
                .values(line)
                .execute(conn)?;
        }
        Ok(())
    }
}
