//! Rotating a token: another one takes its place, and both open for a while.

use diesel::prelude::*;

use super::{NewToken, SecretKey, Token, store};
use crate::config::Secret;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, TokenId};
use crate::language::Said;
use crate::schema::api_tokens;

/// Longest time that both tokens open, in hours: 30 days.
pub const MOST_HOURS: i64 = 720;
/// How long both open where nobody says otherwise.
pub const USUAL_HOURS: i64 = 24;

/// What is wished for.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// Whose token.
    pub company: CompanyId,
    /// Which one.
    pub token: TokenId,
    /// How long both open, at most [`MOST_HOURS`].
    pub overlap_hours: i64,
    /// Who wishes it.
    pub by: String,
}

/// What came of it.
#[derive(Debug)]
pub struct Rotated {
    /// The new token's text: to be shown once and forgotten.
    pub text: Secret,
    /// The new one.
    pub token: Token,
    /// The old one, as it is now.
    pub old: Token,
}

/// Makes a successor that may what the old token may, and lets the old one end when the overlap is over, or earlier where
/// its own end comes first. Call it in a transaction.
///
/// The successor has the same name and, where the old one ends, lives as long from now on as the old one was made for.
/// Fails with `Conflict` for a token that is revoked, that Moodle refuses, or that was rotated already, and with `Invalid` for an overlap of more than
/// [`MOST_HOURS`].
pub fn rotate(conn: &mut Conn, key: &SecretKey, wish: &Rotation, now: i64) -> Result<Rotated> {
    let company = wish.company;
    if !(0..=MOST_HOURS).contains(&wish.overlap_hours) {
        let why = Said::new("both tokens can open for 0 to {n} hours").number("n", MOST_HOURS);
        return Err(Error::Invalid(why));
    }
    lock(conn, wish.token)?; // a form that is sent twice makes one successor
    let old = store::get(conn, company, wish.token)?;
    let all = store::list(conn, company)?;
    refuse_ended_and_rotated(&old, &all, now)?;
    let successor = NewToken {
        expires_at: successor_end(&old, &all, now),
        fields: old.fields,
        networks: old.networks.clone(),
        ..NewToken::of(company, &old.name, old.scopes, &wish.by)
    };
    let (text, token) = store::create(conn, key, &successor, now)?;
    diesel::update(api_tokens::table.find(token.id.0))
        .set(api_tokens::replaces.eq(old.id.0))
        .execute(conn)?;
    let overlap_end = now + wish.overlap_hours * 3600;
    let end = old
        .expires_at
        .map_or(overlap_end, |end| end.min(overlap_end));
    diesel::update(api_tokens::table.find(old.id.0))
        .set(api_tokens::expires_at.eq(end))
        .execute(conn)?;
    Ok(Rotated {
        text,
        token: store::get(conn, company, token.id)?,
        old: store::get(conn, company, old.id)?,
    })
}

/// When a successor made at `now` would end: it lives as long as the old token was made for. An overlap that cut the old
/// one short does not count, so where it had a successor before, that one is the measure.
pub fn successor_end(old: &Token, all: &[Token], now: i64) -> Option<i64> {
    let measure = all.iter().find(|one| one.replaces == Some(old.id));
    let measure = measure.unwrap_or(old);
    measure
        .expires_at
        .map(|end| now + (end - measure.created_at).max(3600))
}

/// Lets no other transaction rotate or revoke this token until this one ends.
fn lock(conn: &mut Conn, id: TokenId) -> Result<()> {
    // Writing a row takes its lock on PostgreSQL; on SQLite the write transaction is the lock.
    diesel::update(api_tokens::table.find(id.0))
        .set(api_tokens::name.eq(api_tokens::name))
        .execute(conn)?;
    Ok(())
}

fn refuse_ended_and_rotated(old: &Token, all: &[Token], now: i64) -> Result<()> {
    if old.revoked_at.is_some() {
        let why = "this token is revoked; make a new one instead";
        return Err(Error::Conflict(why.into()));
    }
    if let Some(refusal) = &old.refusal {
        let why = Said::new("Moodle refuses this token ({why}); make a new one instead");
        return Err(Error::Conflict(why.saying("why", refusal.word())));
    }
    match old.successor(all, now) {
        None => Ok(()),
        Some(new) => Err(Error::Conflict(
            Said::new("this token was rotated already, and {prefix}… took its place; where nobody copied that one, revoke it and rotate this one again")
                .with("prefix", &new.prefix),
        )),
    }
}
