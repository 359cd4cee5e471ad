//! How the limits on calls stand today: every company and token that has one, or has called under one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use diesel::prelude::*;

use super::limits;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, TokenId};
use crate::requests::{ALL_TOKENS, Limits, Standing, store};
use crate::schema::{api_tokens, companies, quota_days};
use crate::settings::delivery::Delivery;
use crate::settings::site::{self, Setting};
use crate::time::day;

/// How much of a day must be over before its end is guessed, in seconds.
const EARLY: i64 = 3600;

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
    /// When the day began, UTC seconds.
    pub began_at: i64,
    /// When it ends, UTC seconds.
    pub resets_at: i64,
    /// How many calls there will be by then, at the pace of the day so far; `None` within the day's first hour.
    pub forecast: Option<i64>,
}

/// From how many per hundred of a limit on somebody should know: as the alert has it.
pub fn near(conn: &mut Conn) -> Result<i64> {
    Ok(site::read(conn)?.number(Setting::QuotaLowPercent))
}

/// Today's limits of one company or of all, the fullest first: each company's own limit, and those of the tokens that have
/// called today. Calls of the last second may be missing.
pub fn uses(conn: &mut Conn, only: Option<CompanyId>, now: i64) -> Result<Vec<Use>> {
    let counts = counts(conn, only, now)?;
    let tokens = tokens(conn, &counts)?;
    let mut found = Vec::new();
    for (company, name, delivery) in known(conn, only)? {
        let delivery = Delivery::read(&delivery)?;
        let mine = counts.get(&company).map_or(&[][..], Vec::as_slice);
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
                began_at: day.from,
                resets_at: now + day.left,
                forecast: day.forecast(used, now),
            });
        }
    }
    let filled = |one: &Use| one.standing.percent().unwrap_or(0.0);
    found.sort_by(|one, next| filled(next).total_cmp(&filled(one)));
    Ok(found)
}

/// The same, each token's with its calls of the day that a limit refused, by the log; a company's with `None`, for the log
/// does not say whether its limit refused them or one of a token.
pub fn with_refused(
    conn: &mut Conn,
    only: Option<CompanyId>,
    now: i64,
) -> Result<Vec<(Use, Option<i64>)>> {
    let uses = uses(conn, only, now)?;
    let mut of_day: HashMap<i64, HashMap<TokenId, i64>> = HashMap::new();
    for began_at in uses.iter().map(|one| one.began_at) {
        if let Entry::Vacant(unknown) = of_day.entry(began_at) {
            unknown.insert(store::refused(conn, only, began_at * 1000)?);
        }
    }
    let refused = |one: &Use| {
        let (token, _) = one.token.as_ref()?;
        let counts = of_day.get(&one.began_at);
        Some(
            counts
                .and_then(|counts| counts.get(token))
                .copied()
                .unwrap_or(0),
        )
    };
    let counted = uses.into_iter().map(|one| (refused(&one), one));
    Ok(counted.map(|(refused, one)| (one, refused)).collect())
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
        let from = day::start(now, 0, limits.zone).unwrap_or(now);
        Self { number, from, left }
    }

    fn forecast(&self, used: i64, now: i64) -> Option<i64> {
        let over = now - self.from;
        (over >= EARLY).then(|| used * (over + self.left) / over)
    }
}

/// A token, a day, and its calls.
type Count = (TokenId, i64, i64);

fn counts(
    conn: &mut Conn,
    only: Option<CompanyId>,
    now: i64,
) -> Result<HashMap<CompanyId, Vec<Count>>> {
    let today = now.div_euclid(86_400);
    let mut all = quota_days::table.into_boxed();
    if let Some(company) = only {
        all = all.filter(quota_days::company_id.eq(company));
    }
    let rows: Vec<(CompanyId, TokenId, i64, i64)> = all
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
