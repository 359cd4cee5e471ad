//! What nobody can use any more is let go: sessions that are over, links that open nothing, attempts that count no more.

use diesel::prelude::*;

use super::{invitations, limits, sessions};
use crate::db::Conn;
use crate::error::Result;
use crate::schema::sign_in_steps;

/// Lets go what is over at a moment, UTC seconds; returns how many rows.
pub fn forget(conn: &mut Conn, now: i64) -> Result<usize> {
    let steps = sign_in_steps::table.filter(sign_in_steps::expires_at.le(now));
    let steps = diesel::delete(steps).execute(conn)?;
    let sessions = sessions::remove_expired(conn, now)?;
    let links = invitations::remove_expired(conn, now)?;
    Ok(steps + sessions + links + limits::remove_old(conn, now)?)
}
