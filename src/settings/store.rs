//! Reading and writing settings.

use diesel::prelude::*;

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::moodle::Shape;
use crate::schema::sync_settings;

/// What shapes a company's rows now: its own settings over the defaults.
pub fn shape(conn: &mut Conn, company: CompanyId) -> Result<Shape> {
    let own: Option<String> = sync_settings::table
        .find(company)
        .select(sync_settings::shape)
        .get_result(conn)
        .optional()?;
    let parsed = own.map(|text| serde_json::from_str(&text)).transpose();
    let shape: Option<Shape> = parsed
        .map_err(|cause| Error::from(diesel::result::Error::DeserializationError(cause.into())))?;
    Ok(shape.unwrap_or_default())
}
