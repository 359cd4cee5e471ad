//! Queries on the log of requests and on the counts of the limits.

use std::collections::HashMap;

use diesel::dsl::{count_star, min, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::quota::Slot;
use super::tally::IS_REFUSED;
use super::{Request, sums};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, TokenId};
use crate::schema::{quota_days, request_log};

/// Appends calls to the log, and adds them to its sums.
pub fn record(conn: &mut Conn, requests: &[Request]) -> Result<()> {
    for request in requests {
        diesel::insert_into(request_log::table)
            .values((
                request_log::at_ms.eq(request.at_ms),
                request_log::company_id.eq(request.company),
                request_log::token_id.eq(request.token),
                request_log::method.eq(request.method),
                request_log::route.eq(&request.route),
                request_log::status.eq(i32::from(request.status)),
                request_log::error.eq(&request.error),
                request_log::rows.eq(request.rows),
                request_log::bytes.eq(request.bytes),
                request_log::duration_us.eq(request.duration_us),
                request_log::cache.eq(request.cache),
                request_log::version.eq(request.version),
                request_log::request_id.eq(&request.request_id),
            ))
            .execute(conn)?;
    }
    sums::add(conn, requests)
}

/// How many calls are in the log, and when the oldest was answered, UTC milliseconds.
pub fn extent(conn: &mut Conn) -> Result<(i64, Option<i64>)> {
    let count = request_log::table.count().get_result(conn)?;
    let oldest = request_log::table.select(min(request_log::at_ms));
    Ok((count, oldest.get_result(conn)?))
}

/// How many calls are from before a moment, UTC milliseconds.
pub fn count_before(conn: &mut Conn, before_ms: i64) -> Result<i64> {
    let old = request_log::table.filter(request_log::at_ms.lt(before_ms));
    Ok(old.count().get_result(conn)?)
}

/// Lets go of the counts of the limits from before a day, counted from 1970; returns how many.
pub fn forget_counts(conn: &mut Conn, day: i64) -> Result<usize> {
    let old = quota_days::table.filter(quota_days::day.lt(day));
    Ok(diesel::delete(old).execute(conn)?)
}

/// How many calls of each token a limit has refused since a moment, UTC milliseconds, of one company's or of all. Which limit
/// it was, the token's or the company's, the log does not know.
pub fn refused(
    conn: &mut Conn,
    only: Option<CompanyId>,
    since_ms: i64,
) -> Result<HashMap<TokenId, i64>> {
    let mut calls = request_log::table
        .group_by(request_log::token_id)
        .select((request_log::token_id.assume_not_null(), count_star()))
        .filter(sql::<Bool>(IS_REFUSED))
        .filter(request_log::at_ms.ge(since_ms))
        .filter(request_log::token_id.is_not_null())
        .into_boxed();
    if let Some(company) = only {
        calls = calls.filter(request_log::company_id.eq(company));
    }
    let rows: Vec<(TokenId, i64)> = calls.load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Lets go of calls from before a moment (UTC milliseconds), the oldest first and about so many at most; returns how many.
pub fn forget(conn: &mut Conn, before_ms: i64, most: i64) -> Result<usize> {
    let last: Option<i64> = request_log::table
        .filter(request_log::at_ms.lt(before_ms))
        .order((request_log::at_ms, request_log::id))
        .offset(most - 1)
        .limit(1)
        .select(request_log::at_ms)
        .get_result(conn)
        .optional()?;
    let until_ms = last.map_or(before_ms, |last| last + 1);
    sums::forget(conn, until_ms)?;
    let gone = request_log::table.filter(request_log::at_ms.lt(until_ms));
    Ok(diesel::delete(gone).execute(conn)?)
}

/// How much of each count is used.
pub fn used(conn: &mut Conn, slots: &[(Slot, u32)]) -> Result<HashMap<Slot, i64>> {
    let mut found = HashMap::new();
    for (slot, _) in slots {
        let (company, token, day) = *slot;
        let used: Option<i64> = quota_days::table
            .find((company, token, day))
            .select(quota_days::used)
            .get_result(conn)
            .optional()?;
        found.insert(*slot, used.unwrap_or(0));
    }
    Ok(found)
}

/// Counts a call in every slot, or, where one is used up, in none; gives whether it was counted and what is used now.
/// Exact however many processes count at once.
pub fn take(conn: &mut Conn, slots: &[(Slot, u32)]) -> Result<(bool, HashMap<Slot, i64>)> {
    let seen = used(conn, slots)?;
    if is_spent(slots, &seen) {
        return Ok((false, seen)); // a flood of refused calls writes nothing
    }
    let mut before = HashMap::new();
    for (slot, _) in slots {
        before.insert(*slot, add(conn, *slot, 1)? - 1);
    }
    if is_spent(slots, &before) {
        for (slot, _) in slots {
            add(conn, *slot, -1)?;
        }
        return Ok((false, before));
    }
    let after = before.into_iter().map(|(slot, used)| (slot, used + 1));
    Ok((true, after.collect()))
}

fn is_spent(slots: &[(Slot, u32)], used: &HashMap<Slot, i64>) -> bool {
    let of = |slot| used.get(slot).copied().unwrap_or(0);
    slots
        .iter()
        .any(|(slot, limit)| of(slot) >= i64::from(*limit))
}

/// Takes one count back in every slot.
pub fn give_back(conn: &mut Conn, slots: &[Slot]) -> Result<()> {
    for slot in slots {
        add(conn, *slot, -1)?;
    }
    Ok(())
}

/// Writes counts that a process keeps in its memory.
pub fn keep_counts(conn: &mut Conn, counts: &HashMap<Slot, i64>) -> Result<()> {
    for ((company, token, day), used) in counts {
        let at = quota_days::table.find((*company, *token, *day));
        let updated = diesel::update(at)
            .set(quota_days::used.eq(used))
            .execute(conn)?;
        if updated == 0 {
            diesel::insert_into(quota_days::table)
                .values((
                    quota_days::company_id.eq(company),
                    quota_days::token_id.eq(token),
                    quota_days::day.eq(day),
                    quota_days::used.eq(used),
                ))
                .execute(conn)?;
        }
    }
    Ok(())
}

/// What a count is after one more or one less. The row stays locked until the transaction ends.
fn add(conn: &mut Conn, (company, token, day): Slot, more: i64) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = BigInt)]
        used: i64,
    }
    let upsert = "insert into quota_days (company_id, token_id, day, used) values ($1, $2, $3, greatest($4, 0)) \
        on conflict (company_id, token_id, day) do update set used = greatest(quota_days.used + $4, 0) returning used";
    let counted: Counted = diesel::sql_query(upsert)
        .bind::<BigInt, _>(company.0)
        .bind::<BigInt, _>(token.0)
        .bind::<BigInt, _>(day)
        .bind::<BigInt, _>(more)
        .get_result(conn)?;
    Ok(counted.used)
}
