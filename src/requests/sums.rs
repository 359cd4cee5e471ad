//! Sums of calls by quarters of an hour, kept as calls are logged: what makes a day's numbers without reading its calls.
//!
//! Every bucket of every zone begins at such a quarter, so sums make any chart. What a stretch has before its first whole
//! quarter and after its last is counted from the log, and so are shorter buckets.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable};

use super::Request;
use super::stats::Window;
use super::tally::{Facts, IS_ERROR, IS_REFUSED, Tally};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::schema::{request_log, request_sums};
use crate::time::buckets::{Bucket, SLOT, SMALL_SLOT};

/// Whose sums those of all calls are, also of calls without a known token: no company of Moodle has this id.
const ALL: CompanyId = CompanyId(0);

/// The numbers of a stretch.
#[derive(Debug, Clone, Default)]
pub struct Glance {
    /// Of all its calls; the quantiles are of the latest, see [`Self::timed_since_ms`].
    pub total: Tally,
    /// Of the calls of each bucket, in the order of the buckets, without durations.
    pub over_time: Vec<Tally>,
    /// Where there are more calls than are timed: the moment from which on they are, UTC milliseconds.
    pub timed_since_ms: Option<i64>,
}

/// Counts every call of a stretch, of one company or of all, and times so many of the latest as the window says. The
/// buckets are in order and without gaps.
pub fn glance(
    conn: &mut Conn,
    window: Window,
    company: Option<CompanyId>,
    buckets: &[Bucket],
) -> Result<Glance> {
    let mut found = Glance {
        over_time: vec![Tally::default(); buckets.len()],
        ..Glance::default()
    };
    for (slot_ms, tally) in parts(conn, window, company, buckets)? {
        found.total.join(&tally);
        let at_ms = slot_ms.max(window.from_ms);
        let after = buckets.partition_point(|bucket| bucket.from * 1000 <= at_ms);
        let bucket = after.checked_sub(1);
        if let Some(bucket) = bucket.and_then(|place| found.over_time.get_mut(place)) {
            bucket.join(&tally);
        }
    }
    let timed = durations(conn, window, company)?;
    timed
        .iter()
        .for_each(|(_, duration_us)| found.total.time(*duration_us));
    found.total.close();
    let oldest = timed.last().map(|(at_ms, _)| *at_ms);
    found.timed_since_ms = oldest.filter(|_| (timed.len() as i64) < found.total.calls);
    Ok(found)
}

/// The slots of a stretch with their beginnings, in UTC milliseconds.
fn parts(
    conn: &mut Conn,
    window: Window,
    company: Option<CompanyId>,
    buckets: &[Bucket],
) -> Result<Vec<(i64, Tally)>> {
    let slot_ms = SLOT * 1000;
    let (from_ms, until_ms) = (window.from_ms, window.until_ms);
    let first = from_ms.div_euclid(slot_ms) * slot_ms;
    let first = if first < from_ms {
        first + slot_ms
    } else {
        first
    };
    let last = until_ms.div_euclid(slot_ms) * slot_ms;
    let are_slots = |cut: &[Bucket]| cut.iter().all(|bucket| bucket.from % SLOT == 0);
    if first >= last || !are_slots(buckets.get(1..).unwrap_or_default()) {
        return logged(conn, (from_ms, until_ms), company);
    }
    let mut found = logged(conn, (from_ms, first), company)?;
    found.extend(kept(conn, (first, last), company)?);
    found.extend(logged(conn, (last, until_ms), company)?);
    Ok(found)
}

/// Sums as both tables say them.
#[derive(QueryableByName, Queryable)]
struct Row {
    #[diesel(sql_type = BigInt)]
    slot: i64,
    #[diesel(sql_type = BigInt)]
    calls: i64,
    #[diesel(sql_type = BigInt)]
    errors: i64,
    #[diesel(sql_type = BigInt)]
    refused: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = BigInt)]
    hits: i64,
    #[diesel(sql_type = BigInt)]
    misses: i64,
    #[diesel(sql_type = BigInt)]
    last_ms: i64,
}

impl Row {
    fn tally(self) -> (i64, Tally) {
        let tally = Tally {
            calls: self.calls,
            errors: self.errors,
            refused: self.refused,
            bytes: self.bytes,
            hits: self.hits,
            misses: self.misses,
            last_ms: Some(self.last_ms),
            ..Tally::default()
        };
        (self.slot * 1000, tally)
    }
}

/// Whole quarters, as they were kept.
fn kept(
    conn: &mut Conn,
    (from_ms, until_ms): (i64, i64),
    company: Option<CompanyId>,
) -> Result<Vec<(i64, Tally)>> {
    use request_sums as sums;
    let rows: Vec<Row> = sums::table
        .filter(sums::company_id.eq(company.unwrap_or(ALL)))
        .filter(sums::slot.ge(from_ms / 1000))
        .filter(sums::slot.lt(until_ms / 1000))
        .select((
            sums::slot,
            sums::calls,
            sums::errors,
            sums::refused,
            sums::bytes,
            sums::hits,
            sums::misses,
            sums::last_ms,
        ))
        .load(conn)?;
    Ok(rows.into_iter().map(Row::tally).collect())
}

/// The same from the log, in slots that make the shortest buckets.
fn logged(
    conn: &mut Conn,
    (from_ms, until_ms): (i64, i64),
    company: Option<CompanyId>,
) -> Result<Vec<(i64, Tally)>> {
    let of = match company {
        Some(company) => format!("and company_id = {company}"),
        None => String::new(),
    };
    let slot = format!("at_ms / {} * {SMALL_SLOT}", SMALL_SLOT * 1000);
    let statement = format!(
        "select {slot} as slot, count(*) as calls, count(case when {IS_ERROR} then 1 end) as errors, \
         count(case when {IS_REFUSED} then 1 end) as refused, cast(sum(bytes) as bigint) as bytes, \
         count(case when cache = 'hit' then 1 end) as hits, count(case when cache <> 'hit' then 1 end) as misses, \
         max(at_ms) as last_ms from request_log where at_ms >= $1 and at_ms < $2 {of} group by {slot}"
    );
    let rows: Vec<Row> = sql_query(statement)
        .bind::<BigInt, _>(from_ms)
        .bind::<BigInt, _>(until_ms)
        .load(conn)?;
    Ok(rows.into_iter().map(Row::tally).collect())
}

/// When the latest calls were answered, UTC milliseconds, and how long they took, in microseconds; newest first.
fn durations(
    conn: &mut Conn,
    window: Window,
    company: Option<CompanyId>,
) -> Result<Vec<(i64, i64)>> {
    let mut calls = request_log::table
        .filter(request_log::at_ms.ge(window.from_ms))
        .filter(request_log::at_ms.lt(window.until_ms))
        .into_boxed();
    if let Some(company) = company {
        calls = calls.filter(request_log::company_id.eq(company));
    }
    let found = calls
        .order((request_log::at_ms.desc(), request_log::id.desc()))
        .limit(window.most)
        .select((request_log::at_ms, request_log::duration_us))
        .load(conn)?;
    Ok(found)
}

/// Adds calls that are logged to their sums: to those of their company and to those of all.
pub(super) fn add(conn: &mut Conn, requests: &[Request]) -> Result<()> {
    let mut sums: BTreeMap<(CompanyId, i64), Tally> = BTreeMap::new(); // in one order, or two writers block each other
    for request in requests {
        let slot = request.at_ms.div_euclid(SLOT * 1000) * SLOT;
        for whose in [Some(ALL), request.company].into_iter().flatten() {
            sums.entry((whose, slot))
                .or_default()
                .count(&facts(request));
        }
    }
    for ((company, slot), tally) in sums {
        put(conn, company, slot, &tally)?;
    }
    Ok(())
}

fn facts(request: &Request) -> Facts<'_> {
    Facts {
        at_ms: request.at_ms,
        status: request.status.into(),
        error: request.error.as_deref(),
        bytes: request.bytes,
        hit: request.cache.map(|answer| answer == "hit"),
    }
}

fn put(conn: &mut Conn, company: CompanyId, slot: i64, tally: &Tally) -> Result<()> {
    const UPSERT: &str = "insert into request_sums (company_id, slot, calls, errors, refused, bytes, hits, misses, \
        last_ms) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (company_id, slot) do update set \
        calls = request_sums.calls + excluded.calls, errors = request_sums.errors + excluded.errors, \
        refused = request_sums.refused + excluded.refused, bytes = request_sums.bytes + excluded.bytes, \
        hits = request_sums.hits + excluded.hits, misses = request_sums.misses + excluded.misses, \
        last_ms = case when excluded.last_ms > request_sums.last_ms then excluded.last_ms else request_sums.last_ms end";
    sql_query(UPSERT)
        .bind::<BigInt, _>(company.0)
        .bind::<BigInt, _>(slot)
        .bind::<BigInt, _>(tally.calls)
        .bind::<BigInt, _>(tally.errors)
        .bind::<BigInt, _>(tally.refused)
        .bind::<BigInt, _>(tally.bytes)
        .bind::<BigInt, _>(tally.hits)
        .bind::<BigInt, _>(tally.misses)
        .bind::<Nullable<BigInt>, _>(tally.last_ms)
        .execute(conn)?;
    Ok(())
}

/// Lets go of the sums of quarters that were over at a moment, UTC milliseconds.
pub(super) fn forget(conn: &mut Conn, until_ms: i64) -> Result<()> {
    let over = request_sums::slot.le(until_ms / 1000 - SLOT);
    diesel::delete(request_sums::table.filter(over)).execute(conn)?;
    Ok(())
}
