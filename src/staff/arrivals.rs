//! Who came and went: signed in, signed out, failed to, or ended sessions, in the audit log.

use serde_json::{Value, json};

use crate::admins::{ADDRESS_LIMIT, EMAIL_LIMIT, sessions};
use crate::audit::{self, Entry};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::AdminId;

/// Most failed sign-ins of one email that are written down within an hour: as many as its limit
/// can let through.
pub const FAILURES_OF_EMAIL: i64 = 5 * EMAIL_LIMIT;
/// Most failed sign-ins from one address that are written down within an hour, likewise.
pub const FAILURES_OF_ADDRESS: i64 = 5 * ADDRESS_LIMIT;
/// Letters that are kept of an email that was tried.
const LONGEST: usize = 100;
/// Whose entry a failed sign-in is: whoever typed it may be anybody.
pub const NOBODY: &str = "not signed in";

const HOUR_MS: i64 = 3_600_000;
const FAILED: &str = "sign_in_failed";

/// Notes that somebody signed in from an address.
pub fn signed_in(conn: &mut Conn, email: &str, address: &str, now_ms: i64) -> Result<()> {
    let from = json!({ "address": address });
    record(conn, email, ("signed_in", email, from), now_ms)
}

/// Notes that somebody signed out.
pub fn signed_out(conn: &mut Conn, email: &str, now_ms: i64) -> Result<()> {
    record(conn, email, ("signed_out", email, Value::Null), now_ms)
}

/// Ends sessions of an account, one that has a name or all except one, notes who did it, and says how many that were; those
/// that were over by themselves do not count. Call it in a transaction.
pub fn end_sessions(
    conn: &mut Conn,
    (id, email): (AdminId, &str),
    which: Which<'_>,
    actor: &str,
    now_ms: i64,
) -> Result<usize> {
    sessions::remove_expired(conn, now_ms.div_euclid(1000))?;
    let ended = match which {
        Which::One(hash) => sessions::end_one(conn, id, hash)?,
        Which::AllBut(this) => sessions::end_others(conn, id, this)?,
    };
    if ended > 0 {
        let done = json!({ "sessions": ended });
        record(conn, actor, ("sessions_ended", email, done), now_ms)?;
    }
    Ok(ended)
}

/// Which sessions of an account end.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// The one with this name.
    One(&'a str),
    /// All but the one with this name, or all.
    AllBut(Option<&'a str>),
}

/// Notes that a sign-in failed: who was tried, as it was typed, and from which address. Of those within an hour only the
/// first [`FAILURES_OF_EMAIL`] and [`FAILURES_OF_ADDRESS`] are written down, so that guessing cannot fill the store; the last
/// of them says so. What others try never counts, so that nobody can hide behind it.
pub fn failed(conn: &mut Conn, typed: &str, address: &str, now_ms: i64) -> Result<()> {
    let plain = typed.trim().chars().filter(|letter| !letter.is_control());
    let tried: String = plain.take(LONGEST).collect();
    let since = now_ms - HOUR_MS;
    let of_email = audit::count_of(conn, FAILED, &tried, since)?;
    let of_address = audit::count_from(conn, FAILED, address, since)?;
    if of_email >= FAILURES_OF_EMAIL || of_address >= FAILURES_OF_ADDRESS {
        return Ok(());
    }
    let last = of_email + 1 == FAILURES_OF_EMAIL || of_address + 1 == FAILURES_OF_ADDRESS;
    let from = json!({
        "address": address,
        "more": last.then_some("Further ones of this hour are not written down."),
    });
    record(conn, NOBODY, (FAILED, &tried, from), now_ms)
}

/// Notes that somebody who is signed in gave a wrong password or code where it was asked for again. The limit on guessing
/// bounds how often.
pub fn refused(conn: &mut Conn, email: &str, address: &str, now_ms: i64) -> Result<()> {
    let from = json!({ "address": address });
    record(conn, email, ("proof_failed", email, from), now_ms)
}

fn record(
    conn: &mut Conn,
    actor: &str,
    (action, subject, after): (&str, &str, Value),
    now_ms: i64,
) -> Result<()> {
    let entry = Entry {
        actor,
        company: None,
        action,
        subject,
        before: None,
        after: Some(after).filter(|after| !after.is_null()),
    };
    audit::record(conn, &entry, now_ms)
}
