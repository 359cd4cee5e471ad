//! The single calls of a stretch of time: by company, token, address and version, and how long they took.
//!
//! One pass over the calls of the stretch, newest first, a few thousand at a time, fills every number of a report; so its
//! numbers are of the same calls, and percentiles are exact: sums that were made before would have to guess them. What
//! sums can say, `sums` says. `cargo bench --bench pages` says what a million calls cost.

use std::collections::HashMap;
use std::hash::Hash;

use diesel::prelude::*;

use super::list::Mark;
use super::tally::{Facts, Tally};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, TokenId};
use crate::schema::request_log;
use crate::time::buckets::Bucket;

/// Calls that are read at a time.
const BATCH: i64 = 20_000;

/// A stretch of time: UTC milliseconds, the end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its beginning.
    pub from_ms: i64,
    /// Its end.
    pub until_ms: i64,
    /// How many of its calls are looked at one by one at most, the latest.
    pub most: i64,
}

impl Window {
    /// So many seconds up to the end of the present one, in UTC seconds.
    pub fn last(seconds: i64, now: i64, most: i64) -> Self {
        Self {
            from_ms: (now + 1 - seconds) * 1000,
            until_ms: (now + 1) * 1000,
            most,
        }
    }
}

/// Everything that is counted of a stretch.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The calls of each bucket, in the order of the buckets.
    pub over_time: Vec<Tally>,
    /// By company; `None` are calls without a known token.
    pub companies: HashMap<Option<CompanyId>, Tally>,
    /// By token.
    pub tokens: HashMap<Option<TokenId>, Tally>,
    /// By the pattern of the address.
    pub routes: HashMap<String, Tally>,
    /// By company and the data version that was shown.
    pub versions: HashMap<(CompanyId, i64), Tally>,
    /// Where the stretch has more calls than are counted: the moment from which on they are counted, UTC milliseconds.
    pub since_ms: Option<i64>,
}

/// Looks at the calls of a stretch, of one company or of all. The buckets are in order and without gaps.
///
/// Reads at most so many calls as the window says, by an index, and one more to know whether there are more.
pub fn report(
    conn: &mut Conn,
    window: Window,
    company: Option<CompanyId>,
    buckets: &[Bucket],
) -> Result<Report> {
    let mut counting = Counting::within(buckets);
    let (mut room, mut below) = (window.most, None);
    loop {
        let calls = read(conn, (window, company, below), room.clamp(1, BATCH))?;
        let Some(last) = calls.last() else {
            return Ok(counting.report(None));
        };
        if room == 0 {
            return Ok(counting.report(below.map(|mark: Mark| mark.at_ms)));
        }
        below = Some(Mark {
            at_ms: last.at_ms,
            id: last.id,
        });
        room -= calls.len() as i64;
        calls.into_iter().for_each(|call| counting.add(call));
    }
}

type Wanted = (Window, Option<CompanyId>, Option<Mark>);

fn read(conn: &mut Conn, (window, company, below): Wanted, limit: i64) -> Result<Vec<Call>> {
    // One upper bound only, or SQLite reads each time from the end of the stretch.
    let until_ms = below.map_or(window.until_ms, |mark| mark.at_ms + 1);
    let mut calls = request_log::table
        .filter(request_log::at_ms.ge(window.from_ms))
        .filter(request_log::at_ms.lt(until_ms))
        .into_boxed();
    if let Some(company) = company {
        calls = calls.filter(request_log::company_id.eq(company));
    }
    if let Some(Mark { at_ms, id }) = below {
        let same = request_log::at_ms.eq(at_ms).and(request_log::id.lt(id));
        calls = calls.filter(request_log::at_ms.lt(at_ms).or(same));
    }
    let found = calls
        .order((request_log::at_ms.desc(), request_log::id.desc()))
        .limit(limit)
        .select(Call::as_select())
        .load(conn)?;
    Ok(found)
}

/// What is read of a call.
#[derive(Queryable, Selectable)]
#[diesel(table_name = request_log)]
struct Call {
    id: i64,
    at_ms: i64,
    company_id: Option<CompanyId>,
    token_id: Option<TokenId>,
    route: String,
    status: i32,
    error: Option<String>,
    bytes: i64,
    duration_us: i64,
    #[diesel(select_expression = request_log::cache.eq("hit"))]
    hit: Option<bool>,
    version: Option<i64>,
}

impl Call {
    fn add_to(&self, tally: &mut Tally) {
        tally.count(&Facts {
            at_ms: self.at_ms,
            status: self.status,
            error: self.error.as_deref(),
            bytes: self.bytes,
            hit: self.hit,
        });
        tally.time(self.duration_us);
    }
}

/// A report on its way. Each call is counted once in its bucket and once among its like; tables are sums of these.
struct Counting<'a> {
    buckets: &'a [Bucket],
    over_time: Vec<Tally>,
    routes: HashMap<String, usize>,
    alike: HashMap<Alike, Tally>,
}

/// What calls are counted by.
#[derive(PartialEq, Eq, Hash)]
struct Alike {
    company: Option<CompanyId>,
    token: Option<TokenId>,
    route: usize,
    version: Option<i64>,
}

impl<'a> Counting<'a> {
    fn within(buckets: &'a [Bucket]) -> Self {
        Self {
            buckets,
            over_time: vec![Tally::default(); buckets.len()],
            routes: HashMap::new(),
            alike: HashMap::new(),
        }
    }

    fn add(&mut self, call: Call) {
        let after = self
            .buckets
            .partition_point(|bucket| bucket.from * 1000 <= call.at_ms);
        let place = after.checked_sub(1);
        if let Some(tally) = place.and_then(|place| self.over_time.get_mut(place)) {
            call.add_to(tally);
        }
        let alike = Alike {
            company: call.company_id,
            token: call.token_id,
            route: self.route(&call.route),
            version: call.version,
        };
        call.add_to(self.alike.entry(alike).or_default());
    }

    /// The number of an address.
    fn route(&mut self, pattern: &str) -> usize {
        if let Some(known) = self.routes.get(pattern) {
            return *known;
        }
        let number = self.routes.len();
        self.routes.insert(pattern.to_owned(), number);
        number
    }

    fn report(self, since_ms: Option<i64>) -> Report {
        let mut report = Report {
            over_time: self.over_time,
            since_ms,
            ..Report::default()
        };
        let mut routes = vec![Tally::default(); self.routes.len()];
        for (alike, tally) in &self.alike {
            report
                .companies
                .entry(alike.company)
                .or_default()
                .join(tally);
            report.tokens.entry(alike.token).or_default().join(tally);
            routes[alike.route].join(tally);
            if let Some(version) = alike.company.zip(alike.version) {
                report.versions.entry(version).or_default().join(tally);
            }
        }
        let named =
            |(pattern, number): (String, usize)| (pattern, std::mem::take(&mut routes[number]));
        report.routes = self.routes.into_iter().map(named).collect();
        report.close();
        report
    }
}

impl Report {
    fn close(&mut self) {
        self.over_time.iter_mut().for_each(Tally::close);
        each(&mut self.companies, Tally::close);
        each(&mut self.tokens, Tally::close);
        each(&mut self.routes, Tally::close);
        each(&mut self.versions, Tally::close);
    }
}

fn each<K: Eq + Hash>(tallies: &mut HashMap<K, Tally>, work: impl Fn(&mut Tally)) {
    tallies.values_mut().for_each(work);
}
