//! Invitations: links that let somebody choose a password, once. The store has their hashes only.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::{Role, store};
use crate::config::Secret;
use crate::db::Conn;
use crate::error::{Error, OrNotFound, Result};
use crate::ids::{AdminId, CompanyId, hex, random_hex};
use crate::language::Said;
use crate::schema::invitations;

/// How long a link opens.
pub const SECONDS: i64 = 7 * 24 * 3600;

/// A link that was not used yet.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = invitations)]
pub struct Invitation {
    /// SHA-256 of what the link carries.
    pub hash: String,
    /// Whom it is for, in lower case.
    pub email: String,
    /// What they may do then.
    pub role: Role,
    /// The company of a company manager.
    pub company_id: Option<CompanyId>,
    /// Whose password it sets; `None` for somebody new.
    pub admin_id: Option<AdminId>,
    /// The email of who made it.
    pub invited_by: String,
    /// UTC seconds.
    pub created_at: i64,
    /// From when on it opens nothing, UTC seconds.
    pub expires_at: i64,
}

/// Whom a link is for, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Their email, in whatever case.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// The company of a company manager.
    pub company: Option<CompanyId>,
    /// Whose password it sets; `None` for somebody new.
    pub admin: Option<AdminId>,
}

/// Makes a link in place of an older one for the same person, and gives what it carries and what is kept of it.
pub fn make(conn: &mut Conn, guest: &Guest, by: &str, now: i64) -> Result<(Secret, Invitation)> {
    let email = store::checked_email(&guest.email)?;
    if guest.admin.is_none() && store::find_by_email(conn, &email)?.is_some() {
        let why = Said::new("{email} has an account already").with("email", email);
        return Err(Error::Invalid(why));
    }
    diesel::delete(invitations::table.filter(invitations::email.eq(&email))).execute(conn)?;
    let text = Secret::new(random_hex::<24>());
    let made = Invitation {
        hash: hash_of(text.reveal()),
        email,
        role: guest.role,
        company_id: guest.company,
        admin_id: guest.admin,
        invited_by: by.to_owned(),
        created_at: now,
        expires_at: now + SECONDS,
    };
    diesel::insert_into(invitations::table)
        .values(&made)
        .execute(conn)?;
    Ok((text, made))
}

/// Those that open still, the oldest first.
pub fn list(conn: &mut Conn, now: i64) -> Result<Vec<Invitation>> {
    let open = invitations::table
        .filter(invitations::expires_at.gt(now))
        .order((invitations::created_at, invitations::email))
        .select(Invitation::as_select())
        .load(conn)?;
    Ok(open)
}

/// What a link opens, or `NotFound` where it is unknown, used or too old.
pub fn open(conn: &mut Conn, text: &str, now: i64) -> Result<Invitation> {
    let found = invitations::table
        .find(hash_of(text))
        .filter(invitations::expires_at.gt(now))
        .select(Invitation::as_select())
        .get_result(conn)
        .optional()?;
    found.or_not_found("this link")
}

/// Takes a link away; `NotFound` where it was used or taken away before.
pub fn remove(conn: &mut Conn, hash: &str) -> Result<Invitation> {
    let found = invitations::table
        .find(hash)
        .select(Invitation::as_select())
        .get_result(conn)
        .optional()?;
    let found: Invitation = found.or_not_found("the invitation")?;
    diesel::delete(invitations::table.find(hash)).execute(conn)?;
    Ok(found)
}

/// Takes every link away that sets somebody's password.
pub fn remove_of(conn: &mut Conn, admin: AdminId) -> Result<()> {
    let theirs = invitations::table.filter(invitations::admin_id.eq(admin));
    diesel::delete(theirs).execute(conn)?;
    Ok(())
}

/// Takes every link away that somebody made, who may not any more; returns how many.
pub fn remove_made_by(conn: &mut Conn, email: &str) -> Result<usize> {
    let theirs = invitations::table.filter(invitations::invited_by.eq(email));
    Ok(diesel::delete(theirs).execute(conn)?)
}

/// Takes every link away that is too old to open anything; returns how many.
pub fn remove_expired(conn: &mut Conn, now: i64) -> Result<usize> {
    let old = invitations::table.filter(invitations::expires_at.le(now));
    Ok(diesel::delete(old).execute(conn)?)
}

fn hash_of(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}
