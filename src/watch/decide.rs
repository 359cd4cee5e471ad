//! What an admin does with an alert, in the audit log with who and when.

use serde_json::json;

use crate::alerts::{Alert, State, store};
use crate::audit::{self, Entry};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{AlertId, CompanyId};

/// Who decides: by e-mail, and the one company that they see, if it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The admin's e-mail.
    pub email: String,
    /// The one company they see.
    pub only: Option<CompanyId>,
}

/// Says that somebody sees to an alert; `false` where it was not open. Call it in a transaction.
pub fn acknowledge(conn: &mut Conn, id: AlertId, by: &By, now_ms: i64) -> Result<bool> {
    let alert = store::get(conn, id, by.only)?;
    let done = store::acknowledge(conn, id, &by.email, now_ms.div_euclid(1000))?;
    if done {
        record(
            conn,
            &alert,
            ("alert_acknowledged", State::Acknowledged),
            by,
            now_ms,
        )?;
    }
    Ok(done)
}

/// Closes an alert, with a note of why; `false` where it was closed already. Call it in a transaction.
pub fn close(conn: &mut Conn, id: AlertId, note: &str, by: &By, now_ms: i64) -> Result<bool> {
    let alert = store::get(conn, id, by.only)?;
    let note: String = note.trim().chars().take(500).collect();
    let done = store::close(conn, id, &by.email, &note, now_ms.div_euclid(1000))?;
    if done {
        record(conn, &alert, ("alert_closed", State::Closed), by, now_ms)?;
    }
    Ok(done)
}

fn record(
    conn: &mut Conn,
    alert: &Alert,
    (action, state): (&str, State),
    by: &By,
    now_ms: i64,
) -> Result<()> {
    let entry = Entry {
        actor: &by.email,
        company: alert.company_id,
        action,
        subject: &format!("alert {}", alert.id),
        before: Some(json!({ "type": alert.kind, "state": alert.state })),
        after: Some(json!({ "type": alert.kind, "state": state })),
    };
    audit::record(conn, &entry, now_ms)
}
