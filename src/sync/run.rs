//! The story of one run: read, publish, purge.

use super::claim::{Claim, held};
use super::lease::Lease;
use super::publish::publish;
use super::read::{Reading, read};
use super::{RunState, history};
use crate::app::App;
use crate::companies;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::RunId;
use crate::schema::sync_runs;
use crate::time::now_ms;
use diesel::prelude::*;

/// Runs a claimed run to its end, whatever that is; the end is in the history. Blocking.
///
/// An error means that even the end could not be recorded: the run will become abandoned when its lease is over.
pub fn run(app: &App, claim: &Claim) -> Result<()> {
    let lease = Lease::keep(&app.db, claim, app.config.sync_lease())?;
    let published =
        read_moodle(app, claim).and_then(|mut reading| commit(app, claim, &mut reading));
    drop(lease);
    match published {
        Ok(()) => purge(app, claim),
        Err(error) => fail(app, claim, &error),
    }
}

fn read_moodle(app: &App, claim: &Claim) -> Result<Reading> {
    let moodle = app.moodle.as_ref().ok_or(Error::MoodleNotConfigured)?;
    read(moodle, app, &claim.run)
}

fn commit(app: &App, claim: &Claim, reading: &mut Reading) -> Result<()> {
    companies::store::keep(&app.db, &reading.companies)?;
    let done = app.db.write(|conn| publish(conn, claim, reading));
    match done {
        // The connection may have died after the commit: what the store says now is what happened.
        Err(_) if succeeded(app, claim) => Ok(()),
        done => done,
    }
}

fn succeeded(app: &App, claim: &Claim) -> bool {
    let run = app
        .db
        .read(|conn| history::find(conn, claim.run.company_id, &claim.run.id));
    matches!(run, Ok(Some(run)) if run.state == RunState::Succeeded)
}

/// Frees the company's cached responses and keeps their true number.
fn purge(app: &App, claim: &Claim) -> Result<()> {
    let cleared = app.cache.purge(claim.run.company_id) as i64;
    app.db
        .write(|conn| record_purged(conn, &claim.run.id, cleared))?;
    log::info!(company = claim.run.company_id.0, run:% = claim.run.id, cleared; "sync succeeded");
    Ok(())
}

fn record_purged(conn: &mut Conn, run: &RunId, cleared: i64) -> Result<()> {
    diesel::update(sync_runs::table.find(run))
        .set(sync_runs::cache_cleared.eq(cleared))
        .execute(conn)?;
    Ok(())
}

fn fail(app: &App, claim: &Claim, error: &Error) -> Result<()> {
    log::warn!(company = claim.run.company_id.0, run:% = claim.run.id, error:? = error; "sync failed");
    let errors = serde_json::json!([sentence(&error.in_public())]).to_string();
    let detail = error.to_string();
    app.db.write(|conn| {
        let version = companies::store::state(conn, claim.run.company_id)?.seq;
        diesel::update(held(&claim.run.id, &claim.runner))
            .set((
                sync_runs::state.eq(RunState::Failed),
                sync_runs::finished_at_ms.eq(now_ms()),
                sync_runs::errors.eq(&errors),
                sync_runs::error_detail.eq(&detail),
                sync_runs::cache_cleared.eq(0),
                sync_runs::version_before.eq(version),
                sync_runs::version_after.eq(version),
            ))
            .execute(conn)?;
        Ok(())
    })
}

/// A text as sentences for the history: "The Moodle database cannot be reached. Nothing was changed."
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}. Nothing was changed.", letters.as_str())
}
