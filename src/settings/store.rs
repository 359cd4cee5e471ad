//! Reading and writing settings.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{DEFAULTS, Overrides};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::moodle::Shape;
use crate::schema::sync_settings;

/// What shapes a company's rows now: its own settings over the defaults.
pub fn shape(conn: &mut Conn, company: CompanyId) -> Result<Shape> {
    let defaults = own(conn, DEFAULTS)?.applied_to(Shape::default());
    Ok(own(conn, company)?.applied_to(defaults))
}

/// What a company, or the defaults, say themselves.
pub fn own(conn: &mut Conn, company: CompanyId) -> Result<Overrides> {
    let stored: Option<String> = sync_settings::table
        .find(company)
        .select(sync_settings::shape)
        .get_result(conn)
        .optional()?;
    let own = stored.map(|text| parsed(&text)).transpose()?;
    Ok(own.unwrap_or_default())
}

/// What companies say themselves, and the defaults at [`DEFAULTS`]; who says nothing is missing, or empty.
pub fn all(conn: &mut Conn) -> Result<HashMap<CompanyId, Overrides>> {
    let stored: Vec<(CompanyId, String)> = sync_settings::table
        .select((sync_settings::company_id, sync_settings::shape))
        .load(conn)?;
    let read = |(company, text): (CompanyId, String)| Ok((company, parsed(&text)?));
    stored.into_iter().map(read).collect()
}

fn parsed(text: &str) -> Result<Overrides> {
    serde_json::from_str(text)
        .map_err(|cause| diesel::result::Error::DeserializationError(cause.into()).into())
}

/// When the settings of a company, or the defaults, were last changed and by whom.
pub fn last_change(conn: &mut Conn, company: CompanyId) -> Result<Option<(i64, String)>> {
    let found = sync_settings::table
        .find(company)
        .select((sync_settings::changed_at, sync_settings::changed_by))
        .get_result(conn)
        .optional()?;
    Ok(found)
}

/// Waits until no other transaction changes settings, and lets none do so until this one ends.
pub fn lock(conn: &mut Conn) -> Result<()> {
    // Writing rows takes their locks on PostgreSQL; on SQLite the write transaction is the lock.
    diesel::update(sync_settings::table)
        .set(sync_settings::changed_at.eq(sync_settings::changed_at))
        .execute(conn)?;
    Ok(())
}

/// Writes them as they shall be. What follows from it, a new stamp and an entry in the audit log, is for the caller to do.
pub fn save(
    conn: &mut Conn,
    company: CompanyId,
    own: &Overrides,
    actor: &str,
    now: i64,
) -> Result<()> {
    let text = serde_json::to_string(own).map_err(|cause| Error::Machine(cause.into()))?;
    let values = (
        sync_settings::shape.eq(text),
        sync_settings::changed_at.eq(now),
        sync_settings::changed_by.eq(actor),
    );
    let updated = diesel::update(sync_settings::table.find(company))
        .set(values.clone())
        .execute(conn)?;
    if updated == 0 {
        diesel::insert_into(sync_settings::table)
            .values((sync_settings::company_id.eq(company), values))
            .execute(conn)?;
    }
    Ok(())
}
