//! The change log as people search it: the lines of one company or of all, newest first, by keyset.

use diesel::prelude::*;

use super::affected::{Affected, Line, affected, on_same_row};
use super::plan::Kind;
use super::spans::{Span, spans};
use super::{Mode, seek};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, Key, RunId, UserId};
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
    let spans = spans(conn, companies, filter, from)?;
    let mut found = Vec::new();
    for (company, span) in spans {
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
fn load(
    conn: &mut Conn,
    company: CompanyId,
    versions: Vec<i64>,
    oldest_first: bool,
) -> Result<Vec<Entry>> {
    if versions.is_empty() {
        return Ok(Vec::new());
    }
    let run = (
        sync_changes::run_id,
        sync_runs::mode,
        sync_runs::finished_at_ms,
    );
    type Found = ((RunId, Mode, Option<i64>), Line, Row);
    let found: Vec<Found> = sync_changes::table
        .inner_join(sync_runs::table)
        .inner_join(rows::table.on(on_same_row()))
        .filter(
            sync_changes::company_id
                .eq(company)
                .and(sync_changes::seq.eq_any(versions)),
        )
        .select((run, Line::as_select(), Row::as_select()))
        .load(conn)?;
    let entry = |((run, mode, at_ms), line, row): Found| {
        Ok(Entry {
            run,
            mode,
            at_ms: at_ms.unwrap_or(0),
            change: affected(line, row)?,
        })
    };
    let mut entries = found.into_iter().map(entry).collect::<Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| entry.change.seq);
    if !oldest_first {
        entries.reverse();
    }
    Ok(entries)
}
