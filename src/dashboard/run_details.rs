//! What the store knows around a run, read in one snapshot.

use super::paging::Pages;
use super::run_changes::{Change, change, planned};
use crate::companies::{self, Company, State};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::RunId;
use crate::sync::affected::{self, AffectedCourse};
use crate::sync::coverage::{self, CourseCoverage, UnreadRow};
use crate::sync::{Run, history, preview, undo};
use crate::time::now_ms;

/// Changes on one page.
pub const PER_PAGE: i64 = 20;
/// Courses shown; the changes themselves name all of them.
const COURSES: usize = 10;
/// Unreadable rows shown.
const UNREAD: i64 = 100;

/// The company, and the rows of the run.
pub struct Details {
    /// Whose run.
    pub company: Company,
    /// What its clients are served now.
    pub state: State,
    /// People whose rows changed, or would.
    pub users: i64,
    /// The courses most changed.
    pub courses: Vec<AffectedCourse>,
    /// How many courses there are in all.
    pub course_count: i64,
    /// One page of the changes.
    pub changes: Vec<Change>,
    /// Rows that could not be read.
    pub unread: Vec<UnreadRow>,
    /// Whether it can be taken back now.
    pub can_undo: bool,
    /// The run that carries out what was confirmed here.
    pub successor: Option<Run>,
}

/// Reads them.
pub fn details(conn: &mut Conn, run: &Run, pages: &Pages) -> Result<Details> {
    let (company, state) = companies::store::get(conn, run.company_id)?;
    let unread = coverage::unread(conn, &run.id, UNREAD)?.collect::<Result<_>>()?;
    let skipped = Pages::offset(pages.number, PER_PAGE);
    let (users, courses, course_count, changes) = if run.has_plan() {
        of_plan(conn, run, skipped)?
    } else {
        of_log(conn, run, skipped)?
    };
    Ok(Details {
        company,
        state,
        users,
        courses,
        course_count,
        changes,
        unread,
        can_undo: undo::obstacle(conn, run, now_ms())?.is_none(),
        successor: history::confirming(conn, &run.id)?,
    })
}

type Rows = (i64, Vec<AffectedCourse>, i64, Vec<Change>);

/// The versions of a run's changes follow one another, so a page of them begins at a known version.
fn of_log(conn: &mut Conn, run: &Run, skipped: i64) -> Result<Rows> {
    let after = run.counts.version_before.unwrap_or(0) + skipped;
    let changes = affected::page(conn, &run.id, after, PER_PAGE)?;
    Ok((
        affected::user_count(conn, &run.id)?,
        affected::courses(conn, &run.id, COURSES as i64)?,
        affected::course_count(conn, &run.id)?,
        changes.into_iter().map(change).collect(),
    ))
}

/// So do the places of a plan.
fn of_plan(conn: &mut Conn, run: &Run, skipped: i64) -> Result<Rows> {
    let lines = preview::page(conn, run.company_id, &run.id, skipped, PER_PAGE)?;
    let changes = lines.into_iter().filter_map(|line| planned(run, line));
    let mut courses = planned_courses(conn, &run.id)?;
    let count = courses.len() as i64;
    courses.truncate(COURSES);
    Ok((
        preview::user_count(conn, &run.id)?,
        courses,
        count,
        changes.collect(),
    ))
}

/// The courses that a plan would change, most changed first.
pub fn planned_courses(conn: &mut Conn, run: &RunId) -> Result<Vec<AffectedCourse>> {
    let compared = coverage::courses(conn, run)?.into_iter();
    let moved = compared.filter(|course| course.tally.gap() > 0);
    let course = |course: CourseCoverage| AffectedCourse {
        id: course.id,
        records: course.tally.gap(),
        name: course.tally.name,
    };
    Ok(moved.map(course).collect())
}
