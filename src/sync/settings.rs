//! Changing what shapes a company's rows: saved, audited and under a new stamp at once.

use std::collections::HashMap;

use diesel::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Run;
use crate::audit::{self, Entry};
use crate::companies;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, hex};
use crate::language::Said;
use crate::moodle::Shape;
use crate::schema::sync_runs;
use crate::settings::{DEFAULTS, Overrides, store};

/// Saves settings, and renews the stamp of every company whose shape they change; returns those. Call it in a
/// transaction. Rows change with the next sync only.
///
/// `company` is [`DEFAULTS`] for the defaults. What is as it was already leaves no trace.
pub fn change(
    conn: &mut Conn,
    company: CompanyId,
    new: &Overrides,
    actor: &str,
    now_ms: i64,
) -> Result<Vec<CompanyId>> {
    let affected = affected(conn, company, new)?;
    for company in &affected {
        companies::store::renew(conn, *company)?;
    }
    let old = store::own(conn, company)?;
    if old == *new {
        return Ok(affected);
    }
    store::save(conn, company, new, actor, now_ms.div_euclid(1000))?;
    let entry = Entry {
        actor,
        company: (company != DEFAULTS).then_some(company),
        action: "settings_changed",
        subject: if company == DEFAULTS {
            "defaults"
        } else {
            "rows"
        },
        before: Some(json(&old)?),
        after: Some(json(new)?),
    };
    audit::record(conn, &entry, now_ms)?;
    Ok(affected)
}

/// What settings are now that a change of them would begin from: a name that changes whenever a company's own settings or
/// the defaults do. `company` is [`DEFAULTS`] for the defaults.
pub fn basis(conn: &mut Conn, company: CompanyId) -> Result<String> {
    let (own, defaults) = (store::own(conn, company)?, store::own(conn, DEFAULTS)?);
    let digest = Sha256::digest(format!("{}\n{}", json(&own)?, json(&defaults)?));
    Ok(hex(&digest[..16]))
}

/// Makes sure that settings are still those that a change was made up from, until the transaction ends.
///
/// Fails with [`Error::Conflict`] where somebody has changed them.
pub fn check_basis(conn: &mut Conn, company: CompanyId, basis: &str) -> Result<()> {
    store::lock(conn)?;
    if self::basis(conn, company)? == basis {
        return Ok(());
    }
    let why = Said::new(
        "the settings of the company, or the defaults, have changed since these were tried; look at them and try again",
    );
    Err(Error::Conflict(why))
}

/// The latest run that tried a shape out on a company.
pub fn trial(conn: &mut Conn, company: CompanyId, shape: &Shape) -> Result<Option<Run>> {
    let text = serde_json::to_string(shape).map_err(|cause| Error::Machine(cause.into()))?;
    let found = sync_runs::table
        .filter(
            sync_runs::company_id
                .eq(company)
                .and(sync_runs::shape.eq(text))
                .and(sync_runs::dry_run.eq(true)),
        )
        .order((sync_runs::requested_at_ms.desc(), sync_runs::id.desc()))
        .limit(1)
        .select(Run::as_select())
        .get_result(conn)
        .optional()?;
    Ok(found)
}

/// The companies whose rows would be shaped otherwise, by id.
pub fn affected(conn: &mut Conn, company: CompanyId, new: &Overrides) -> Result<Vec<CompanyId>> {
    let mut found = candidates(conn, company)?;
    let now = store::all(conn)?;
    let mut then = now.clone();
    then.insert(company, new.clone());
    found.retain(|candidate| shaped(&now, *candidate) != shaped(&then, *candidate));
    Ok(found)
}

/// The shape of a company where companies and the defaults say this.
fn shaped(all: &HashMap<CompanyId, Overrides>, company: CompanyId) -> Shape {
    let own = |level| all.get(&level).cloned().unwrap_or_default();
    own(company).applied_to(own(DEFAULTS).applied_to(Shape::default()))
}

/// The shape that a company would have with new settings of `changed`: its own or the defaults.
pub fn proposed(
    conn: &mut Conn,
    company: CompanyId,
    changed: CompanyId,
    new: &Overrides,
) -> Result<Shape> {
    let level = |conn: &mut Conn, level| match level {
        level if level == changed => Ok(new.clone()),
        level => store::own(conn, level),
    };
    let defaults = level(conn, DEFAULTS)?.applied_to(Shape::default());
    Ok(level(conn, company)?.applied_to(defaults))
}

fn candidates(conn: &mut Conn, company: CompanyId) -> Result<Vec<CompanyId>> {
    if company != DEFAULTS {
        companies::store::get(conn, company)?;
        return Ok(vec![company]);
    }
    companies::store::ids(conn) // locks are taken in one order
}

fn json(own: &Overrides) -> Result<Value> {
    serde_json::to_value(own).map_err(|cause| Error::Machine(cause.into()))
}
