//! Rules over the calls of the last hour: failures, slowness, floods, unknown tokens.
//!
//! Only calls with a known token count, so that whoever guesses tokens cannot make the service look broken; and a call that
//! a limit refused has not failed: it has a rule of its own. At most the latest [`MOST`] calls are looked at.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::rules::{Looked, is_above, is_on, percent, values};
use crate::alerts::Kind;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::requests::list::IS_STRANGER;
use crate::requests::tally::{IS_ERROR, IS_REFUSED};
use crate::settings::site::Setting;
use crate::words::Severity;

/// Most calls that one look reads, so that it takes bounded time however long the log is.
pub const MOST: i64 = 200_000;
const HOUR_MS: i64 = 3_600_000;
/// So many failed calls of a company, and no other, say that its program does not work.
const BROKEN: i64 = 3;

/// The latest calls of the hour before `$1`, at most `$2`, by the log's index of time.
const LATEST: &str = "(select company_id, token_id, route, status, error, duration_us from request_log \
    where at_ms > $1 order by at_ms desc, id desc limit $2) as latest";

/// Calls of one company and address.
#[derive(Debug, Clone, QueryableByName)]
struct Counted {
    #[diesel(sql_type = Nullable<BigInt>)]
    company_id: Option<i64>,
    #[diesel(sql_type = Text)]
    route: String,
    #[diesel(sql_type = BigInt)]
    calls: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = BigInt)]
    unknown: i64,
}

/// Calls, and how many of them failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    calls: i64,
    failed: i64,
}

impl Tally {
    fn add(&mut self, counted: &Counted) {
        self.calls += counted.calls;
        self.failed += counted.failed;
    }

    /// Whether every call failed, of a program that makes few of them.
    fn is_broken(self) -> bool {
        self.failed == self.calls && self.failed >= BROKEN
    }
}

/// Follows the rules about calls.
pub fn look(conn: &mut Conn, looked: &mut Looked<'_>, now: i64) -> Result<()> {
    let since_ms = now * 1000 - HOUR_MS;
    let counted = count(conn, since_ms)?;
    let (mut all, mut companies, mut routes) = (
        Tally::default(),
        BTreeMap::<i64, Tally>::new(),
        BTreeMap::<&str, Tally>::new(),
    );
    for line in &counted {
        let Some(company) = line.company_id else {
            continue;
        };
        all.add(line);
        companies.entry(company).or_default().add(line);
        routes.entry(&line.route).or_default().add(line);
    }
    failed_auth(looked, counted.iter().map(|line| line.unknown).sum());
    error_rate(looked, all);
    for (company, tally) in &companies {
        of_company(looked, CompanyId(*company), *tally);
    }
    for (route, tally) in &routes {
        of_route(looked, route, *tally);
    }
    looked
        .followed
        .extend([Kind::CompanyErrors, Kind::HighUsage, Kind::EndpointErrors]);
    if looked.follows(Kind::SlowResponse)
        && all.calls >= looked.number(Setting::ErrorRateLeastCalls)
    {
        slow(looked, slowest_twentieth_us(conn, since_ms, all.calls)?);
    }
    Ok(())
}

fn count(conn: &mut Conn, since_ms: i64) -> Result<Vec<Counted>> {
    let statement = format!(
        "select company_id, route, count(*) as calls, \
         count(case when {IS_REFUSED} then null when {IS_ERROR} then 1 end) as failed, \
         count(case when {IS_STRANGER} then 1 end) as unknown \
         from {LATEST} group by company_id, route order by company_id, route"
    );
    let query = diesel::sql_query(statement)
        .bind::<BigInt, _>(since_ms)
        .bind::<BigInt, _>(MOST);
    Ok(query.load(conn)?)
}

/// What 95 of 100 calls keep below: the smallest time of the slowest twentieth.
fn slowest_twentieth_us(conn: &mut Conn, since_ms: i64, calls: i64) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Took {
        #[diesel(sql_type = BigInt)]
        duration_us: i64,
    }
    let statement = format!(
        "select duration_us from {LATEST} where company_id is not null order by duration_us desc limit 1 offset $3"
    );
    let query = diesel::sql_query(statement)
        .bind::<BigInt, _>(since_ms)
        .bind::<BigInt, _>(MOST)
        .bind::<BigInt, _>(calls / 20);
    let took: Option<Took> = query.get_result(conn).optional()?;
    Ok(took.map_or(0, |took| took.duration_us))
}

fn failed_auth(looked: &mut Looked<'_>, calls: i64) {
    if looked.follows(Kind::FailedAuth) && calls >= looked.number(Setting::FailedAuthPerHour) {
        let values = values([("calls", calls.to_string())]);
        looked.find(Kind::FailedAuth, Severity::High, "", values);
    }
}

fn rate(tally: Tally) -> [(&'static str, String); 3] {
    [
        ("failed", tally.failed.to_string()),
        ("calls", tally.calls.to_string()),
        ("percent", percent(tally.failed, tally.calls).to_string()),
    ]
}

fn error_rate(looked: &mut Looked<'_>, tally: Tally) {
    if !looked.follows(Kind::ErrorRate) || tally.calls < looked.number(Setting::ErrorRateLeastCalls)
    {
        return;
    }
    let above = |setting| is_above(tally.failed, tally.calls, looked.number(setting));
    let severity = match () {
        () if above(Setting::ErrorRateCriticalPercent) => Severity::Critical,
        () if above(Setting::ErrorRateHighPercent) => Severity::High,
        () => return,
    };
    looked.find(Kind::ErrorRate, severity, "", values(rate(tally)));
}

fn of_company(looked: &mut Looked<'_>, company: CompanyId, tally: Tally) {
    let enough = tally.calls >= looked.number(Setting::ErrorRateLeastCalls) || tally.is_broken();
    let most = looked.number(Setting::CompanyErrorsPercent);
    let failing = enough && is_above(tally.failed, tally.calls, most);
    if failing && is_on(looked.site, Kind::CompanyErrors) {
        let what = (Kind::CompanyErrors, Severity::Medium);
        looked.find_of(company, what, "", values(rate(tally)));
    }
    let many = tally.calls > looked.number(Setting::HighUsagePerHour);
    if many && is_on(looked.site, Kind::HighUsage) {
        let what = (Kind::HighUsage, Severity::Medium);
        let values = values([("calls", tally.calls.to_string())]);
        looked.find_of(company, what, "", values);
    }
}

fn of_route(looked: &mut Looked<'_>, route: &str, tally: Tally) {
    let enough = tally.calls >= looked.number(Setting::ErrorRateLeastCalls);
    if !enough || !is_on(looked.site, Kind::EndpointErrors) {
        return;
    }
    let above = |setting| is_above(tally.failed, tally.calls, looked.number(setting));
    let severity = match () {
        () if above(Setting::EndpointHighPercent) => Severity::High,
        () if above(Setting::EndpointMediumPercent) => Severity::Medium,
        () => return,
    };
    let mut values = values(rate(tally));
    values.insert("route".into(), route.to_owned());
    looked.find(Kind::EndpointErrors, severity, route, values);
}

fn slow(looked: &mut Looked<'_>, took_us: i64) {
    let above = |setting| took_us > looked.number(setting) * 1000;
    let severity = match () {
        () if above(Setting::SlowCriticalMs) => Severity::Critical,
        () if above(Setting::SlowMediumMs) => Severity::Medium,
        () => return,
    };
    let values = values([("ms", (took_us / 1000).to_string())]);
    looked.find(Kind::SlowResponse, severity, "", values);
}
