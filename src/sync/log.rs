//! The change log as people search it: the lines of one company or of all, newest first, by keyset.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::affected::{Affected, Line, affected};
use super::plan::Kind;
use super::spans::{self, Span, spans};
use super::{Mode, seek};
use crate::db::Conn;
use crate::error::{OrNotFound, Result};
use crate::ids::{CompanyId, CourseId, Key, RunId, UserId};
use crate::progress::{self, Row};
use crate::schema::{progress as rows, sync_changes, sync_runs};

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
    let mut spans = spans(conn, companies, filter, from)?;
    let mut newest = HashMap::new();
    if !newer && spans.len() > 1 {
        newest = spans::newest(conn, filter, from)?;
        spans.retain(|(company, _)| newest.contains_key(company));
        spans.sort_by_key(|(company, _)| std::cmp::Reverse(newest.get(company).copied()));
    }
    let mut found = Vec::new();
    for (company, span) in spans {
        let at_ms = newest.get(&company);
        if at_ms.is_some_and(|at_ms| is_full(&mut found, limit, *at_ms)) {
            break; // what is left is older than all that fits
        }
        let part = Part {
            span,
            oldest_first: newer,
            limit,
        };
        let lines = seek::nearest(conn, company, filter, part)?;
        found.extend(load(conn, company, lines, newer)?);
    }
    found.sort_by_key(|entry| std::cmp::Reverse(entry.mark()));
    let limit = limit as usize;
    if newer {
        found.drain(..found.len().saturating_sub(limit));
    }
    found.truncate(limit);
    Ok(found)
}

/// Whether as many lines as fit are newer than a moment; those that do not fit go.
fn is_full(found: &mut Vec<Entry>, limit: i64, at_ms: i64) -> bool {
    let limit = limit as usize;
    if found.len() < limit {
        return false;
    }
    found.sort_by_key(|entry| std::cmp::Reverse(entry.mark()));
    found.truncate(limit);
    found.last().is_some_and(|oldest| oldest.at_ms > at_ms)
}

/// The latest lines of one person in a company, newest first.
pub fn of_person(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    limit: i64,
) -> Result<Vec<Entry>> {
    let rows = progress::store::of_person(conn, company, user)?;
    let rows: Vec<Key> = rows.iter().map(Row::key).collect();
    let part = Part {
        span: Span(0, i64::MAX),
        oldest_first: false,
        limit,
    };
    let lines = seek::at_rows(conn, company, &Filter::default(), part, &rows)?;
    load(conn, company, lines, false)
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

/// A part of one company's lines, for whoever reads all parts: the log is walked through, whatever the filter.
pub fn of_company(
    conn: &mut Conn,
    company: CompanyId,
    filter: &Filter,
    part: Part,
) -> Result<Vec<Entry>> {
    let lines = seek::walk(conn, company, filter, part)?;
    load(conn, company, lines, part.oldest_first)
}

/// Lines by their versions, with their runs and rows.
///
/// Three looks by key and no join: a database that has not counted its tables yet would begin a join at the wrong end.
fn load(
    conn: &mut Conn,
    company: CompanyId,
    versions: Vec<i64>,
    oldest_first: bool,
) -> Result<Vec<Entry>> {
    let mut found: Vec<Found> = sync_changes::table
        .filter(
            sync_changes::company_id
                .eq(company)
                .and(sync_changes::seq.eq_any(versions)),
        )
        .order(sync_changes::seq)
        .select((
            sync_changes::run_id,
            (sync_changes::user_id, sync_changes::course_id),
            Line::as_select(),
        ))
        .load(conn)?;
    if !oldest_first {
        found.reverse();
    }
    let runs = runs(conn, &found)?;
    let rows = rows_of(conn, company, &found)?;
    let entry = |(run, key, line): Found| {
        let (mode, at_ms) = runs.get(&run).or_not_found("the sync of a change")?;
        let row = rows.get(&key).or_not_found("the row of a change")?;
        Ok(Entry {
            mode: *mode,
            at_ms: at_ms.unwrap_or(0),
            change: affected(line, row.clone())?,
            run,
        })
    };
    found.into_iter().map(entry).collect()
}

type Found = (RunId, (UserId, CourseId), Line);

/// How the runs of some lines read, and when they ended.
fn runs(conn: &mut Conn, lines: &[Found]) -> Result<HashMap<RunId, (Mode, Option<i64>)>> {
    let ids: HashSet<&RunId> = lines.iter().map(|(run, ..)| run).collect();
    let found: Vec<(RunId, Mode, Option<i64>)> = sync_runs::table
        .filter(sync_runs::id.eq_any(ids))
        .select((sync_runs::id, sync_runs::mode, sync_runs::finished_at_ms))
        .load(conn)?;
    let known = |(run, mode, at_ms)| (run, (mode, at_ms));
    Ok(found.into_iter().map(known).collect())
}

/// The rows that some lines are about, and perhaps more of the same people.
fn rows_of(
    conn: &mut Conn,
    company: CompanyId,
    lines: &[Found],
) -> Result<HashMap<(UserId, CourseId), Row>> {
    let people: HashSet<UserId> = lines.iter().map(|(_, key, _)| key.0).collect();
    let courses: HashSet<CourseId> = lines.iter().map(|(_, key, _)| key.1).collect();
    let found: Vec<Row> = rows::table
        .filter(
            rows::company_id
                .eq(company)
                .and(rows::user_id.eq_any(people))
                .and(rows::course_id.eq_any(courses)),
        )
        .select(Row::as_select())
        .load(conn)?;
    let known = |row: Row| ((row.user_id, row.course_id), row);
    Ok(found.into_iter().map(known).collect())
}
