//! The change log as people search it: the lines of one company or of all, newest first, by keyset.

use diesel::prelude::*;

use super::Mode;
use super::affected::{Affected, Line, affected, on_same_row};
use super::plan::Kind;
use super::spans::{Span, spans};
use crate::db::functions::lower;
use crate::db::{Conn, Store};
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, RunId, UserId};
use crate::progress::{Row, list};
use crate::schema::{progress, sync_changes, sync_runs};

/// Which lines to list. Empty means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of a learner's name, e-mail or user name, or the whole of their id in Moodle.
    pub learner: String,
    /// Part of a course's name, or the whole of its id in Moodle.
    pub course: String,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only of this run.
    pub run: Option<RunId>,
    /// Not before this moment, in UTC milliseconds.
    pub from_ms: Option<i64>,
    /// Before this moment, in UTC milliseconds.
    pub until_ms: Option<i64>,
}

/// One line with its run and the row as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Which run.
    pub run: RunId,
    /// How that run read.
    pub mode: Mode,
    /// When that run was published, in UTC milliseconds.
    pub at_ms: i64,
    /// The change.
    pub change: Affected,
}

/// Where a line stands among those of all companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// When its run was published, in UTC milliseconds.
    pub at_ms: i64,
    /// Whose line.
    pub company: CompanyId,
    /// Its version.
    pub seq: i64,
}

/// Which way to read from a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// From the newest line on.
    Newest,
    /// The lines older than a mark.
    Before(Mark),
    /// The lines newer than a mark, those nearest to it.
    After(Mark),
}

impl Entry {
    /// Where it stands.
    pub fn mark(&self) -> Mark {
        Mark {
            at_ms: self.at_ms,
            company: self.change.row.company_id,
            seq: self.change.seq,
        }
    }
}

/// At most `limit` lines of some companies, newest first whichever way they were read.
pub fn page(
    conn: &mut Conn,
    companies: &[CompanyId],
    filter: &Filter,
    from: From,
    limit: i64,
) -> Result<Vec<Entry>> {
    let newer = matches!(from, From::After(_));
    let spans = spans(conn, companies, filter, from)?;
    let mut found = Vec::new();
    for (company, span) in spans {
        let part = Part {
            span,
            oldest_first: newer,
            limit,
        };
        found.extend(of_company(conn, company, filter, part)?);
    }
    found.sort_by_key(|entry| std::cmp::Reverse(entry.mark()));
    let limit = limit as usize;
    if newer {
        found.drain(..found.len().saturating_sub(limit));
    }
    found.truncate(limit);
    Ok(found)
}

/// The latest lines of one person in a company, newest first.
pub fn of_person(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    limit: i64,
) -> Result<Vec<Entry>> {
    let lines = lines(company, &Filter::default()).filter(sync_changes::user_id.eq(user));
    load(conn, lines.order(sync_changes::seq.desc()).limit(limit))
}

/// Which lines of a company to give.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Only of these versions.
    pub span: Span,
    /// Those of the oldest versions, oldest first; else those of the newest, newest first.
    pub oldest_first: bool,
    /// How many at most.
    pub limit: i64,
}

/// A part of one company's lines.
pub fn of_company(
    conn: &mut Conn,
    company: CompanyId,
    filter: &Filter,
    part: Part,
) -> Result<Vec<Entry>> {
    let Part {
        span,
        oldest_first,
        limit,
    } = part;
    let mut lines = lines(company, filter)
        .filter(sync_changes::seq.gt(span.0))
        .filter(sync_changes::seq.le(span.1))
        .limit(limit);
    lines = if oldest_first {
        lines.order(sync_changes::seq.asc())
    } else {
        lines.order(sync_changes::seq.desc())
    };
    load(conn, lines)
}

fn load(conn: &mut Conn, lines: Lines<'_>) -> Result<Vec<Entry>> {
    let run = (
        sync_changes::run_id,
        sync_runs::mode,
        sync_runs::finished_at_ms,
    );
    type Found = ((RunId, Mode, Option<i64>), Line, Row);
    let found: Vec<Found> = lines
        .select((run, Line::as_select(), Row::as_select()))
        .load(conn)?;
    found
        .into_iter()
        .map(|((run, mode, at_ms), line, row)| {
            Ok(Entry {
                run,
                mode,
                at_ms: at_ms.unwrap_or(0),
                change: affected(line, row)?,
            })
        })
        .collect()
}

#[diesel::dsl::auto_type]
fn with_run_and_row() -> _ {
    let row: diesel::dsl::On<progress::table, on_same_row> = progress::table.on(on_same_row());
    sync_changes::table
        .inner_join(sync_runs::table)
        .inner_join(row)
}

type Lines<'a> = diesel::dsl::IntoBoxed<'a, with_run_and_row, Store>;

fn lines<'a>(company: CompanyId, filter: &Filter) -> Lines<'a> {
    let mut lines = with_run_and_row()
        .into_boxed()
        .filter(sync_changes::company_id.eq(company));
    if let Some(kind) = filter.kind {
        lines = lines.filter(sync_changes::kind.eq(kind));
    }
    if let Some(run) = &filter.run {
        lines = lines.filter(sync_changes::run_id.eq(run.clone()));
    }
    lines = match filter.course.trim() {
        "" => lines,
        text => of_courses(lines, company, text),
    };
    match filter.learner.trim() {
        "" => lines,
        text => of_people(lines, company, text),
    }
}

/// The id that no user and no course of Moodle has.
const NONE: i64 = 0;

/// Only the lines of courses whose name holds a text, or whose id it is.
fn of_courses<'a>(lines: Lines<'a>, company: CompanyId, text: &str) -> Lines<'a> {
    let courses = diesel::alias!(progress as courses);
    let id = courses.field(progress::course_id);
    let is_meant = lower(courses.field(progress::coursename))
        .like(list::pattern(text))
        .escape('\\')
        .or(id.eq(text.parse().unwrap_or(CourseId(NONE))));
    let meant = courses
        .filter(
            courses
                .field(progress::company_id)
                .eq(company)
                .and(is_meant),
        )
        .select(courses.field(progress::course_id));
    lines.filter(sync_changes::course_id.eq_any(meant))
}

/// Only the lines of people whose names hold a text, or whose id it is.
fn of_people<'a>(lines: Lines<'a>, company: CompanyId, text: &str) -> Lines<'a> {
    let people = diesel::alias!(progress as people);
    let wanted = list::pattern(text);
    let names = people
        .field(progress::firstname)
        .concat(" ")
        .concat(people.field(progress::lastname));
    let email = lower(people.field(progress::email));
    let username = lower(people.field(progress::username));
    let is_meant = lower(names)
        .like(wanted.clone())
        .escape('\\')
        .or(email.like(wanted.clone()).escape('\\'))
        .or(username.like(wanted.clone()).escape('\\'))
        .or(people
            .field(progress::user_id)
            .eq(text.parse().unwrap_or(UserId(NONE))));
    let meant = people
        .filter(people.field(progress::company_id).eq(company).and(is_meant))
        .select(people.field(progress::user_id));
    lines.filter(sync_changes::user_id.eq_any(meant))
}
