//! Making room: what only the clock wants gives way to what somebody asks for, and its checks to its syncs.

use diesel::prelude::*;

use super::request::Request;
use super::{Run, RunState, Trigger, schedule};
use crate::db::Conn;
use crate::error::Result;
use crate::schema::{sync_batch_runs, sync_keys, sync_runs};

/// Whether a waiting run makes room for what somebody asked for: only the clock wants it, and it can ask again. A check makes
/// room for a sync of the schedule too.
pub fn is_there(conn: &mut Conn, waiting: &Run, request: &Request) -> Result<bool> {
    let is_of_clock = request.trigger == Trigger::Scheduled;
    let is_check_before_sync = waiting.dry_run && !request.dry_run;
    if waiting.trigger != Trigger::Scheduled || (is_of_clock && !is_check_before_sync) {
        return Ok(false);
    }
    let joined = sync_keys::table
        .filter(sync_keys::run_id.eq(&waiting.id))
        .count()
        .get_result::<i64>(conn)?;
    let in_batch = sync_batch_runs::table
        .filter(sync_batch_runs::run_id.eq(&waiting.id))
        .count()
        .get_result::<i64>(conn)?;
    Ok(joined + in_batch == 0)
}

/// Cancels the waiting run and makes its schedule due again. Where it has begun meanwhile, there is room as well.
pub fn make(conn: &mut Conn, waiting: &Run, request: &Request, now_ms: i64) -> Result<()> {
    let why = match request.trigger {
        Trigger::Scheduled => "It made room for a sync of its schedule.",
        _ => "It made room for a sync that somebody asked for.",
    };
    let still_waits = sync_runs::table
        .find(&waiting.id)
        .filter(sync_runs::state.eq(RunState::Queued));
    let gone = diesel::update(still_waits)
        .set((
            sync_runs::state.eq(RunState::Cancelled),
            sync_runs::cancelled_by.eq(&request.requested_by),
            sync_runs::finished_at_ms.eq(now_ms),
            sync_runs::errors.eq(serde_json::json!([why]).to_string()),
        ))
        .execute(conn)?;
    if gone == 1 && !waiting.dry_run {
        schedule::store::ask_again(conn, waiting.company_id, now_ms.div_euclid(1000))?;
    }
    Ok(())
}
