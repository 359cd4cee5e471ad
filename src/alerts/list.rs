//! Alerts as an admin reads them: filtered, newest first, page by page; and how many are open.

use diesel::prelude::*;

use super::{Alert, Kind, State};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::schema::alerts;
use crate::words::Severity;

/// Which alerts. `None` is all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// In one of these states: an empty filter shows what is not closed.
    pub state: Shown,
    /// That matter this much.
    pub severity: Option<Severity>,
    /// Of this company.
    pub company: Option<CompanyId>,
    /// About this.
    pub kind: Option<Kind>,
}

crate::words! {
    /// Which states a list shows.
    Shown {
        /// Open and acknowledged.
        Unclosed = "unclosed",
        /// Open only.
        Open = "open",
        /// Acknowledged only.
        Acknowledged = "acknowledged",
        /// Closed only.
        Closed = "closed",
        /// Every alert.
        All = "all",
    }
}

#[expect(clippy::derivable_impls, reason = "words! derives no default")]
impl Default for Shown {
    fn default() -> Self {
        Self::Unclosed
    }
}

type Alerts = alerts::BoxedQuery<'static, <Conn as Connection>::Backend>;

/// Alerts newest first, after so many.
pub fn page(conn: &mut Conn, filter: Filter, offset: i64, limit: i64) -> Result<Vec<Alert>> {
    let found = narrowed(filter)
        .order((alerts::opened_at.desc(), alerts::id.desc()))
        .offset(offset)
        .limit(limit)
        .select(Alert::as_select())
        .load(conn)?;
    Ok(found)
}

/// How many alerts a filter keeps.
pub fn count(conn: &mut Conn, filter: Filter) -> Result<i64> {
    Ok(narrowed(filter).count().get_result(conn)?)
}

/// How many alerts nobody has looked at; with `only`, of one company.
pub fn open_count(conn: &mut Conn, only: Option<CompanyId>) -> Result<i64> {
    let filter = Filter {
        state: Shown::Open,
        company: only,
        ..Filter::default()
    };
    count(conn, filter)
}

/// Earlier alerts of the same thing, newest first.
pub fn earlier(conn: &mut Conn, alert: &Alert, limit: i64) -> Result<Vec<Alert>> {
    let mut same = alerts::table
        .filter(alerts::kind.eq(alert.kind))
        .filter(alerts::subject.eq(alert.subject.clone()))
        .filter(alerts::id.lt(alert.id))
        .into_boxed();
    same = match alert.company_id {
        Some(company) => same.filter(alerts::company_id.eq(company)),
        None => same.filter(alerts::company_id.is_null()),
    };
    let found = same
        .order(alerts::id.desc())
        .limit(limit)
        .select(Alert::as_select())
        .load(conn)?;
    Ok(found)
}

fn narrowed(filter: Filter) -> Alerts {
    let mut all = alerts::table.into_boxed();
    all = match filter.state {
        Shown::All => all,
        Shown::Unclosed => all.filter(alerts::state.ne(State::Closed)),
        Shown::Open => all.filter(alerts::state.eq(State::Open)),
        Shown::Acknowledged => all.filter(alerts::state.eq(State::Acknowledged)),
        Shown::Closed => all.filter(alerts::state.eq(State::Closed)),
    };
    if let Some(severity) = filter.severity {
        all = all.filter(alerts::severity.eq(severity));
    }
    if let Some(company) = filter.company {
        all = all.filter(alerts::company_id.eq(company));
    }
    if let Some(kind) = filter.kind {
        all = all.filter(alerts::kind.eq(kind));
    }
    all
}
