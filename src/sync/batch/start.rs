//! Starting a batch: a run for every company that Moodle has, all in one transaction.

use std::collections::HashSet;
use std::sync::Arc;

use diesel::prelude::*;
use serde_json::json;

use super::{Batch, GONE, report};
use crate::app::App;
use crate::audit;
use crate::companies;
use crate::db::{Conn, off_thread};
use crate::error::{Error, Result};
use crate::ids::{BatchId, CompanyId, RunId};
use crate::schema::{companies as known, sync_batch_runs, sync_batches};
use crate::sync::request::{Request, check_hours, record_in};
use crate::sync::{self, Mode, RANK_BACKGROUND, Trigger};
use crate::time::now_ms;

/// Somebody's wish for a sync of all companies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRequest {
    /// How much each run reads: `changes`, `full` or `cleanup`.
    pub mode: Mode,
    /// How far `changes` looks back; `None` means since the last sync. Other modes have none.
    pub hours_back: Option<i32>,
    /// Whether to plan only.
    pub dry_run: bool,
    /// By which door it came.
    pub trigger: Trigger,
    /// The asker by name.
    pub requested_by: String,
    /// The same key asks for the same batch, however often it is sent.
    pub idempotency_key: String,
}

/// Records a batch with its runs and sees to it that they run. Returns at once.
///
/// Moodle is asked first which companies it has: `MoodleUnavailable` when it cannot say. A company whose waiting run
/// serves joins with that one; where another kind waits, the line says so. `Invalid` for hours out of range, `Conflict`
/// when the key was used for another batch or Moodle has no company.
pub async fn start(app: &Arc<App>, request: BatchRequest) -> Result<BatchId> {
    let app = app.clone();
    off_thread(move || {
        check(request.mode, request.hours_back)?;
        let id = BatchId::from_key(&request.idempotency_key);
        if let Some(earlier) = app.db.read(|conn| report::find(conn, &id))? {
            return same(earlier, &request);
        }
        let there = companies_in_moodle(&app)?;
        let id = app
            .db
            .write(|conn| record(conn, &app, &request, &there, now_ms()))?;
        sync::wake(&app)?;
        Ok(id)
    })
    .await
}

/// Refuses hours out of range, and modes that are not for all companies.
pub fn check(mode: Mode, hours_back: Option<i32>) -> Result<()> {
    if !mode.reads_moodle() {
        let text = "a sync of all companies is changes, full or cleanup";
        return Err(Error::Invalid(text.into()));
    }
    check_hours(mode, hours_back)
}

/// The companies that Moodle has now; the store learns the new ones. Blocking.
pub fn companies_in_moodle(app: &App) -> Result<HashSet<CompanyId>> {
    let moodle = app.moodle.as_ref().ok_or(Error::MoodleNotConfigured)?;
    let found = moodle.snapshot()?.companies()?;
    companies::store::keep(&app.db, &found)?;
    Ok(found.iter().map(|company| company.id).collect())
}

fn same(earlier: Batch, request: &BatchRequest) -> Result<BatchId> {
    let wanted = (request.mode, request.hours_back, request.dry_run);
    if (earlier.mode, earlier.hours_back, earlier.dry_run) == wanted {
        Ok(earlier.id)
    } else {
        Err(Error::Conflict(
            "this idempotency key was used for another sync of all companies".into(),
        ))
    }
}

fn record(
    conn: &mut Conn,
    app: &App,
    request: &BatchRequest,
    there: &HashSet<CompanyId>,
    now_ms: i64,
) -> Result<BatchId> {
    let id = BatchId::from_key(&request.idempotency_key);
    if let Some(earlier) = report::find(conn, &id)? {
        return same(earlier, request);
    }
    let companies: Vec<CompanyId> = known::table
        .select(known::id)
        .load(conn)?
        .into_iter()
        .map(CompanyId)
        .collect();
    if !companies.iter().any(|company| there.contains(company)) {
        return Err(Error::Conflict("Moodle has no company to sync".into()));
    }
    diesel::insert_into(sync_batches::table)
        .values(batch(app, &id, request, now_ms))
        .execute(conn)?;
    for company in companies {
        let (run, note) = if there.contains(&company) {
            run_of(conn, request, company, now_ms)?
        } else {
            (None, GONE.to_owned())
        };
        add(conn, &id, company, run, &note)?;
    }
    note(conn, &id, request, now_ms)?;
    Ok(id)
}

/// Who asked for it, in the audit log.
fn note(conn: &mut Conn, id: &BatchId, request: &BatchRequest, now_ms: i64) -> Result<()> {
    let after = json!({
        "mode": request.mode, "hours_back": request.hours_back, "preview": request.dry_run, "door": request.trigger,
    });
    let entry = audit::Entry {
        actor: &request.requested_by,
        company: None,
        action: "batch_requested",
        subject: &id.0,
        before: None,
        after: Some(after),
    };
    audit::record(conn, &entry, now_ms)
}

fn batch(app: &App, id: &BatchId, request: &BatchRequest, now_ms: i64) -> Batch {
    Batch {
        id: id.clone(),
        mode: request.mode,
        hours_back: request.hours_back,
        dry_run: request.dry_run,
        trigger: request.trigger,
        requested_by: request.requested_by.clone(),
        requested_at_ms: now_ms,
        until_ms: now_ms + i64::from(app.config.batch_minutes) * 60_000,
    }
}

/// The run that a company gets, new or joined, or why it gets none.
fn run_of(
    conn: &mut Conn,
    batch: &BatchRequest,
    company: CompanyId,
    now_ms: i64,
) -> Result<(Option<RunId>, String)> {
    let request = Request {
        hours_back: batch.hours_back,
        dry_run: batch.dry_run,
        rank: RANK_BACKGROUND,
        idempotency_key: format!("batch/{}", batch.idempotency_key),
        ..Request::of(
            company,
            batch.mode,
            batch.trigger,
            batch.requested_by.clone(),
        )
    };
    match record_in(conn, &request, now_ms) {
        Ok(requested) => Ok((Some(requested.run), String::new())),
        Err(Error::Conflict(why)) => Ok((None, why.to_string())),
        Err(error) => Err(error),
    }
}

fn add(
    conn: &mut Conn,
    batch: &BatchId,
    company: CompanyId,
    run: Option<RunId>,
    note: &str,
) -> Result<()> {
    diesel::insert_into(sync_batch_runs::table)
        .values((
            sync_batch_runs::batch_id.eq(batch),
            sync_batch_runs::company_id.eq(company),
            sync_batch_runs::run_id.eq(run),
            sync_batch_runs::note.eq(note),
        ))
        .execute(conn)?;
    Ok(())
}
