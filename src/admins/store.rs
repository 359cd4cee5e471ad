//! The admins of the store. Emails are kept in lower case, passwords as argon2 hashes.

use diesel::prelude::*;

use super::password;
use crate::db::Conn;
use crate::error::{Error, OrNotFound, Result};
use crate::ids::AdminId;
use crate::language::Said;
use crate::schema::admins;

/// Somebody who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// The store's id.
    pub id: AdminId,
    /// Lower case.
    pub email: String,
    /// argon2 in PHC form.
    pub(super) password_hash: String,
    /// Whether they may not sign in.
    pub(super) disabled: bool,
}

/// Adds an admin and gives back its id. Hashes the password, so never call it on a thread that serves requests.
///
/// [`Error::Invalid`] for an email without `@` or a password of less than 12 characters,
/// [`Error::Conflict`] for an email that is taken.
pub fn create(conn: &mut Conn, email: &str, password: &str, now: i64) -> Result<AdminId> {
    let hash = password::hash(password)?;
    add(conn, email, &hash, now)
}

/// Like [`create`], with a password that is hashed already.
pub fn add(conn: &mut Conn, email: &str, hash: &str, now: i64) -> Result<AdminId> {
    let email = checked_email(email)?;
    insert(conn, &email, hash, now)
}

/// Like [`create`], but only while there is no admin at all: else [`Error::Conflict`].
pub fn create_first(conn: &mut Conn, email: &str, password: &str, now: i64) -> Result<AdminId> {
    take_turns(conn, "admins")?;
    if any(conn)? {
        return Err(Error::Conflict("there is an admin already".into()));
    }
    create(conn, email, password, now)
}

/// Whether anybody can sign in at all.
pub fn any(conn: &mut Conn) -> Result<bool> {
    let first: Option<AdminId> = admins::table
        .select(admins::id)
        .limit(1)
        .get_result(conn)
        .optional()?;
    Ok(first.is_some())
}

/// The admin with this email, in whatever case it is typed.
pub fn find_by_email(conn: &mut Conn, email: &str) -> Result<Option<Admin>> {
    let found: Option<(AdminId, String, String, Option<i64>)> = admins::table
        .filter(admins::email.eq(normal(email)))
        .select((
            admins::id,
            admins::email,
            admins::password_hash,
            admins::disabled_at,
        ))
        .get_result(conn)
        .optional()?;
    Ok(found.map(|(id, email, password_hash, disabled_at)| Admin {
        id,
        email,
        password_hash,
        disabled: disabled_at.is_some(),
    }))
}

/// Lets one writer of a table wait for the other, until its transaction ends. SQLite has one writer anyway.
pub(super) fn take_turns(conn: &mut Conn, table: &'static str) -> Result<()> {
    if let Conn::Pg(conn) = conn {
        diesel::sql_query(format!("lock table {table} in exclusive mode")).execute(conn)?;
    }
    Ok(())
}

/// Most bytes of an email: more cannot be delivered to.
pub(super) const LONGEST_EMAIL: usize = 254;

/// How emails are compared: without spaces around them, in lower case.
pub fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

fn insert(conn: &mut Conn, email: &str, hash: &str, now: i64) -> Result<AdminId> {
    if find_by_email(conn, email)?.is_some() {
        let why = Said::new("there is an admin with the email {email} already");
        return Err(Error::Conflict(why.with("email", email)));
    }
    diesel::insert_into(admins::table)
        .values((
            admins::email.eq(email),
            admins::password_hash.eq(hash),
            admins::created_at.eq(now),
        ))
        .execute(conn)?;
    let added = find_by_email(conn, email)?.or_not_found("the admin")?;
    Ok(added.id)
}

pub(super) fn checked_email(email: &str) -> Result<String> {
    let email = normal(email);
    let parts = email.split_once('@');
    let plausible = parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if !plausible
        || email.len() > LONGEST_EMAIL
        || email.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return Err(Error::Invalid(
            "the email must look like name@example.com".into(),
        ));
    }
    Ok(email)
}
