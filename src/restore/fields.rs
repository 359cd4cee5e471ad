//! Fields that programs see of a copy that becomes the store: what is hidden today stays hidden.

use crate::companies;
use crate::db::Conn;
use crate::delivery;
use crate::error::{Error, Result};
use crate::fields::Fields;
use crate::ids::CompanyId;
use crate::settings::DEFAULTS;
use crate::settings::delivery::{DeliveryOverrides, own};

/// The fields that each company shows, and those that the defaults show, which come first.
pub(super) fn shown(conn: &mut Conn) -> Result<Vec<(CompanyId, Fields)>> {
    let defaults = own(conn, DEFAULTS)?;
    let mut found = vec![(DEFAULTS, of(&defaults, &DeliveryOverrides::default())?)];
    for company in companies::store::ids(conn)? {
        let fields = of(&own(conn, company)?, &defaults)?;
        found.push((company, fields));
    }
    Ok(found)
}

fn of(own: &DeliveryOverrides, base: &DeliveryOverrides) -> Result<Fields> {
    Ok(own.held_over(base)?.fields)
}

/// Hides what the present store hides; gives how many companies, the defaults among them, show less for it.
pub(super) fn hide(conn: &mut Conn, present: &[(CompanyId, Fields)], now_ms: i64) -> Result<usize> {
    let known = companies::store::ids(conn)?;
    let mut hidden = 0;
    for (company, today) in present {
        if *company == DEFAULTS || known.contains(company) {
            hidden += usize::from(narrow(conn, *company, *today, now_ms)?);
        }
    }
    Ok(hidden)
}

fn narrow(conn: &mut Conn, company: CompanyId, today: Fields, now_ms: i64) -> Result<bool> {
    let (mut said, defaults) = (own(conn, company)?, own(conn, DEFAULTS)?);
    let then = of(&said, &defaults)?;
    let both = then.and(today);
    if both == then {
        return Ok(false);
    }
    let left = if both.is_empty() { today } else { both };
    let left = serde_json::to_value(left).map_err(|cause| Error::Machine(cause.into()))?;
    said.set("fields", Some(left));
    delivery::change(conn, company, &said, "restore", now_ms)?;
    Ok(true)
}
