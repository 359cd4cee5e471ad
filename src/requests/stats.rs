//! Numbers of the log of requests within a stretch of time: each is defined here, and nowhere else.
//!
//! One pass over the calls of the stretch, newest first, a few thousand at a time, fills every number of a report; so all
//! numbers of one page are of the same calls, and percentiles are exact: sums that were made before would have to guess
//! them, and any filter would need sums of its own. `cargo bench --bench pages` says what a million calls cost.

use std::collections::HashMap;
use std::hash::Hash;

use diesel::prelude::*;

use super::list::Mark;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, TokenId};
use crate::schema::request_log;
use crate::time::buckets::Bucket;

/// Refusals that are looked at, at most; of more, the latest.
const MOST_REFUSED: i64 = 1_000_000;
/// Calls that are read at a time.
const BATCH: i64 = 20_000;

/// A stretch of time: UTC milliseconds, the end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its beginning.
    pub from_ms: i64,
    /// Its end.
    pub until_ms: i64,
    /// How many of its calls are counted at most, the latest.
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

/// The numbers of some calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that were answered, whatever the answer.
    pub calls: i64,
    /// Calls that were answered with an error: see [`is_error`].
    pub errors: i64,
    /// Calls that a limit refused: see [`is_refused`].
    pub refused: i64,
    /// Bytes of the bodies as they went over the wire.
    pub bytes: i64,
    /// Calls whose answer came from the company's cache.
    pub hits: i64,
    /// Calls whose answer the company's cache did not have. Calls that never asked it are neither.
    pub misses: i64,
    /// When the latest call was answered, UTC milliseconds.
    pub last_ms: Option<i64>,
    /// Microseconds of each call; in order once the report is made.
    durations: Vec<u32>,
}

/// Everything that is counted of a stretch.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// All calls.
    pub total: Tally,
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

/// Whether a call was answered with an error: a status from 400 on, or an error in the body, as the old plugin's door
/// answers. 304 is none: it says that the client has the right rows.
pub fn is_error(status: i32, error: Option<&str>) -> bool {
    status >= 400 || error.is_some()
}

/// Whether a limit refused a call: answered 429, or in the old plugin's words. It is an error too.
pub fn is_refused(status: i32, error: Option<&str>) -> bool {
    status == 429 || error == Some("ratelimitexceeded")
}

/// The same for the store, word for word as its index says it.
const IS_REFUSED: &str = "(status = 429 or error = 'ratelimitexceeded')";

impl Tally {
    /// Calls that were answered without an error.
    pub fn answered(&self) -> i64 {
        self.calls - self.errors
    }

    /// Calls without an error per hundred; `None` without calls.
    pub fn success_rate(&self) -> Option<f64> {
        share(self.answered(), self.calls)
    }

    /// Hits per hundred hits and misses; `None` where the cache was never asked.
    pub fn hit_rate(&self) -> Option<f64> {
        share(self.hits, self.hits + self.misses)
    }

    /// The shortest duration, in microseconds, that so many of a hundred calls did not exceed; `None` without calls.
    pub fn quantile(&self, percent: u8) -> Option<i64> {
        let rank = (self.durations.len() * usize::from(percent)).div_ceil(100);
        let found = self.durations.get(rank.max(1) - 1);
        found.map(|duration| i64::from(*duration))
    }

    /// The quantiles that every page shows: 50, 95 and 99 of a hundred.
    pub fn quantiles(&self) -> [(u8, Option<i64>); 3] {
        [50, 95, 99].map(|percent| (percent, self.quantile(percent)))
    }

    fn add(&mut self, call: &Call) {
        self.calls += 1;
        self.errors += i64::from(is_error(call.status, call.error.as_deref()));
        self.refused += i64::from(is_refused(call.status, call.error.as_deref()));
        self.bytes += call.bytes;
        self.hits += i64::from(call.hit == Some(true));
        self.misses += i64::from(call.hit == Some(false));
        self.last_ms = self.last_ms.max(Some(call.at_ms));
        let duration = call.duration_us.clamp(0, u32::MAX.into());
        self.durations.push(duration as u32);
    }

    /// Adds other calls.
    fn join(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.refused += other.refused;
        self.bytes += other.bytes;
        self.hits += other.hits;
        self.misses += other.misses;
        self.last_ms = self.last_ms.max(other.last_ms);
        self.durations.extend_from_slice(&other.durations);
    }
}

fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

/// Counts the calls of a stretch, of one company or of all. The buckets are in order and without gaps.
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

/// What is counted of a call.
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
            tally.add(&call);
        }
        let alike = Alike {
            company: call.company_id,
            token: call.token_id,
            route: self.route(&call.route),
            version: call.version,
        };
        self.alike.entry(alike).or_default().add(&call);
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
            report.total.join(tally);
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
    /// Puts the durations in order.
    fn close(&mut self) {
        let in_order = |tally: &mut Tally| tally.durations.sort_unstable();
        in_order(&mut self.total);
        self.over_time.iter_mut().for_each(in_order);
        each(&mut self.companies, in_order);
        each(&mut self.tokens, in_order);
        each(&mut self.routes, in_order);
        each(&mut self.versions, in_order);
    }
}

fn each<K: Eq + Hash>(tallies: &mut HashMap<K, Tally>, work: impl Fn(&mut Tally)) {
    tallies.values_mut().for_each(work);
}

/// How many calls of each company's token a limit has refused since a moment (UTC milliseconds), and when.
pub fn refused_since(conn: &mut Conn, since_ms: i64) -> Result<Vec<(CompanyId, TokenId, i64)>> {
    let found: Vec<(Option<CompanyId>, Option<TokenId>, i64)> = request_log::table
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>(IS_REFUSED))
        .filter(request_log::at_ms.ge(since_ms))
        .order(request_log::at_ms.desc())
        .limit(MOST_REFUSED)
        .select((
            request_log::company_id,
            request_log::token_id,
            request_log::at_ms,
        ))
        .load(conn)?;
    let known = |(company, token, at_ms)| Some((company?, token?, at_ms));
    Ok(found.into_iter().filter_map(known).collect())
}
