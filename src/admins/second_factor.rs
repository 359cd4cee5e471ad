//! The second factor as the store has it: the app's secret, the last step that was used, and what recovery codes are left.

use diesel::prelude::*;

use super::recovery;
use super::totp::{self, Shared};
use super::vault::Vault;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::AdminId;
use crate::schema::admins;

/// What somebody proved with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A code of the app.
    App,
    /// A recovery code; so many are left.
    Recovery(usize),
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = admins)]
struct Kept {
    email: String,
    totp_secret: Option<String>,
    recovery: Option<String>,
}

/// How many recovery codes somebody has left; `None` without a second factor.
pub fn codes_left(conn: &mut Conn, id: AdminId) -> Result<Option<usize>> {
    let kept = find(conn, id)?.filter(|kept| kept.totp_secret.is_some());
    let left = kept.map(|kept| hashes(&kept).map(|left| left.len()));
    left.transpose()
}

/// Turns it on with the step of the code that proved it, and gives the recovery codes, which nothing shows again.
///
/// [`Error::Conflict`] where it is on already.
pub fn turn_on(
    conn: &mut Conn,
    vault: &Vault,
    id: AdminId,
    (shared, step): (&Shared, i64),
) -> Result<Vec<String>> {
    let kept = find(conn, id)?.filter(|kept| kept.totp_secret.is_none());
    let kept = kept.ok_or_else(|| Error::Conflict("your second factor is on already".into()))?;
    diesel::update(admins::table.find(id))
        .set((
            admins::totp_secret.eq(vault.seal(&kept.email, shared.bytes())),
            admins::totp_step.eq(step),
        ))
        .execute(conn)?;
    renew_codes(conn, vault, id)
}

/// Puts new recovery codes in the place of those that are left.
pub fn renew_codes(conn: &mut Conn, vault: &Vault, id: AdminId) -> Result<Vec<String>> {
    let kept = find(conn, id)?.filter(|kept| kept.totp_secret.is_some());
    let kept = kept.ok_or_else(|| Error::Conflict("your second factor is off".into()))?;
    let codes = recovery::make();
    let hash = |code: &String| recovery::hash(vault, &kept.email, code);
    let hashes: Vec<String> = codes.iter().map(hash).collect();
    diesel::update(admins::table.find(id))
        .set(admins::recovery.eq(as_text(&hashes)))
        .execute(conn)?;
    Ok(codes)
}

/// Turns it off; `false` where it was off.
pub fn turn_off(conn: &mut Conn, id: AdminId) -> Result<bool> {
    let on = admins::table
        .find(id)
        .filter(admins::totp_secret.is_not_null());
    let off = (
        admins::totp_secret.eq(None::<String>),
        admins::totp_step.eq(0),
        admins::recovery.eq(None::<String>),
    );
    Ok(diesel::update(on).set(off).execute(conn)? > 0)
}

/// Takes a code of the app or a recovery code, each only once; `None` where it is wrong or was used. Call it in a
/// transaction, and [`super::limits::take`] before it.
pub fn accept(
    conn: &mut Conn,
    vault: &Vault,
    id: AdminId,
    typed: &str,
    now: i64,
) -> Result<Option<Proof>> {
    let digits = recovery::digits(typed);
    let Some(kept) = find(conn, id)? else {
        return Ok(None);
    };
    match digits.len() {
        totp::DIGITS => accept_code(conn, vault, (id, &kept), &digits, now),
        recovery::DIGITS => accept_recovery(conn, vault, (id, &kept), &digits),
        _ => Ok(None),
    }
}

fn accept_code(
    conn: &mut Conn,
    vault: &Vault,
    (id, kept): (AdminId, &Kept),
    code: &str,
    now: i64,
) -> Result<Option<Proof>> {
    let Some(sealed) = &kept.totp_secret else {
        return Ok(None);
    };
    let opened = vault.open(&kept.email, sealed);
    let shared = opened.and_then(|bytes| Shared::of(&bytes));
    let shared = shared.ok_or_else(|| {
        let why = "a second factor was encrypted with another secret key, or is damaged: reset it";
        Error::Setup(why.into())
    })?;
    let Some(step) = shared.step_of(code, now)? else {
        return Ok(None);
    };
    let unused = admins::table.find(id).filter(admins::totp_step.lt(step));
    let taken = diesel::update(unused)
        .set(admins::totp_step.eq(step))
        .execute(conn)?;
    Ok((taken == 1).then_some(Proof::App))
}

fn accept_recovery(
    conn: &mut Conn,
    vault: &Vault,
    (id, kept): (AdminId, &Kept),
    code: &str,
) -> Result<Option<Proof>> {
    let hash = recovery::hash(vault, &kept.email, code);
    let mut left = hashes(kept)?;
    let Some(place) = left.iter().position(|one| *one == hash) else {
        return Ok(None);
    };
    left.remove(place);
    let unused = admins::table
        .find(id)
        .filter(admins::recovery.eq(kept.recovery.as_deref()));
    let taken = diesel::update(unused)
        .set(admins::recovery.eq(as_text(&left)))
        .execute(conn)?;
    Ok((taken == 1).then_some(Proof::Recovery(left.len())))
}

fn find(conn: &mut Conn, id: AdminId) -> Result<Option<Kept>> {
    let kept = admins::table.find(id).select(Kept::as_select());
    Ok(kept.get_result(conn).optional()?)
}

fn hashes(kept: &Kept) -> Result<Vec<String>> {
    let text = kept.recovery.as_deref().unwrap_or("[]");
    let damaged = |cause| Error::Setup(format!("stored recovery codes are damaged: {cause}"));
    serde_json::from_str(text).map_err(damaged)
}

fn as_text(hashes: &[String]) -> String {
    serde_json::json!(hashes).to_string()
}
