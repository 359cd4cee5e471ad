//! The change log as people search it: the lines of one company or of all, newest first, by keyset.

use std::collections::HashMap;

use diesel::prelude::*;

use super::affected::{Affected, Line, affected, on_same_row};
use super::plan::Kind;
use super::{Mode, RunState};
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
        found.extend(of_company(conn, company, filter, span, newer, limit)?);
    }
    found.sort_by_key(|entry| std::cmp::Reverse(entry.mark()));
    let limit = limit as usize;
    if newer {
        found.drain(..found.len().saturating_sub(limit));
    }
    found.truncate(limit);
    Ok(found)
}

/// The versions of a company that can hold what is looked for: above the first, up to and with the second.
#[derive(Debug, Clone, Copy)]
pub struct Span(pub i64, pub i64);

/// Versions count up with time, so that days and marks become spans of versions, and each company is read by its key.
fn spans(
    conn: &mut Conn,
    companies: &[CompanyId],
    filter: &Filter,
    from: From,
) -> Result<Vec<(CompanyId, Span)>> {
    let mut spans = vec![Span(0, i64::MAX); companies.len()];
    let mut bound = |at_ms: i64, narrow: &dyn Fn(&mut Span, CompanyId, i64)| {
        let versions = versions_at(conn, at_ms)?;
        for (company, span) in companies.iter().zip(&mut spans) {
            narrow(span, *company, versions.get(company).copied().unwrap_or(0));
        }
        Ok::<_, crate::error::Error>(())
    };
    if let Some(at_ms) = filter.from_ms {
        bound(at_ms.saturating_sub(1), &|span, _, version| {
            span.0 = span.0.max(version)
        })?;
    }
    if let Some(at_ms) = filter.until_ms {
        bound(at_ms.saturating_sub(1), &|span, _, version| {
            span.1 = span.1.min(version)
        })?;
    }
    if let From::Before(mark) | From::After(mark) = from {
        let older = from == From::Before(mark);
        // Lines of the mark's own moment stand in the order of their companies.
        for (at_ms, later) in [(mark.at_ms, false), (mark.at_ms.saturating_sub(1), true)] {
            bound(at_ms, &|span, company, version| {
                let version = if company == mark.company {
                    if older {
                        mark.seq.saturating_sub(1)
                    } else {
                        mark.seq
                    }
                } else if (company > mark.company) == later {
                    version
                } else {
                    return;
                };
                if older {
                    span.1 = span.1.min(version);
                } else {
                    span.0 = span.0.max(version);
                }
            })?;
        }
    }
    let pairs = companies.iter().copied().zip(spans);
    Ok(pairs.filter(|(_, span)| span.0 < span.1).collect())
}

/// The version that each company had published at a moment.
fn versions_at(conn: &mut Conn, at_ms: i64) -> Result<HashMap<CompanyId, i64>> {
    let found: Vec<(CompanyId, Option<i64>)> = sync_runs::table
        .filter(
            sync_runs::state
                .eq_any([RunState::Succeeded, RunState::Partial])
                .and(sync_runs::dry_run.eq(false))
                .and(sync_runs::finished_at_ms.le(at_ms)),
        )
        .group_by(sync_runs::company_id)
        .select((
            sync_runs::company_id,
            diesel::dsl::max(sync_runs::version_after),
        ))
        .load(conn)?;
    let known = |(company, version): (CompanyId, Option<i64>)| Some((company, version?));
    Ok(found.into_iter().filter_map(known).collect())
}

/// The span of a company's versions that a filter's days allow.
pub fn span(conn: &mut Conn, company: CompanyId, filter: &Filter) -> Result<Option<Span>> {
    let found = spans(conn, &[company], filter, From::Newest)?;
    Ok(found.first().map(|(_, span)| *span))
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

/// At most `limit` lines of one company within a span: the newest of it, or the oldest, in that order.
pub fn of_company(
    conn: &mut Conn,
    company: CompanyId,
    filter: &Filter,
    span: Span,
    oldest_first: bool,
    limit: i64,
) -> Result<Vec<Entry>> {
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
    let found: Vec<((RunId, Mode, Option<i64>), Line, Row)> = lines
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
