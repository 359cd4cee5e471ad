//! How the limits on calls stand today: every company and token that has one, or has called under one.

use std::collections::HashMap;

use diesel::prelude::*;

use super::limits;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, TokenId};
use crate::requests::{ALL_TOKENS, Limits, Standing, stats};
use crate::schema::{api_tokens, companies, quota_days};
use crate::settings::delivery::Delivery;
use crate::time::buckets::day_start;

/// From which part of a limit on somebody should know, in percent.
pub const NOTICE_PERCENT: i64 = 80;
/// How much of a day must be over before its end is guessed, in seconds.
const EARLY: i64 = 3600;
/// Longest day of any zone, in seconds.
const LONGEST_DAY: i64 = 27 * 3600;

/// One limit of today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Whose.
    pub company: CompanyId,
    /// Its name, hostile text.
    pub company_name: String,
    /// The token that it is of, with its name; `None` is the limit of the whole company.
    pub token: Option<(TokenId, String)>,
    /// How it stands.
    pub standing: Standing,
    /// The zone whose midnight ends the day.
    pub zone: &'static str,
    /// When the day ends, UTC seconds.
    pub resets_at: i64,
    /// How many calls there will be by then, at the pace of the day so far; `None` within the day's first hour.
    pub forecast: Option<i64>,
    /// Calls of today that the limit refused, by the log.
    pub refused: usize,
}

impl Use {
    /// Used calls per hundred of the limit.
    pub fn percentage(&self) -> f64 {
        100.0 * self.standing.used as f64 / f64::from(self.standing.limit.max(1))
    }

    /// Whether [`NOTICE_PERCENT`] of the limit are used.
    pub fn is_short(&self) -> bool {
        self.standing.used * 100 >= i64::from(self.standing.limit) * NOTICE_PERCENT
    }
}

/// Today's limits of one company or of all, the fullest first: each company's own limit, and those of the tokens that have
/// called today. Calls of the last second may be missing.
pub fn uses(conn: &mut Conn, only: Option<CompanyId>, now: i64) -> Result<Vec<Use>> {
    let counts = counts(conn, now)?;
    let mut refused = refused(conn, now)?;
    let tokens = tokens(conn, &counts)?;
    let mut found = Vec::new();
    for (company, name, delivery) in known(conn, only)? {
        let delivery = Delivery::read(&delivery)?;
        let mine = counts.get(&company).map_or(&[][..], Vec::as_slice);
        let turned_away = refused.remove(&company).unwrap_or_default();
        let day = Day::of(&limits(company, ALL_TOKENS, &delivery), now);
        let used = |token: TokenId| {
            let of_token = |count: &&Count| count.0 == token && count.1 == day.number;
            mine.iter().find(of_token).map_or(0, |count| count.2)
        };
        let callers = mine.iter().filter(|count| count.1 == day.number);
        let mut slots = vec![(ALL_TOKENS, delivery.calls_per_company)];
        slots.extend(
            callers
                .filter(|count| count.0 != ALL_TOKENS)
                .map(|count| (count.0, delivery.calls_per_token)),
        );
        for (token, limit) in slots.into_iter().filter(|(_, limit)| *limit > 0) {
            let of_all = token == ALL_TOKENS;
            let is_mine = |(caller, at_ms): &&(TokenId, i64)| {
                (of_all || *caller == token) && *at_ms >= day.from * 1000
            };
            let used = used(token);
            found.push(Use {
                company,
                company_name: name.clone(),
                token: (!of_all).then(|| (token, tokens.get(&token).cloned().unwrap_or_default())),
                standing: Standing {
                    limit,
                    of_company: of_all,
                    used,
                    resets_in: day.left,
                },
                zone: delivery.zone.0.name(),
                resets_at: now + day.left,
                forecast: day.forecast(used, now),
                refused: turned_away.iter().filter(is_mine).count(),
            });
        }
    }
    found.sort_by(|one, next| next.percentage().total_cmp(&one.percentage()));
    Ok(found)
}

/// A day of a company's zone.
struct Day {
    number: i64,
    from: i64,
    left: i64,
}

impl Day {
    fn of(limits: &Limits, now: i64) -> Self {
        let (number, left) = limits.day(now);
        let from = day_start(now, 0, limits.zone).unwrap_or(now);
        Self { number, from, left }
    }

    fn forecast(&self, used: i64, now: i64) -> Option<i64> {
        let over = now - self.from;
        (over >= EARLY).then(|| used * (over + self.left) / over)
    }
}

/// A token, a day, and its calls.
type Count = (TokenId, i64, i64);

fn counts(conn: &mut Conn, now: i64) -> Result<HashMap<CompanyId, Vec<Count>>> {
    let today = now.div_euclid(86_400);
    let rows: Vec<(CompanyId, TokenId, i64, i64)> = quota_days::table
        .filter(quota_days::day.between(today - 1, today + 1)) // of all zones
        .filter(quota_days::used.gt(0))
        .select((
            quota_days::company_id,
            quota_days::token_id,
            quota_days::day,
            quota_days::used,
        ))
        .load(conn)?;
    let mut counts: HashMap<CompanyId, Vec<Count>> = HashMap::new();
    for (company, token, day, used) in rows {
        counts.entry(company).or_default().push((token, day, used));
    }
    Ok(counts)
}

fn refused(conn: &mut Conn, now: i64) -> Result<HashMap<CompanyId, Vec<(TokenId, i64)>>> {
    let mut refused: HashMap<_, Vec<_>> = HashMap::new();
    for (company, token, at_ms) in stats::refused_since(conn, (now - LONGEST_DAY) * 1000)? {
        refused.entry(company).or_default().push((token, at_ms));
    }
    Ok(refused)
}

fn known(conn: &mut Conn, only: Option<CompanyId>) -> Result<Vec<(CompanyId, String, String)>> {
    let mut known = companies::table.order(companies::name).into_boxed();
    if let Some(company) = only {
        known = known.filter(companies::id.eq(company));
    }
    let columns = (companies::id, companies::name, companies::delivery);
    Ok(known.select(columns).load(conn)?)
}

/// The names of the tokens that have called.
fn tokens(
    conn: &mut Conn,
    counts: &HashMap<CompanyId, Vec<Count>>,
) -> Result<HashMap<TokenId, String>> {
    let callers = counts.values().flatten().map(|count| count.0.0);
    let mut callers: Vec<i64> = callers.collect();
    callers.sort_unstable();
    callers.dedup();
    let mut names = HashMap::new();
    for some in callers.chunks(5000) {
        let found: Vec<(TokenId, String)> = api_tokens::table
            .filter(api_tokens::id.eq_any(some))
            .select((api_tokens::id, api_tokens::name))
            .load(conn)?;
        names.extend(found);
    }
    Ok(names)
}
