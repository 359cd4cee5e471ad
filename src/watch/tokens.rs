//! The rule about tokens that end soon.

use std::collections::HashMap;

use diesel::prelude::*;

use super::rules::{Looked, values};
use crate::alerts::Kind;
use crate::companies;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::schema::{api_tokens, companies as known};
use crate::settings::site::Setting;
use crate::tokens::{Token, store};
use crate::words::Severity;

const DAY: i64 = 86_400;

/// Follows the rule. Tokens that live for less than a day are nobody's business, nor are those that another replaced.
pub fn look(conn: &mut Conn, looked: &mut Looked<'_>, now: i64) -> Result<()> {
    if !looked.follows(Kind::TokenExpiring) {
        return Ok(());
    }
    let low = looked.number(Setting::TokenLowDays);
    let days = low.max(looked.number(Setting::TokenMediumDays));
    for (company, all) in ending(conn, now, days)? {
        for token in &all {
            weigh(looked, company, token, &all, now);
        }
    }
    Ok(())
}

/// The tokens of each company in use in which one ends within so many days.
fn ending(conn: &mut Conn, now: i64, days: i64) -> Result<HashMap<CompanyId, Vec<Token>>> {
    let companies: Vec<i64> = api_tokens::table
        .filter(api_tokens::revoked_at.is_null())
        .filter(api_tokens::expires_at.gt(now))
        .filter(api_tokens::expires_at.le(now + days * DAY))
        .inner_join(known::table)
        .filter(companies::store::in_use())
        .select(api_tokens::company_id)
        .distinct()
        .load(conn)?;
    let mut found = HashMap::new();
    for company in companies.into_iter().map(CompanyId) {
        found.insert(company, store::list(conn, company)?);
    }
    Ok(found)
}

fn weigh(looked: &mut Looked<'_>, company: CompanyId, token: &Token, all: &[Token], now: i64) {
    let Some(end) = token.expires_at.filter(|end| *end > now) else {
        return;
    };
    let short = end - token.created_at < DAY;
    if short || token.revoked_at.is_some() || token.successor(all, now).is_some() {
        return;
    }
    let within = |setting| end - now <= looked.number(setting) * DAY;
    let severity = match () {
        () if within(Setting::TokenMediumDays) => Severity::Medium,
        () if within(Setting::TokenLowDays) => Severity::Low,
        () => return,
    };
    let days = ((end - now) / DAY).to_string();
    let values = values([("token", token.name.clone()), ("days", days)]);
    let subject = format!("token:{}", token.id);
    looked.find_of(company, (Kind::TokenExpiring, severity), &subject, values);
}
