//! Erasures that are in force, for their list.

use diesel::prelude::*;

use super::erase::Erasure;
use crate::db::Conn;
use crate::error::Result;
use crate::schema::erasures;

/// How many erasures are in force.
pub fn count(conn: &mut Conn) -> Result<i64> {
    Ok(erasures::table.count().get_result(conn)?)
}

/// Erasures after so many, newest first.
pub fn page(conn: &mut Conn, offset: i64, limit: i64) -> Result<Vec<Erasure>> {
    let found = erasures::table
        .order((erasures::erased_at.desc(), erasures::user_id))
        .offset(offset)
        .limit(limit)
        .select(Erasure::as_select())
        .load(conn)?;
    Ok(found)
}
