//! Who may call: tokens are made, adopted, rotated and revoked here, each with its line in the audit log.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::audit::{self, Entry};
use crate::companies;
use crate::config::Secret;
use crate::db::Conn;
use crate::error::{Error, OrNotFound as _, Result};
use crate::ids::{CompanyId, TokenId};
use crate::time::rfc3339;
use crate::tokens::adopt::{self, Adoption, Fate, MAKER};
use crate::tokens::rotate::{self, Rotated, Rotation};
use crate::tokens::{NewToken, Refusal, SecretKey, Token, store};

/// Makes a token and returns its text, which nobody can read again. Call it in a transaction.
///
/// `Conflict` where a token of that name opens already: a form that is sent twice must not leave two.
pub fn create(
    conn: &mut Conn,
    key: &SecretKey,
    new: &NewToken,
    now_ms: i64,
) -> Result<(Secret, Token)> {
    companies::store::lock(conn, new.company)?;
    let now = now_ms.div_euclid(1000);
    let tokens = store::list(conn, new.company)?;
    let is_taken = |token: &Token| token.name == new.name.trim() && token.life(now).is_open();
    if tokens.iter().any(is_taken) {
        let why = "this company has a token of that name already; choose another name, or revoke the old one first";
        return Err(Error::Conflict(why.into()));
    }
    let (text, token) = store::create(conn, key, new, now)?;
    let made = ("token_created", None, Some(facts(&token)));
    record(conn, &token, &new.created_by, made, now_ms)?;
    Ok((text, token))
}

/// Lets another token take the place of one, see [`rotate::rotate`]. Call it in a transaction.
pub fn rotate(conn: &mut Conn, key: &SecretKey, wish: &Rotation, now_ms: i64) -> Result<Rotated> {
    let before = facts(&store::get(conn, wish.company, wish.token)?);
    let rotated = rotate::rotate(conn, key, wish, now_ms.div_euclid(1000))?;
    let mut after = facts(&rotated.old);
    after["successor"] = json!(rotated.token.id);
    let moved = ("token_rotated", Some(before), Some(after));
    record(conn, &rotated.old, &wish.by, moved, now_ms)?;
    Ok(rotated)
}

/// Ends a token at once. One that is revoked already stays as it was, without another line. Call it in a transaction.
pub fn revoke(
    conn: &mut Conn,
    (company, id): (CompanyId, TokenId),
    actor: &str,
    now_ms: i64,
) -> Result<Token> {
    let before = store::get(conn, company, id)?;
    let token = store::revoke(conn, company, id, now_ms.div_euclid(1000))?;
    if before.revoked_at.is_none() {
        let ended = ("token_revoked", Some(facts(&before)), None);
        record(conn, &token, actor, ended, now_ms)?;
    }
    Ok(token)
}

/// Adopts a token of Moodle, see [`adopt::adopt`]; one that stays as it was gets no line. Call it in a transaction.
pub fn adopt(
    conn: &mut Conn,
    key: &SecretKey,
    new: &Adoption,
    actor: &str,
    now_ms: i64,
) -> Result<Fate> {
    let fate = adopt::adopt(conn, key, new, now_ms.div_euclid(1000))?;
    match &fate {
        Fate::New(None) => {
            let entry = Entry {
                actor,
                company: None,
                action: "token_adopted",
                subject: &format!("moodle-{}", new.id),
                before: None,
                after: None,
            };
            audit::record(conn, &entry, now_ms)?;
        }
        Fate::New(Some(_)) => {
            let adopted = store::with_hash(conn, &key.token_hash(new.text.reveal()))?;
            let token = adopted.or_not_found("the token")?;
            let made = ("token_adopted", None, Some(facts(&token)));
            record(conn, &token, actor, made, now_ms)?;
        }
        Fate::Known(known) => refreshed(conn, &known.token, actor, now_ms)?,
        _ => {}
    }
    Ok(fate)
}

/// The adopted tokens that open still at `now` (UTC seconds) and that Moodle, which has those of these hashes, does not
/// have any more.
pub fn gone(conn: &mut Conn, kept: &HashSet<String>, now: i64) -> Result<Vec<Token>> {
    let adopted = store::made_by(conn, MAKER)?.into_iter();
    let gone = adopted.filter(|(hash, _)| !kept.contains(hash));
    let gone = gone.map(|(_, token)| token);
    Ok(gone.filter(|token| token.life(now).is_open()).collect())
}

/// Refuses the tokens that are [`gone`], and names them. Call it in a transaction.
pub fn refuse_gone(
    conn: &mut Conn,
    kept: &HashSet<String>,
    actor: &str,
    now_ms: i64,
) -> Result<Vec<Token>> {
    let gone = gone(conn, kept, now_ms.div_euclid(1000))?;
    for token in &gone {
        if token.refusal != Some(Refusal::Access) {
            adopt::refuse(conn, token)?;
            refreshed(conn, token, actor, now_ms)?;
        }
    }
    Ok(gone)
}

/// A line for an adopted token that is not what it was before.
fn refreshed(conn: &mut Conn, before: &Token, actor: &str, now_ms: i64) -> Result<()> {
    let token = store::get(conn, before.company, before.id)?;
    let (before, after) = (facts(before), facts(&token));
    if before == after {
        return Ok(());
    }
    let changed = ("token_refreshed", Some(before), Some(after));
    record(conn, &token, actor, changed, now_ms)
}

fn record(
    conn: &mut Conn,
    token: &Token,
    actor: &str,
    (action, before, after): (&str, Option<Value>, Option<Value>),
    now_ms: i64,
) -> Result<()> {
    let entry = Entry {
        actor,
        company: Some(token.company),
        action,
        subject: &token.id.to_string(),
        before,
        after,
    };
    audit::record(conn, &entry, now_ms)
}

/// What the audit log says of a token: never its text, and no user name.
fn facts(token: &Token) -> Value {
    json!({
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes.to_string(),
        "fields": token.fields,
        "networks": token.networks.as_ref().map(ToString::to_string),
        "refusal": token.refusal.as_ref().map(|why| why.word().to_string()),
        "expires_at": token.expires_at.and_then(rfc3339),
    })
}
