//! Sign-ins that are half done: the password was right, the code is not there yet. No session exists so far.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::db::Conn;
use crate::error::Result;
use crate::ids::{AdminId, hex, random_hex};
use crate::schema::{admins, sign_in_steps};

/// How long the code may take.
pub const SECONDS: i64 = 10 * 60;

/// A sign-in that waits for its code.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Step {
    /// Who wants in.
    pub admin: AdminId,
    /// Their email.
    pub email: String,
}

/// Begins one and gives the value for the cookie, which is never stored.
pub fn start(conn: &mut Conn, admin: AdminId, now: i64) -> Result<String> {
    diesel::delete(sign_in_steps::table.filter(sign_in_steps::expires_at.le(now))).execute(conn)?;
    let cookie = random_hex::<32>();
    diesel::insert_into(sign_in_steps::table)
        .values((
            sign_in_steps::hash.eq(hash_of(&cookie)),
            sign_in_steps::admin_id.eq(admin),
            sign_in_steps::expires_at.eq(now + SECONDS),
        ))
        .execute(conn)?;
    Ok(cookie)
}

/// The one of a cookie, unless its time is up or its admin may not sign in any more.
pub fn find(conn: &mut Conn, cookie: &str, now: i64) -> Result<Option<Step>> {
    let found = sign_in_steps::table
        .inner_join(admins::table)
        .filter(sign_in_steps::hash.eq(hash_of(cookie)))
        .filter(sign_in_steps::expires_at.gt(now))
        .filter(admins::disabled_at.is_null())
        .select((admins::id, admins::email))
        .get_result(conn)
        .optional()?;
    Ok(found)
}

/// Ends the one of a cookie; `false` where somebody was quicker.
pub fn end(conn: &mut Conn, cookie: &str) -> Result<bool> {
    let ended = diesel::delete(sign_in_steps::table.find(hash_of(cookie))).execute(conn)?;
    Ok(ended == 1)
}

/// Ends all of somebody: their password or their second factor is another now.
pub fn remove_of(conn: &mut Conn, admin: AdminId) -> Result<()> {
    let theirs = sign_in_steps::table.filter(sign_in_steps::admin_id.eq(admin));
    diesel::delete(theirs).execute(conn)?;
    Ok(())
}

fn hash_of(cookie: &str) -> String {
    hex(&Sha256::digest(cookie.as_bytes()))
}
