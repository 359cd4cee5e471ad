//! Rules over today's limits: used up, or nearly.

use diesel::prelude::*;

use super::rules::{Looked, is_on, percent, values};
use crate::alerts::{Kind, Values};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, TokenId};
use crate::requests::{ALL_TOKENS, Limits, reaches};
use crate::schema::{companies, quota_days};
use crate::settings::delivery::Delivery;
use crate::settings::site::Setting;
use crate::tokens;
use crate::words::Severity;

const DAY: i64 = 86_400;

/// A count of today, and what it may come to.
struct Used {
    company: CompanyId,
    token: TokenId,
    used: i64,
    limit: i64,
}

/// Follows the rules about limits.
pub fn look(conn: &mut Conn, looked: &mut Looked<'_>, now: i64) -> Result<()> {
    looked.followed.extend([Kind::RateLimit, Kind::Quota]);
    for one in today(conn, now)? {
        let Some(what) = weigh(looked, &one) else {
            continue;
        };
        let (subject, values) = describe(conn, &one)?;
        looked.find_of(one.company, what, &subject, values);
    }
    Ok(())
}

/// Today's counts where there is a limit, each day by the clock of its company.
fn today(conn: &mut Conn, now: i64) -> Result<Vec<Used>> {
    let today = now.div_euclid(DAY);
    let counts: Vec<(CompanyId, TokenId, i64, i64, String)> = quota_days::table
        .inner_join(companies::table.on(companies::id.eq(quota_days::company_id)))
        .filter(quota_days::day.between(today - 1, today + 1)) // of all zones
        .order((
            quota_days::company_id,
            quota_days::token_id,
            quota_days::day,
        ))
        .select((
            quota_days::company_id,
            quota_days::token_id,
            quota_days::day,
            quota_days::used,
            companies::delivery,
        ))
        .load(conn)?;
    let mut found = Vec::new();
    for (company, token, day, used, delivery) in counts {
        let delivery = Delivery::read(&delivery)?;
        let limits = Limits {
            company,
            token,
            per_token: delivery.calls_per_token,
            per_company: delivery.calls_per_company,
            zone: delivery.zone.0,
        };
        let limit = match token == ALL_TOKENS {
            true => i64::from(delivery.calls_per_company),
            false => i64::from(delivery.calls_per_token),
        };
        if limit > 0 && limits.day(now).0 == day {
            found.push(Used {
                company,
                token,
                used,
                limit,
            });
        }
    }
    Ok(found)
}

fn weigh(looked: &Looked<'_>, one: &Used) -> Option<(Kind, Severity)> {
    let reaches = |setting| reaches(one.used, one.limit, looked.number(setting));
    let is_used_up = one.used >= one.limit && is_on(looked.site, Kind::RateLimit);
    let what = match () {
        () if is_used_up => (Kind::RateLimit, Severity::High),
        () if reaches(Setting::QuotaMediumPercent) => (Kind::Quota, Severity::Medium),
        () if reaches(Setting::QuotaLowPercent) => (Kind::Quota, Severity::Low),
        () => return None,
    };
    is_on(looked.site, what.0).then_some(what)
}

fn describe(conn: &mut Conn, one: &Used) -> Result<(String, Values)> {
    let mut said = values([
        ("used", one.used.to_string()),
        ("limit", one.limit.to_string()),
        ("percent", percent(one.used, one.limit).to_string()),
    ]);
    if one.token == ALL_TOKENS {
        return Ok(("company".into(), said));
    }
    let name = match tokens::store::get(conn, one.company, one.token) {
        Ok(token) => token.name,
        Err(_) => one.token.to_string(), // it is not kept any more; its count is
    };
    said.insert("token".into(), name);
    Ok((format!("token:{}", one.token), said))
}
