//! Who signs in to a copy that becomes the store: as they do today, and nobody who does not any more.

use std::collections::HashSet;

use diesel::prelude::*;

use crate::admins::Role;
use crate::db::Conn;
use crate::error::Result;
use crate::schema::admins;

/// How an admin signs in, or that they do not any more.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = admins, treat_none_as_null = true)]
pub(super) struct SignIn {
    email: String,
    password_hash: String,
    role: String,
    company_id: Option<i64>,
    disabled_at: Option<i64>,
    totp_secret: Option<String>,
    totp_step: i64,
    recovery: Option<String>,
}

/// How everybody signs in.
pub(super) fn sign_ins(conn: &mut Conn) -> Result<Vec<SignIn>> {
    Ok(admins::table.select(SignIn::as_select()).load(conn)?)
}

/// Lets everybody sign in as they do today; gives how many of the copy may not any more.
pub(super) fn take_away(conn: &mut Conn, present: &[SignIn], now: i64) -> Result<usize> {
    let before = enabled(conn)?;
    let known: HashSet<&str> = present.iter().map(|one| one.email.as_str()).collect();
    let gone = |email: &&String| !known.contains(email.as_str());
    for email in before.iter().filter(gone) {
        diesel::update(admins::table.filter(admins::email.eq(email)))
            .set(admins::disabled_at.eq(now))
            .execute(conn)?;
    }
    for admin in present {
        diesel::update(admins::table.filter(admins::email.eq(&admin.email)))
            .set(admin)
            .execute(conn)?;
    }
    let after = enabled(conn)?;
    Ok(before.difference(&after).count())
}

fn enabled(conn: &mut Conn) -> Result<HashSet<String>> {
    let open = admins::table.filter(admins::disabled_at.is_null());
    let emails: Vec<String> = open.select(admins::email).load(conn)?;
    Ok(emails.into_iter().collect())
}

/// Whether anybody with every right can sign in.
pub(super) fn has_admin(conn: &mut Conn) -> Result<bool> {
    let open = admins::table
        .filter(admins::role.eq(Role::Admin))
        .filter(admins::disabled_at.is_null());
    let count: i64 = open.count().get_result(conn)?;
    Ok(count > 0)
}
