//! Cancelling: at any moment before the commit, and then never half.

use diesel::prelude::*;
use serde_json::json;

use super::{Run, RunState, history};
use crate::app::App;
use crate::audit;
use crate::db::Conn;
use crate::error::{Error, OrNotFound, Result};
use crate::ids::RunId;
use crate::language::Said;
use crate::schema::sync_runs;
use crate::time::now_ms;

/// Cancels a run that waits or runs, and gives it as it is then: a running one ends within a second or so. Blocking.
///
/// `NotFound` for an unknown run, `Conflict` when it has ended already.
pub fn cancel(app: &App, id: &RunId, by: &str) -> Result<Run> {
    if let Some(meter) = app.work.meter(id) {
        meter.cancel(); // first: a run of this process that is writing gives the writer back
    }
    app.db.write(|conn| {
        let (run, before) = cancel_in(conn, id, by, now_ms())?;
        if let Some(before) = before {
            note(conn, &run, before, by)?;
        }
        Ok(run)
    })
}

/// [`cancel`] of a run of a batch, whose own line in the audit log says who did it.
pub fn cancel_with_batch(app: &App, id: &RunId, by: &str) -> Result<Run> {
    if let Some(meter) = app.work.meter(id) {
        meter.cancel();
    }
    let done = app.db.write(|conn| cancel_in(conn, id, by, now_ms()));
    done.map(|(run, _)| run)
}

/// Who did it, in the audit log.
fn note(conn: &mut Conn, run: &Run, before: RunState, by: &str) -> Result<()> {
    let entry = audit::Entry {
        actor: by,
        company: Some(run.company_id),
        action: "sync_cancelled",
        subject: &run.id.0,
        before: Some(json!({ "state": before })),
        after: Some(json!({ "state": RunState::Cancelled })),
    };
    audit::record(conn, &entry, now_ms())
}

/// The run as it is then, and as what it was cancelled; `None` where somebody has cancelled it before.
fn cancel_in(
    conn: &mut Conn,
    id: &RunId,
    by: &str,
    now_ms: i64,
) -> Result<(Run, Option<RunState>)> {
    let waiting = sync_runs::table
        .find(id)
        .filter(sync_runs::state.eq(RunState::Queued));
    let cancelled = diesel::update(waiting)
        .set((
            sync_runs::state.eq(RunState::Cancelled),
            sync_runs::cancelled_by.eq(by),
            sync_runs::finished_at_ms.eq(now_ms),
        ))
        .execute(conn)?;
    let mut before = (cancelled > 0).then_some(RunState::Queued);
    if cancelled == 0 {
        let ending = [RunState::Running, RunState::Cancelled];
        let running = sync_runs::table
            .find(id)
            .filter(sync_runs::state.eq_any(ending))
            .filter(sync_runs::cancelled_by.is_null());
        let cancelled = diesel::update(running)
            .set(sync_runs::cancelled_by.eq(by))
            .execute(conn)?;
        before = (cancelled > 0).then_some(RunState::Running);
    }
    let run = history::any(conn, id)?.or_not_found("the sync run")?;
    if run.cancelled_by.is_none() {
        let why = Said::new("this run has ended already: it is {state}");
        return Err(Error::Conflict(why.saying("state", run.state.in_words())));
    }
    Ok((run, before))
}
