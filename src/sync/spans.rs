//! Days and marks of the change log as spans of versions, so that each company's lines are found by their key.

use std::collections::HashMap;

use diesel::prelude::*;

use super::RunState;
use super::log::{Filter, From};
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
            span.0 = span.0.max(version);
        })?;
    }
    if let Some(at_ms) = filter.until_ms {
        bound(at_ms.saturating_sub(1), &|span, _, version| {
            span.1 = span.1.min(version);
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
    if let Some(run) = &filter.run {
        let (of, Span(low, high)) = of_run(conn, run)?.unwrap_or((CompanyId(0), Span(0, 0)));
        for (company, span) in companies.iter().zip(&mut spans) {
            *span = if *company == of {
                Span(span.0.max(low), span.1.min(high))
            } else {
                Span(0, 0)
            };
        }
    }
    let pairs = companies.iter().copied().zip(spans);
    Ok(pairs.filter(|(_, span)| span.0 < span.1).collect())
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
