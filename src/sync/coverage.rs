//! Coverage: how far the store is from Moodle, course by course, as the last full comparison found it.

use diesel::prelude::*;

use super::tally::CourseTally;
use super::{Mode, Run, RunState};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, RunId, UserId};
use crate::moodle::RowState;
use crate::schema::{progress, sync_run_courses, sync_runs, sync_settings, sync_unread};
use crate::settings::DEFAULTS;

/// What a full comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// The run that compared. Where it was no preview, it has repaired what it found.
    pub run: Run,
    /// All courses together, as they are since that run.
    pub total: CourseTally,
    /// Why it says nothing about now, where something has changed what should be stored since.
    pub outdated: Option<&'static str>,
}

/// One course of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourseCoverage {
    /// Which one.
    pub id: CourseId,
    /// Its numbers before the run wrote anything.
    pub tally: CourseTally,
}

/// A row of Moodle that a run could not read.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct UnreadRow {
    /// The person.
    pub user: UserId,
    /// The course.
    pub course: CourseId,
    /// What is wrong with it, without its subject.
    pub reason: String,
}

/// States of runs that compared everything, whatever came of it.
const COMPARED: [RunState; 5] = [
    RunState::Succeeded,
    RunState::Partial,
    RunState::NeedsConfirmation,
    RunState::Confirmed,
    RunState::Rejected,
];

impl Coverage {
    /// Rows right in the store per hundred that Moodle or the store has: 100 only without any gap. `None` without rows.
    pub fn percentage(&self) -> Option<f64> {
        let all = self.total.expected + self.total.extra;
        let right = all - self.total.gap();
        (all > 0).then(|| 100.0 * right as f64 / all as f64)
    }
}

/// The last full comparison of a company with the settings that are saved; `None` before the first.
pub fn latest(conn: &mut Conn, company: CompanyId) -> Result<Option<Coverage>> {
    let run: Option<Run> = sync_runs::table
        .filter(sync_runs::company_id.eq(company))
        .filter(sync_runs::mode.eq(Mode::Full))
        .filter(sync_runs::state.eq_any(COMPARED))
        .filter(sync_runs::shape.is_null())
        .order(sync_runs::requested_at_ms.desc())
        .limit(1)
        .select(Run::as_select())
        .get_result(conn)
        .optional()?;
    let Some(run) = run else { return Ok(None) };
    let found = sum(&courses(conn, &run.id)?);
    let total = if run.published() {
        repaired(conn, &run, &found)?
    } else {
        found
    };
    let outdated = outdated(conn, company, &run)?;
    Ok(Some(Coverage {
        run,
        total,
        outdated,
    }))
}

/// What happened after a comparison that makes it say nothing about now.
fn outdated(conn: &mut Conn, company: CompanyId, run: &Run) -> Result<Option<&'static str>> {
    let began = run.started_at_ms.unwrap_or(run.requested_at_ms);
    let changed = sync_settings::table
        .filter(sync_settings::company_id.eq_any([company, DEFAULTS]))
        .filter(sync_settings::changed_at.ge(began.div_euclid(1000)))
        .count()
        .get_result::<i64>(conn)?;
    let undone = sync_runs::table
        .filter(sync_runs::company_id.eq(company))
        .filter(sync_runs::mode.eq(Mode::Undo))
        .filter(sync_runs::state.eq(RunState::Succeeded))
        .filter(sync_runs::finished_at_ms.ge(began))
        .count()
        .get_result::<i64>(conn)?;
    Ok(if changed > 0 {
        Some("the settings that shape the rows were changed since")
    } else if undone > 0 {
        Some("a sync was undone since")
    } else {
        None
    })
}

/// The courses of a comparison, the largest gap first.
pub fn courses(conn: &mut Conn, run: &RunId) -> Result<Vec<CourseCoverage>> {
    let lines: Vec<Line> = sync_run_courses::table
        .filter(sync_run_courses::run_id.eq(run))
        .select(Line::as_select())
        .load(conn)?;
    let mut courses: Vec<CourseCoverage> = lines.into_iter().map(CourseCoverage::from).collect();
    courses.sort_by(|a, b| (b.tally.gap(), &a.tally.name).cmp(&(a.tally.gap(), &b.tally.name)));
    Ok(courses)
}

/// The rows that a run could not read, in (user, course) order.
pub fn unread(conn: &mut Conn, run: &RunId, limit: i64) -> Result<Vec<UnreadRow>> {
    Ok(sync_unread::table
        .filter(sync_unread::run_id.eq(run))
        .order((sync_unread::user_id, sync_unread::course_id))
        .limit(limit)
        .select((
            sync_unread::user_id,
            sync_unread::course_id,
            sync_unread::reason,
        ))
        .load(conn)?)
}

fn sum(courses: &[CourseCoverage]) -> CourseTally {
    courses
        .iter()
        .fold(CourseTally::default(), |sum, course| CourseTally {
            name: String::new(),
            expected: sum.expected + course.tally.expected,
            stored: sum.stored + course.tally.stored,
            missing: sum.missing + course.tally.missing,
            extra: sum.extra + course.tally.extra,
            different: sum.different + course.tally.different,
        })
}

/// After a run that wrote, only what it could not read is left of the gap.
fn repaired(conn: &mut Conn, run: &Run, found: &CourseTally) -> Result<CourseTally> {
    let unread = || sync_unread::table.filter(sync_unread::run_id.eq(&run.id));
    let kept: i64 = unread()
        .inner_join(progress::table.on(same_row(run.company_id)))
        .count()
        .get_result(conn)?;
    let missing = unread().count().get_result::<i64>(conn)? - kept;
    Ok(CourseTally {
        expected: found.expected,
        stored: found.expected - missing,
        missing,
        different: kept,
        ..CourseTally::default()
    })
}

/// The active row that an unread one of Moodle stands for.
#[diesel::dsl::auto_type]
fn same_row(company: CompanyId) -> _ {
    let same_user = progress::user_id.eq(sync_unread::user_id);
    let same_course = progress::course_id.eq(sync_unread::course_id);
    let of_company: diesel::dsl::Eq<progress::company_id, CompanyId> =
        progress::company_id.eq(company);
    let is_active: diesel::dsl::Eq<progress::state, RowState> =
        progress::state.eq(RowState::Active);
    same_user.and(same_course).and(of_company).and(is_active)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sync_run_courses)]
struct Line {
    course_id: CourseId,
    coursename: String,
    expected: i64,
    stored: i64,
    missing: i64,
    extra: i64,
    different: i64,
}

impl From<Line> for CourseCoverage {
    fn from(line: Line) -> Self {
        Self {
            id: line.course_id,
            tally: CourseTally {
                name: line.coursename,
                expected: line.expected,
                stored: line.stored,
                missing: line.missing,
                extra: line.extra,
                different: line.different,
            },
        }
    }
}
