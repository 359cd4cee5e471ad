//! Changing how rows are delivered to programs: saved and audited, and part of every question from then on.

pub mod today;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::audit::{self, Entry};
use crate::companies;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, TokenId, hex};
use crate::requests::Limits;
use crate::settings::DEFAULTS;
use crate::settings::delivery::{Delivery, DeliveryOverrides, lock, own, save};
use crate::windows;

/// The setting that changes nothing of what answers say.
const CACHE: &str = "cache_minutes";

/// What a token of a company may call, as the company's rows are delivered.
pub fn limits(company: CompanyId, token: TokenId, delivery: &Delivery) -> Limits {
    Limits {
        company,
        token,
        per_token: delivery.calls_per_token,
        per_company: delivery.calls_per_company,
        zone: delivery.zone.0,
    }
}

/// What delivery settings are now that a change of them would begin from: a name that changes whenever those of a company
/// or the defaults do. `company` is [`DEFAULTS`] for the defaults.
pub fn basis(conn: &mut Conn, company: CompanyId) -> Result<String> {
    let (said, defaults) = (own(conn, company)?, own(conn, DEFAULTS)?);
    let all = format!("{}\n{}", json(&said)?, json(&defaults)?);
    Ok(hex(&Sha256::digest(all)[..16]))
}

/// Makes sure that settings are still those that a change was made up from, until the transaction ends.
///
/// Fails with [`Error::Conflict`] where somebody has changed them.
pub fn check_basis(conn: &mut Conn, company: CompanyId, basis: &str) -> Result<()> {
    lock(conn)?;
    if company != DEFAULTS {
        companies::store::lock(conn, company)?;
    }
    if self::basis(conn, company)? == basis {
        return Ok(());
    }
    let why = "somebody has changed these settings, or the defaults, since this form was opened";
    Err(Error::Conflict(why.into()))
}

/// Saves delivery settings of a company, or with [`DEFAULTS`] those that the others follow; returns every company
/// for which something is otherwise now. Call it in a transaction.
///
/// The rows stay as they are, and so does their stamp: a sync that runs is not disturbed. How rows are delivered is part
/// of each question, so no reply from before answers one from after.
/// `Invalid` where a value is none of its setting. What is as it was already leaves no trace.
pub fn change(
    conn: &mut Conn,
    company: CompanyId,
    new: &DeliveryOverrides,
    actor: &str,
    now_ms: i64,
) -> Result<Vec<CompanyId>> {
    let of_company = (company != DEFAULTS).then_some(company);
    lock(conn)?;
    if let Some(company) = of_company {
        companies::store::get(conn, company)?;
    }
    let old = own(conn, company)?;
    new.held_over(&DeliveryOverrides::default())?;
    if old == *new {
        return Ok(Vec::new());
    }
    let otherwise = save(conn, company, new, actor, now_ms.div_euclid(1000))?;
    if old.without(CACHE) != new.without(CACHE) {
        for company in &otherwise {
            windows::store::void(conn, *company)?;
        }
    }
    let entry = Entry {
        actor,
        company: of_company,
        action: "delivery_changed",
        subject: of_company.map_or("defaults", |_| "delivery"),
        before: Some(json(&old)?),
        after: Some(json(new)?),
    };
    audit::record(conn, &entry, now_ms)?;
    Ok(otherwise)
}

fn json(said: &DeliveryOverrides) -> Result<Value> {
    serde_json::to_value(said).map_err(|cause| Error::Machine(cause.into()))
}
