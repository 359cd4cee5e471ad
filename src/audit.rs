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
