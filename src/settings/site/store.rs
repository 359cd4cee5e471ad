//! Reading and writing settings of the site. The room `site`, above, checks and audits.

use diesel::prelude::*;

use super::{NeededFor, Setting, Site};
use crate::db::Conn;
use crate::error::Result;
use crate::schema::site_settings;

/// What holds now.
pub fn read(conn: &mut Conn) -> Result<Site> {
    let stored = site_settings::table.select((site_settings::name, site_settings::value));
    Ok(Site::of(stored.load(conn)?))
}

/// Who must have a second factor. One look-up by key.
pub fn second_factor_for(conn: &mut Conn) -> Result<NeededFor> {
    let setting = Setting::SecondFactorFor.as_str();
    let stored = site_settings::table
        .find(setting)
        .select(site_settings::value)
        .get_result::<String>(conn)
        .optional()?;
    let known = stored.and_then(|word| word.parse().ok());
    Ok(known.unwrap_or(NeededFor::Nobody))
}

/// When any of these was last changed and by whom; `None` where all have their defaults still.
pub fn last_change(conn: &mut Conn, of: &[Setting]) -> Result<Option<(i64, String)>> {
    let names: Vec<&str> = of.iter().map(|setting| setting.as_str()).collect();
    let found = site_settings::table
        .filter(site_settings::name.eq_any(names))
        .order((site_settings::changed_at.desc(), site_settings::name))
        .select((site_settings::changed_at, site_settings::changed_by))
        .limit(1)
        .get_result(conn)
        .optional()?;
    Ok(found)
}

/// Waits until no other transaction changes these, and lets none do so until this one ends.
///
/// Two that set the same setting for the first time at once meet at the row's key: one of them runs again.
pub fn lock(conn: &mut Conn) -> Result<()> {
    // Writing rows takes their locks on PostgreSQL; on SQLite the write transaction is the lock.
    diesel::update(site_settings::table)
        .set(site_settings::changed_at.eq(site_settings::changed_at))
        .execute(conn)?;
    Ok(())
}

/// Writes a value that was checked.
pub fn write(conn: &mut Conn, setting: Setting, value: &str, actor: &str, now: i64) -> Result<()> {
    let values = (
        site_settings::value.eq(value),
        site_settings::changed_at.eq(now),
        site_settings::changed_by.eq(actor),
    );
    let updated = diesel::update(site_settings::table.find(setting.as_str()))
        .set(values)
        .execute(conn)?;
    if updated == 0 {
        diesel::insert_into(site_settings::table)
            .values((site_settings::name.eq(setting.as_str()), values))
            .execute(conn)?;
    }
    Ok(())
}
