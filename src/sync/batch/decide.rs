//! What can be done about a batch: cancel what has not finished, and do what a preview has shown.

use std::sync::Arc;

use serde_json::json;

use super::{Batch, BatchRequest, BatchState, report, start, tally};
use crate::app::App;
use crate::audit;
use crate::db::{Conn, off_thread};
use crate::error::{Error, Result};
use crate::ids::{BatchId, RunId};
use crate::sync::{self, Trigger};
use crate::time::now_ms;

/// Cancels the runs of a batch that wait or run, also those that it joined, and returns how many. Blocking.
///
/// `NotFound` for an unknown batch, `Conflict` when all its runs have ended already.
pub fn cancel(app: &App, id: &BatchId, by: &str) -> Result<usize> {
    let mut cancelled = 0;
    for run in app.db.write(|conn| to_cancel(conn, id, by))? {
        match sync::cancel_with_batch(app, &run, by) {
            Ok(_) => cancelled += 1,
            Err(Error::Conflict(_)) => {} // it has ended meanwhile
            Err(error) => return Err(error),
        }
    }
    Ok(cancelled)
}

/// Notes who cancels a batch and gives its runs that have not ended.
fn to_cancel(conn: &mut Conn, id: &BatchId, by: &str) -> Result<Vec<RunId>> {
    report::get(conn, id)?;
    let lasting = report::lasting(conn, id)?;
    if lasting.is_empty() {
        let why = "every sync of this batch has ended already";
        return Err(Error::Conflict(why.into()));
    }
    let entry = audit::Entry {
        actor: by,
        company: None,
        action: "batch_cancelled",
        subject: &id.0,
        before: None,
        after: Some(json!({ "runs": lasting.len() })),
    };
    audit::record(conn, &entry, now_ms())?;
    Ok(lasting)
}

/// Starts what a batch of previews has shown, or finds it where that was done before, unless it ended badly since.
///
/// `Conflict` when the batch is no preview or still lasts; otherwise errors as in [`start`].
pub async fn run_for_real(app: &Arc<App>, id: BatchId, by: String) -> Result<BatchId> {
    let db = app.db.clone();
    let found = off_thread(move || db.read(|conn| real(conn, &id, &by)));
    start(app, found.await?).await
}

fn real(conn: &mut Conn, id: &BatchId, by: &str) -> Result<BatchRequest> {
    let preview = report::get(conn, id)?;
    if !preview.dry_run || tally::tally(conn, id)?.lasts() {
        let why = "only previews that have ended can be run for real";
        return Err(Error::Conflict(why.into()));
    }
    let mut tries = 0;
    loop {
        let request = request(&preview, tries, by);
        let earlier = BatchId::from_key(&request.idempotency_key);
        if report::find(conn, &earlier)?.is_none() || stands(conn, &earlier)? {
            return Ok(request);
        }
        tries += 1;
    }
}

/// Whether a batch lasts or ended well, so that the same wish is that batch.
fn stands(conn: &mut Conn, id: &BatchId) -> Result<bool> {
    let state = tally::tally(conn, id)?.state();
    Ok(!matches!(state, BatchState::Partial | BatchState::Failed))
}

fn request(preview: &Batch, tries: u32, by: &str) -> BatchRequest {
    BatchRequest {
        mode: preview.mode,
        hours_back: preview.hours_back,
        dry_run: false,
        trigger: Trigger::Manual,
        requested_by: by.to_owned(),
        idempotency_key: format!("for-real/{}/{tries}", preview.id),
    }
}
