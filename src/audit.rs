//! The audit log: what admins did that somebody may ask about later.

use diesel::prelude::*;
use serde_json::Value;

use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::schema::audit_log;

/// One thing that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// Who did it: an admin's e-mail, or the door they came by.
    pub actor: &'a str,
    /// Whose data it was about; `None` for the whole site.
    pub company: Option<CompanyId>,
    /// What was done, in words with underscores: `removals_confirmed`.
    pub action: &'a str,
    /// To what: a run's id, a person's id.
    pub subject: &'a str,
    /// How it was.
    pub before: Option<Value>,
    /// How it is now.
    pub after: Option<Value>,
}

/// Appends an entry. Call it in the transaction of what was done, so that neither happens alone.
pub fn record(conn: &mut Conn, entry: &Entry<'_>, now_ms: i64) -> Result<()> {
    let side = |value: &Option<Value>| value.as_ref().map(Value::to_string);
    diesel::insert_into(audit_log::table)
        .values((
            audit_log::at_ms.eq(now_ms),
            audit_log::actor.eq(entry.actor),
            audit_log::company_id.eq(entry.company),
            audit_log::action.eq(entry.action),
            audit_log::subject.eq(entry.subject),
            audit_log::before.eq(side(&entry.before)),
            audit_log::after.eq(side(&entry.after)),
        ))
        .execute(conn)?;
    Ok(())
}

/// An entry as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = audit_log)]
pub struct Written {
    /// Its place in the log: later ones are greater.
    pub id: i64,
    /// When it was done, UTC milliseconds.
    pub at_ms: i64,
    /// Who did it.
    pub actor: String,
    /// Whose data it was about; `None` for the whole site.
    pub company_id: Option<CompanyId>,
    /// What was done, in words with underscores.
    pub action: String,
    /// To what.
    pub subject: String,
    /// How it was, as JSON.
    pub before: Option<String>,
    /// How it was afterwards, as JSON.
    pub after: Option<String>,
}

/// Which entries. `None` is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this actor.
    pub actor: Option<String>,
    /// Of this kind.
    pub action: Option<String>,
    /// About this company.
    pub company: Option<CompanyId>,
    /// From this moment on, UTC milliseconds.
    pub from_ms: Option<i64>,
    /// Before this moment, UTC milliseconds.
    pub before_ms: Option<i64>,
}

/// Entries below an id (`None` is the newest), newest first, at most `limit`.
pub fn page(
    conn: &mut Conn,
    filter: &Filter,
    below: Option<i64>,
    limit: i64,
) -> Result<Vec<Written>> {
    let mut wanted = audit_log::table.into_boxed();
    if let Some(below) = below {
        wanted = wanted.filter(audit_log::id.lt(below));
    }
    if let Some(actor) = &filter.actor {
        wanted = wanted.filter(audit_log::actor.eq(actor.clone()));
    }
    if let Some(action) = &filter.action {
        wanted = wanted.filter(audit_log::action.eq(action.clone()));
    }
    if let Some(company) = filter.company {
        wanted = wanted.filter(audit_log::company_id.eq(company));
    }
    if let Some(from) = filter.from_ms {
        wanted = wanted.filter(audit_log::at_ms.ge(from));
    }
    if let Some(before) = filter.before_ms {
        wanted = wanted.filter(audit_log::at_ms.lt(before));
    }
    let found = wanted
        .order(audit_log::id.desc())
        .limit(limit)
        .select(Written::as_select())
        .load(conn)?;
    Ok(found)
}

/// Every kind of entry that the log has, by name.
pub fn actions(conn: &mut Conn) -> Result<Vec<String>> {
    let all = audit_log::table
        .select(audit_log::action)
        .distinct()
        .order(audit_log::action)
        .load(conn)?;
    Ok(all)
}

/// Entries about who came and went: they say from where, so they are kept for less long than the others.
pub const SIGN_INS: [&str; 4] = ["signed_in", "signed_out", "sign_in_failed", "proof_failed"];

/// A part of the log that is kept for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Every entry.
    All,
    /// [`SIGN_INS`].
    SignIns,
}

type Entries = audit_log::BoxedQuery<'static, <Conn as Connection>::Backend>;

/// Entries of a part from before a moment, UTC milliseconds.
fn old(part: Part, before_ms: i64) -> Entries {
    let all = audit_log::table
        .filter(audit_log::at_ms.lt(before_ms))
        .into_boxed();
    match part {
        Part::All => all,
        Part::SignIns => all.filter(audit_log::action.eq_any(SIGN_INS)),
    }
}

/// How many entries of a part are from before a moment, UTC milliseconds.
pub fn count_before(conn: &mut Conn, part: Part, before_ms: i64) -> Result<i64> {
    Ok(old(part, before_ms).count().get_result(conn)?)
}

/// How many entries of a kind there are since a moment, UTC milliseconds.
pub fn count_since(conn: &mut Conn, action: &str, since_ms: i64) -> Result<i64> {
    let since = audit_log::table
        .filter(audit_log::at_ms.gt(since_ms))
        .filter(audit_log::action.eq(action));
    Ok(since.count().get_result(conn)?)
}

/// How many entries of a kind about a subject there are since a moment, UTC milliseconds.
pub fn count_of(conn: &mut Conn, action: &str, subject: &str, since_ms: i64) -> Result<i64> {
    let since = audit_log::table
        .filter(audit_log::at_ms.gt(since_ms))
        .filter(audit_log::action.eq(action))
        .filter(audit_log::subject.eq(subject));
    Ok(since.count().get_result(conn)?)
}

/// How many entries of a kind say that they came from an address, since a moment, UTC milliseconds.
pub fn count_from(conn: &mut Conn, action: &str, address: &str, since_ms: i64) -> Result<i64> {
    let said = serde_json::json!({ "address": address }).to_string();
    let said = said.trim_end_matches('}').replace(['%', '_'], ""); // no address has either
    let since = audit_log::table
        .filter(audit_log::at_ms.gt(since_ms))
        .filter(audit_log::action.eq(action))
        .filter(audit_log::after.like(format!("{said}%")));
    Ok(since.count().get_result(conn)?)
}

/// Lets some entries of a part go that are from before a moment (UTC milliseconds), so many at most; returns how many.
pub fn forget(conn: &mut Conn, part: Part, before_ms: i64, most: i64) -> Result<usize> {
    let gone: Vec<i64> = old(part, before_ms)
        .order((audit_log::at_ms, audit_log::id))
        .limit(most)
        .select(audit_log::id)
        .load(conn)?;
    let gone = audit_log::table.filter(audit_log::id.eq_any(gone));
    Ok(diesel::delete(gone).execute(conn)?)
}
