//! Sessions: one row per signed-in browser. The cookie's value is never stored, only its hash.

use diesel::prelude::*;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::db::Conn;
use crate::error::Result;
use crate::ids::{AdminId, hex, random_hex};
use crate::schema::{admins, sessions};

/// A session without a request for this long is over.
pub const IDLE_SECONDS: i64 = 8 * 3600;
/// A session is over after this long, used or not.
pub const LONGEST_SECONDS: i64 = 7 * 24 * 3600;
/// How often a session in use is prolonged at most.
const PROLONG_EVERY: i64 = 10 * 60;

/// A signed-in browser.
#[derive(Debug, Clone)]
pub struct Session {
    /// SHA-256 of the cookie's value.
    pub hash: String,
    /// Who signed in.
    pub admin: AdminId,
    /// Their email.
    pub email: String,
    /// What every form of this session carries.
    pub csrf: String,
    created_at: i64,
    expires_at: i64,
}

impl Session {
    /// Whether a form carries this session's token; takes the same time for every wrong one.
    pub fn owns(&self, csrf: &str) -> bool {
        self.csrf.as_bytes().ct_eq(csrf.as_bytes()).into()
    }

    /// Whether [`prolong`] has something to do.
    pub fn is_due(&self, now: i64) -> bool {
        prolonged(self.created_at, now) >= self.expires_at + PROLONG_EVERY
    }
}

/// Begins a session and gives back the value for the cookie.
pub fn start(conn: &mut Conn, admin: AdminId, now: i64) -> Result<String> {
    remove_expired(conn, now)?;
    let cookie = random_hex::<32>();
    diesel::insert_into(sessions::table)
        .values((
            sessions::hash.eq(hash_of(&cookie)),
            sessions::admin_id.eq(admin),
            sessions::csrf.eq(random_hex::<32>()),
            sessions::created_at.eq(now),
            sessions::expires_at.eq(prolonged(now, now)),
        ))
        .execute(conn)?;
    Ok(cookie)
}

/// The session of a cookie, unless it is over.
pub fn find(conn: &mut Conn, cookie: &str, now: i64) -> Result<Option<Session>> {
    let found = sessions::table
        .inner_join(admins::table)
        .filter(sessions::hash.eq(hash_of(cookie)))
        .filter(sessions::expires_at.gt(now))
        .select((
            sessions::hash,
            sessions::admin_id,
            admins::email,
            sessions::csrf,
            sessions::created_at,
            sessions::expires_at,
        ))
        .get_result::<(String, AdminId, String, String, i64, i64)>(conn)
        .optional()?;
    Ok(found.map(
        |(hash, admin, email, csrf, created_at, expires_at)| Session {
            hash,
            admin,
            email,
            csrf,
            created_at,
            expires_at,
        },
    ))
}

/// Moves the end of a session that is in use, never beyond its longest life.
pub fn prolong(conn: &mut Conn, session: &Session, now: i64) -> Result<()> {
    diesel::update(sessions::table.filter(sessions::hash.eq(&session.hash)))
        .set(sessions::expires_at.eq(prolonged(session.created_at, now)))
        .execute(conn)?;
    Ok(())
}

/// Ends the session of a cookie. Nothing happens where there is none.
pub fn end(conn: &mut Conn, cookie: &str) -> Result<()> {
    diesel::delete(sessions::table.filter(sessions::hash.eq(hash_of(cookie)))).execute(conn)?;
    Ok(())
}

fn remove_expired(conn: &mut Conn, now: i64) -> Result<()> {
    diesel::delete(sessions::table.filter(sessions::expires_at.le(now))).execute(conn)?;
    Ok(())
}

fn prolonged(created_at: i64, now: i64) -> i64 {
    (now + IDLE_SECONDS).min(created_at + LONGEST_SECONDS)
}

fn hash_of(cookie: &str) -> String {
    hex(&Sha256::digest(cookie.as_bytes()))
}
