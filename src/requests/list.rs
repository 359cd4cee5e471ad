//! The log of requests as an admin reads it: newest first, filtered, page by page.

use diesel::prelude::*;

use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, TokenId};
use crate::schema::request_log;

/// Calls that one page looks through at most, so that a rare filter does not read the whole log.
pub const SPAN: i64 = 20_000;

/// Whether a call came without a token that is known, in SQL: the list and the alert about such calls ask the same. The
/// door of the old plugin answers them with 200, so the status does not tell.
pub const IS_STRANGER: &str = "(token_id is null and error is not null)";

/// A logged call.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = request_log)]
pub struct Logged {
    /// Its place in the log.
    pub id: i64,
    /// When it was answered, UTC milliseconds.
    pub at_ms: i64,
    /// The company of its token; `None` where the token was none.
    pub company_id: Option<CompanyId>,
    /// Its token.
    pub token_id: Option<TokenId>,
    /// Its method.
    pub method: String,
    /// The pattern of its address.
    pub route: String,
    /// The status of the answer.
    pub status: i32,
    /// What was wrong, in one word.
    pub error: Option<String>,
    /// Rows in the answer, where it is a list.
    pub rows: Option<i64>,
    /// Bytes of the body as they went over the wire.
    pub bytes: i64,
    /// How long it took, microseconds.
    pub duration_us: i64,
    /// `hit` or `miss`, as the answer's `Alx-Cache` said; `None` of an error.
    pub cache: Option<String>,
    /// The data version that was shown.
    pub version: Option<i64>,
    /// The id that the answer carried.
    pub request_id: String,
}

/// Which calls. `None` is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this company.
    pub company: Option<CompanyId>,
    /// With this token.
    pub token: Option<TokenId>,
    /// Only those that were wrong or failed.
    pub errors: bool,
    /// Only those without a token that is known.
    pub stranger: bool,
    /// With this in the pattern of the address, or as all of it.
    pub route: Option<String>,
    /// Whether the route is the whole pattern.
    pub whole_route: bool,
    /// That showed this data version.
    pub version: Option<i64>,
    /// With a status from the first to the last of these.
    pub status: Option<(i32, i32)>,
    /// Answered from this moment on, UTC milliseconds.
    pub from_ms: Option<i64>,
    /// Answered before this moment, UTC milliseconds.
    pub until_ms: Option<i64>,
}

impl Filter {
    /// Whether no index leads straight to its calls.
    fn is_searched(&self) -> bool {
        self.token.is_some()
            || self.errors
            || self.stranger
            || self.route.is_some()
            || self.version.is_some()
            || self.status.is_some()
    }
}

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When the call there was answered.
    pub at_ms: i64,
    /// Its id.
    pub id: i64,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its calls, newest first.
    pub calls: Vec<Logged>,
    /// Where the next page begins; `None` where there is nothing more.
    pub older: Option<Mark>,
}

type Calls = request_log::BoxedQuery<'static, <Conn as Connection>::Backend>;

/// Calls before a place (`None` is the newest), newest first, at most `limit`.
///
/// Where it has to search, it looks through [`SPAN`] calls at most; a page can be short, or empty, and still have a next.
pub fn page(conn: &mut Conn, filter: &Filter, below: Option<Mark>, limit: i64) -> Result<Found> {
    let floor = match filter.is_searched() {
        true => floor(conn, filter, below)?,
        false => None,
    };
    let mut calls = narrowed(scope(filter, below), filter);
    if let Some(floor) = floor {
        calls = calls.filter(request_log::at_ms.ge(floor.at_ms));
    }
    let mut found: Vec<Logged> = calls
        .order((request_log::at_ms.desc(), request_log::id.desc()))
        .limit(limit + 1)
        .select(Logged::as_select())
        .load(conn)?;
    found.retain(|call| floor.is_none_or(|floor| (call.at_ms, call.id) >= (floor.at_ms, floor.id)));
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more).map(|call| Mark {
        at_ms: call.at_ms,
        id: call.id,
    });
    Ok(Found {
        calls: found,
        older: last.or(floor),
    })
}

/// One call of the log.
pub fn find(conn: &mut Conn, id: i64) -> Result<Option<Logged>> {
    let found = request_log::table
        .find(id)
        .select(Logged::as_select())
        .get_result(conn)
        .optional()?;
    Ok(found)
}

/// The calls before a place, of a company and a time, by an index.
fn scope(filter: &Filter, below: Option<Mark>) -> Calls {
    let mut calls = request_log::table.into_boxed();
    if let Some(company) = filter.company {
        calls = calls.filter(request_log::company_id.eq(company));
    }
    if let Some(from_ms) = filter.from_ms {
        calls = calls.filter(request_log::at_ms.ge(from_ms));
    }
    if let Some(until_ms) = filter.until_ms {
        calls = calls.filter(request_log::at_ms.lt(until_ms));
    }
    if let Some(mark) = below {
        let earlier = request_log::at_ms.lt(mark.at_ms);
        let same = request_log::at_ms
            .eq(mark.at_ms)
            .and(request_log::id.lt(mark.id));
        calls = calls
            .filter(request_log::at_ms.le(mark.at_ms)) // what an index understands
            .filter(earlier.or(same));
    }
    calls
}

fn narrowed(mut calls: Calls, filter: &Filter) -> Calls {
    if let Some(token) = filter.token {
        calls = calls.filter(request_log::token_id.eq(token));
    }
    if filter.errors {
        calls = calls.filter(request_log::error.is_not_null());
    }
    if filter.stranger {
        calls = calls.filter(diesel::dsl::sql::<diesel::sql_types::Bool>(IS_STRANGER));
    }
    if let Some(version) = filter.version {
        calls = calls.filter(request_log::version.eq(version));
    }
    if let Some(route) = filter.route.as_ref().filter(|_| filter.whole_route) {
        calls = calls.filter(request_log::route.eq(route.clone()));
    } else if let Some(route) = &filter.route {
        let escaped = route
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        let like = request_log::route.like(format!("%{escaped}%"));
        calls = calls.filter(like.escape('\\'));
    }
    if let Some((first, last)) = filter.status {
        calls = calls.filter(request_log::status.between(first, last));
    }
    calls
}

/// The last of the calls that one page looks through; `None` where there are fewer.
fn floor(conn: &mut Conn, filter: &Filter, below: Option<Mark>) -> Result<Option<Mark>> {
    let found: Option<(i64, i64)> = scope(filter, below)
        .order((request_log::at_ms.desc(), request_log::id.desc()))
        .offset(SPAN - 1)
        .limit(1)
        .select((request_log::at_ms, request_log::id))
        .get_result(conn)
        .optional()?;
    Ok(found.map(|(at_ms, id)| Mark { at_ms, id }))
}
