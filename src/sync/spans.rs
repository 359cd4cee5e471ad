//! Days and marks of the change log as spans of versions, so that each company's lines are found by their key.

use std::collections::HashMap;

use diesel::prelude::*;

use super::RunState;
use super::log::{Filter, From, Mark};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, RunId};
use crate::schema::sync_runs;

/// The versions of a company that can hold what is looked for: above the first, up to and with the second.
#[derive(Debug, Clone, Copy)]
pub struct Span(pub i64, pub i64);

/// Versions count up with time, so that days and marks become spans of versions, and each company is read by its key.
pub(super) fn spans(
    conn: &mut Conn,
    companies: &[CompanyId],
    filter: &Filter,
    from: From,
) -> Result<Vec<(CompanyId, Span)>> {
    let mut spans = Spans(
        companies
            .iter()
            .map(|id| (*id, Span(0, i64::MAX)))
            .collect(),
    );
    if let Some(at_ms) = filter.from_ms {
        spans.narrow(conn, at_ms.saturating_sub(1), |_, span, version| {
            span.0 = span.0.max(version);
        })?;
    }
    if let Some(at_ms) = filter.until_ms {
        spans.narrow(conn, at_ms.saturating_sub(1), |_, span, version| {
            span.1 = span.1.min(version);
        })?;
    }
    if let From::Before(mark) | From::After(mark) = from {
        spans.leave_beside(conn, mark, from == From::Before(mark))?;
    }
    if let Some(run) = &filter.run {
        spans.leave_of(conn, run)?;
    }
    spans.0.retain(|(_, span)| span.0 < span.1);
    Ok(spans.0)
}

/// What is left of each company's versions.
struct Spans(Vec<(CompanyId, Span)>);

impl Spans {
    /// Narrows each span by the version that its company had at a moment.
    fn narrow(
        &mut self,
        conn: &mut Conn,
        at_ms: i64,
        by: impl Fn(CompanyId, &mut Span, i64),
    ) -> Result<()> {
        let versions = versions_at(conn, at_ms)?;
        for (company, span) in &mut self.0 {
            by(*company, span, versions.get(company).copied().unwrap_or(0));
        }
        Ok(())
    }

    /// Leaves what is older than a mark, or newer.
    fn leave_beside(&mut self, conn: &mut Conn, mark: Mark, older: bool) -> Result<()> {
        // Lines of the mark's own moment stand in the order of their companies.
        for (at_ms, later) in [(mark.at_ms, false), (mark.at_ms.saturating_sub(1), true)] {
            self.narrow(conn, at_ms, |company, span, version| {
                let version = match company == mark.company {
                    true if older => mark.seq.saturating_sub(1),
                    true => mark.seq,
                    false if (company > mark.company) == later => version,
                    false => return,
                };
                if older {
                    span.1 = span.1.min(version);
                } else {
                    span.0 = span.0.max(version);
                }
            })?;
        }
        Ok(())
    }

    /// Leaves what one run published.
    fn leave_of(&mut self, conn: &mut Conn, run: &RunId) -> Result<()> {
        let (of, Span(low, high)) = of_run(conn, run)?.unwrap_or((CompanyId(0), Span(0, 0)));
        for (company, span) in &mut self.0 {
            *span = match *company == of {
                true => Span(span.0.max(low), span.1.min(high)),
                false => Span(0, 0),
            };
        }
        Ok(())
    }
}

/// When each company last published a change, in UTC milliseconds, up to the moment that a page is read from: none of its lines
/// there is newer.
pub(super) fn newest(
    conn: &mut Conn,
    filter: &Filter,
    from: From,
) -> Result<HashMap<CompanyId, i64>> {
    let mark_ms = match from {
        From::Before(mark) => mark.at_ms,
        From::Newest | From::After(_) => i64::MAX,
    };
    let until_ms = filter
        .until_ms
        .map_or(i64::MAX, |at_ms| at_ms.saturating_sub(1));
    let moved = sync_runs::version_before
        .is_null()
        .or(sync_runs::version_after.gt(sync_runs::version_before));
    let found: Vec<(CompanyId, Option<i64>)> = sync_runs::table
        .filter(
            sync_runs::state
                .eq_any([RunState::Succeeded, RunState::Partial])
                .and(sync_runs::dry_run.eq(false))
                .and(sync_runs::finished_at_ms.le(mark_ms.min(until_ms)))
                .and(moved),
        )
        .group_by(sync_runs::company_id)
        .select((
            sync_runs::company_id,
            diesel::dsl::max(sync_runs::finished_at_ms),
        ))
        .load(conn)?;
    let known = |(company, at_ms): (CompanyId, Option<i64>)| Some((company, at_ms?));
    Ok(found.into_iter().filter_map(known).collect())
}

/// Whose run it is, and its versions: they follow one another.
fn of_run(conn: &mut Conn, run: &RunId) -> Result<Option<(CompanyId, Span)>> {
    let found: Option<(CompanyId, Option<i64>, Option<i64>)> = sync_runs::table
        .find(run)
        .select((
            sync_runs::company_id,
            sync_runs::version_before,
            sync_runs::version_after,
        ))
        .get_result(conn)
        .optional()?;
    Ok(found.map(|(company, before, after)| {
        let span = Span(before.unwrap_or(0), after.unwrap_or(0));
        (company, span)
    }))
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
