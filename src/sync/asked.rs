//! Who asked for a sync, in the audit log.

use serde_json::json;

use super::request::{How, Request, Requested};
use super::{Mode, Trigger};
use crate::audit::{self, Entry};
use crate::db::Conn;
use crate::error::Result;

/// Notes who asked for a run. What the clock asks for is nobody's wish; what a program asks for by the API is in the log of
/// calls, and the run itself says which token it was.
pub fn note(conn: &mut Conn, request: &Request, requested: &Requested, now_ms: i64) -> Result<()> {
    if !matches!(request.trigger, Trigger::Manual | Trigger::CommandLine) {
        return Ok(());
    }
    let entry = Entry {
        actor: &request.requested_by,
        company: Some(request.company),
        action: action(request),
        subject: &requested.run.0,
        before: None,
        after: Some(json!({
            "mode": request.mode,
            "hours_back": request.hours_back,
            "undoes": request.undoes,
            "joined": (requested.how == How::Joined).then_some(true),
        })),
    };
    audit::record(conn, &entry, now_ms)
}

fn action(request: &Request) -> &'static str {
    match request.mode {
        Mode::Undo => "undo_requested",
        _ if request.shape.is_some() => "settings_tried",
        _ if request.dry_run => "preview_requested",
        _ => "sync_requested",
    }
}
