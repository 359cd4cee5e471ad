//! Coverage: how far the store is from Moodle, course by course, as the last full comparison found it.

use std::collections::{HashMap, HashSet};

use diesel::dsl::max;
use diesel::prelude::*;

use super::health::latest_comparisons;
use super::tally::CourseTally;
use super::{Mode, Run, RunState};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, CourseId, RunId, UserId};
use crate::language::Said;
use crate::moodle::RowState;
use crate::schema::{progress, sync_run_courses, sync_runs, sync_settings, sync_unread};
use crate::settings::DEFAULTS;
use crate::words::per_hundred;

/// What a full comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// The run that compared. Where it was no preview, it has repaired what it found.
    pub run: Run,
    /// All courses together, as they are since that run.
    pub total: CourseTally,
    /// Why it says nothing about now, where something has changed what should be stored since.
    pub outdated: Option<Said>,
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

impl Coverage {
    /// Rows right in the store per hundred that Moodle or the store has: 100 only without any gap. `None` without rows.
    pub fn percentage(&self) -> Option<f64> {
        let all = self.total.expected + self.total.extra;
        let right = all - self.total.gap();
        per_hundred(right, all)
    }
}

/// The last full comparison of a company with the settings that are saved; `None` before the first.
pub fn latest(conn: &mut Conn, company: CompanyId) -> Result<Option<Coverage>> {
    Ok(latest_of(conn, &[company])?.remove(&company))
}

/// The same of several companies, in a few looks for all of them; those without a comparison are missing.
pub fn latest_of(conn: &mut Conn, companies: &[CompanyId]) -> Result<HashMap<CompanyId, Coverage>> {
    let runs = latest_comparisons(conn, companies)?;
    let ids: Vec<RunId> = runs.values().map(|run| run.id.clone()).collect();
    let mut sums = sums(conn, &ids)?;
    let unread = with_unread(conn, &ids)?;
    let outdated = Outdated::since(conn, &runs)?;
    let mut found = HashMap::new();
    for (company, run) in runs {
        let sum = sums.remove(&run.id).unwrap_or_default();
        let total = match run.published() {
            true if unread.contains(&run.id) => repaired(conn, &run, &sum)?,
            true => whole(&sum),
            false => sum,
        };
        let outdated = outdated.of(&run);
        let coverage = Coverage {
            run,
            total,
            outdated,
        };
        found.insert(company, coverage);
    }
    Ok(found)
}

/// What happened after comparisons that makes them say nothing about now, in UTC seconds and milliseconds.
struct Outdated {
    settings: HashMap<CompanyId, i64>,
    undone_ms: HashMap<CompanyId, Option<i64>>,
}

impl Outdated {
    fn since(conn: &mut Conn, runs: &HashMap<CompanyId, Run>) -> Result<Self> {
        let settings: Vec<(CompanyId, i64)> = sync_settings::table
            .select((sync_settings::company_id, sync_settings::changed_at))
            .load(conn)?;
        let oldest = runs.values().map(|run| run.requested_at_ms).min();
        // An undo that began after a comparison was asked for after it too: a company has one run at a time.
        let undone = sync_runs::table
            .filter(sync_runs::company_id.eq_any(runs.keys()))
            .filter(sync_runs::requested_at_ms.ge(oldest.unwrap_or(i64::MAX)))
            .filter(sync_runs::mode.eq(Mode::Undo))
            .filter(sync_runs::state.eq(RunState::Succeeded))
            .group_by(sync_runs::company_id)
            .select((sync_runs::company_id, max(sync_runs::finished_at_ms)))
            .load::<(CompanyId, Option<i64>)>(conn)?;
        Ok(Self {
            settings: settings.into_iter().collect(),
            undone_ms: undone.into_iter().collect(),
        })
    }

    fn of(&self, run: &Run) -> Option<Said> {
        let began = run.started_at_ms.unwrap_or(run.requested_at_ms);
        let changed = [run.company_id, DEFAULTS].map(|whose| self.settings.get(&whose));
        let undone = self.undone_ms.get(&run.company_id).copied().flatten();
        if changed
            .into_iter()
            .flatten()
            .any(|at| *at >= began.div_euclid(1000))
        {
            Some(Said::new(
                "the settings that shape the rows were changed since",
            ))
        } else if undone.is_some_and(|at| at >= began) {
            Some(Said::new("a sync was undone since"))
        } else {
            None
        }
    }
}

/// All courses of each comparison together.
fn sums(conn: &mut Conn, runs: &[RunId]) -> Result<HashMap<RunId, CourseTally>> {
    let mut sums: HashMap<RunId, CourseTally> = HashMap::new();
    for some in runs.chunks(5000) {
        let lines: Vec<(RunId, i64, i64, i64, i64, i64)> = sync_run_courses::table
            .filter(sync_run_courses::run_id.eq_any(some))
            .select((
                sync_run_courses::run_id,
                sync_run_courses::expected,
                sync_run_courses::stored,
                sync_run_courses::missing,
                sync_run_courses::extra,
                sync_run_courses::different,
            ))
            .load(conn)?;
        for (run, expected, stored, missing, extra, different) in lines {
            let sum = sums.entry(run).or_default();
            sum.expected += expected;
            sum.stored += stored;
            sum.missing += missing;
            sum.extra += extra;
            sum.different += different;
        }
    }
    Ok(sums)
}

/// Which of these runs could not read everything.
fn with_unread(conn: &mut Conn, runs: &[RunId]) -> Result<HashSet<RunId>> {
    let mut found = HashSet::new();
    for some in runs.chunks(5000) {
        let ids: Vec<RunId> = sync_unread::table
            .filter(sync_unread::run_id.eq_any(some))
            .select(sync_unread::run_id)
            .distinct()
            .load(conn)?;
        found.extend(ids);
    }
    Ok(found)
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

/// The rows that a run could not read, as a stream in (user, course) order.
pub fn unread(
    conn: &mut Conn,
    run: &RunId,
    limit: i64,
) -> Result<impl Iterator<Item = Result<UnreadRow>>> {
    let rows = sync_unread::table
        .filter(sync_unread::run_id.eq(run.clone()))
        .order((sync_unread::user_id, sync_unread::course_id))
        .limit(limit)
        .select((
            sync_unread::user_id,
            sync_unread::course_id,
            sync_unread::reason,
        ))
        .load_iter::<UnreadRow, _>(conn)?;
    Ok(rows.map(|row| row.map_err(Error::from)))
}

/// After a run that wrote and could read everything, nothing is left of the gap.
fn whole(found: &CourseTally) -> CourseTally {
    CourseTally {
        expected: found.expected,
        stored: found.expected,
        ..CourseTally::default()
    }
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
