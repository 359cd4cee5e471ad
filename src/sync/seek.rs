//! Which lines a page of the change log shows: found in the log alone and by its keys, before any name is joined.

use diesel::prelude::*;

use super::log::{Filter, Part};
use super::spans::Span;
use crate::companies;
use crate::db::functions::lower;
use crate::db::{Conn, Store};
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, Key, UserId};
use crate::progress::list;
use crate::schema::{progress, sync_changes};

/// Of so many rows or courses the lines are looked up one by one; for more the log is walked through.
const FEW: usize = 200;
/// Versions of a walk's first look. They follow one another, so a look costs no more than it is wide, even where the
/// database has not counted its tables yet and would rather sort them whole.
const FIRST_LOOK: i64 = 4096;
/// How much wider the next look is.
const WIDER: i64 = 8;

/// The versions of the lines that a page shows, at most as many as it wants.
pub(super) fn nearest(
    conn: &mut Conn,
    company: CompanyId,
    filter: &Filter,
    part: Part,
) -> Result<Vec<i64>> {
    if !filter.learner.trim().is_empty() {
        let rows = rows(conn, company, filter)?;
        if rows.len() <= FEW {
            return at_rows(conn, company, filter, part, &rows);
        }
    } else if !filter.course.trim().is_empty() {
        let courses = courses(conn, company, filter)?;
        if courses.len() <= FEW {
            return in_courses(conn, company, filter, part, &courses);
        }
    }
    walk(conn, company, filter, part)
}

/// The lines of a few rows, each by its key.
pub(super) fn at_rows(
    conn: &mut Conn,
    company: CompanyId,
    filter: &Filter,
    part: Part,
    rows: &[Key],
) -> Result<Vec<i64>> {
    let mut found = Vec::new();
    for key in rows {
        let of_row = sync_changes::user_id
            .eq(key.user)
            .and(sync_changes::course_id.eq(key.course));
        found.extend(look(conn, lines(company, filter).filter(of_row), part)?);
    }
    Ok(first_of(found, part))
}

/// The lines of a few courses, each by its key.
fn in_courses(
    conn: &mut Conn,
    company: CompanyId,
    filter: &Filter,
    part: Part,
    courses: &[CourseId],
) -> Result<Vec<i64>> {
    let mut found = Vec::new();
    for course in courses {
        let of_course = sync_changes::course_id.eq(*course);
        found.extend(look(conn, lines(company, filter).filter(of_course), part)?);
    }
    Ok(first_of(found, part))
}

/// Goes through the log from one end of the span, in ever wider looks, until there are enough lines.
pub(super) fn walk(
    conn: &mut Conn,
    company: CompanyId,
    filter: &Filter,
    part: Part,
) -> Result<Vec<i64>> {
    let Span(mut low, mut high) = part.span;
    high = high.min(companies::store::state(conn, company)?.seq);
    let (mut width, mut found) = (FIRST_LOOK, Vec::new());
    while low < high && (found.len() as i64) < part.limit {
        let span = if part.oldest_first {
            Span(low, high.min(low + width))
        } else {
            Span(low.max(high - width), high)
        };
        let lines = of_meant(lines(company, filter), company, filter);
        let limit = part.limit - found.len() as i64;
        found.extend(look(
            conn,
            lines,
            Part {
                span,
                limit,
                ..part
            },
        )?);
        if part.oldest_first {
            low = span.1;
        } else {
            high = span.0;
        }
        width = width.saturating_mul(WIDER);
    }
    Ok(found)
}

type Lines<'a> = sync_changes::BoxedQuery<'a, Store>;

/// The lines that a filter keeps, but for its names.
fn lines<'a>(company: CompanyId, filter: &Filter) -> Lines<'a> {
    let mut lines = sync_changes::table
        .into_boxed()
        .filter(sync_changes::company_id.eq(company));
    if let Some(kind) = filter.kind {
        lines = lines.filter(sync_changes::kind.eq(kind));
    }
    if let Some(run) = &filter.run {
        lines = lines.filter(sync_changes::run_id.eq(run.clone()));
    }
    lines
}

/// One look into the log.
fn look(conn: &mut Conn, lines: Lines<'_>, part: Part) -> Result<Vec<i64>> {
    let lines = lines
        .filter(sync_changes::seq.gt(part.span.0))
        .filter(sync_changes::seq.le(part.span.1))
        .limit(part.limit)
        .select(sync_changes::seq);
    let found = if part.oldest_first {
        lines.order(sync_changes::seq.asc()).load(conn)?
    } else {
        lines.order(sync_changes::seq.desc()).load(conn)?
    };
    Ok(found)
}

fn first_of(mut found: Vec<i64>, part: Part) -> Vec<i64> {
    found.sort_unstable();
    if !part.oldest_first {
        found.reverse();
    }
    found.truncate(part.limit as usize);
    found
}

diesel::alias!(
    const PEOPLE: Alias<People> = progress as people;
    const COURSES: Alias<Courses> = progress as courses;
);

/// The id that no user and no course of Moodle has.
const NONE: i64 = 0;

/// The ids of the people that a filter's text means, by a name of any of their rows or by the id itself.
macro_rules! people {
    ($company:expr, $filter:expr) => {{
        let text = $filter.learner.trim();
        let wanted = list::pattern(text);
        let id = PEOPLE.field(progress::user_id);
        let names = PEOPLE
            .field(progress::firstname)
            .concat(" ")
            .concat(PEOPLE.field(progress::lastname));
        let email = lower(PEOPLE.field(progress::email));
        let username = lower(PEOPLE.field(progress::username));
        let is_meant = lower(names)
            .like(wanted.clone())
            .escape('\\')
            .or(email.like(wanted.clone()).escape('\\'))
            .or(username.like(wanted).escape('\\'))
            .or(id.eq(text.parse().unwrap_or(UserId(NONE))));
        let of_company = PEOPLE.field(progress::company_id).eq($company);
        PEOPLE.filter(of_company.and(is_meant)).select(id)
    }};
}

/// The ids of the courses that a filter's text means, likewise.
macro_rules! courses {
    ($company:expr, $filter:expr) => {{
        let text = $filter.course.trim();
        let id = COURSES.field(progress::course_id);
        let is_meant = lower(COURSES.field(progress::coursename))
            .like(list::pattern(text))
            .escape('\\')
            .or(id.eq(text.parse().unwrap_or(CourseId(NONE))));
        let of_company = COURSES.field(progress::company_id).eq($company);
        COURSES.filter(of_company.and(is_meant)).select(id)
    }};
}

/// The rows that the filter's names mean, one more than are few.
fn rows(conn: &mut Conn, company: CompanyId, filter: &Filter) -> Result<Vec<Key>> {
    let mut rows = progress::table
        .into_boxed()
        .filter(progress::company_id.eq(company))
        .filter(progress::user_id.eq_any(people!(company, filter)));
    if !filter.course.trim().is_empty() {
        rows = rows.filter(progress::course_id.eq_any(courses!(company, filter)));
    }
    let found: Vec<(UserId, CourseId)> = rows
        .select((progress::user_id, progress::course_id))
        .limit(FEW as i64 + 1)
        .load(conn)?;
    let key = |(user, course)| Key { user, course };
    Ok(found.into_iter().map(key).collect())
}

/// The courses that the filter's name means, one more than are few.
fn courses(conn: &mut Conn, company: CompanyId, filter: &Filter) -> Result<Vec<CourseId>> {
    let found = courses!(company, filter).distinct();
    Ok(found.limit(FEW as i64 + 1).load(conn)?)
}

/// Only the lines of people and courses whose names the filter holds.
fn of_meant<'a>(mut lines: Lines<'a>, company: CompanyId, filter: &Filter) -> Lines<'a> {
    if !filter.learner.trim().is_empty() {
        lines = lines.filter(sync_changes::user_id.eq_any(people!(company, filter)));
    }
    if !filter.course.trim().is_empty() {
        lines = lines.filter(sync_changes::course_id.eq_any(courses!(company, filter)));
    }
    lines
}
