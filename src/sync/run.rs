//! The story of one run: read, publish or only plan, purge.

use std::sync::Arc;
use std::time::Duration;

use super::claim::{Claim, held};
use super::lease::Lease;
use super::outcome::{self, keep_plan};
use super::publish::publish;
use super::read::{Reading, read};
use super::schedule::{self, End};
use super::{Mode, Progress, RunState, guard, history, undo};
use crate::app::{App, Meter};
use crate::companies;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::RunId;
use crate::schema::sync_runs;
use crate::settings::site::{self, Setting};
use crate::time::{now, now_ms};
use diesel::prelude::*;

/// How long to let the store recover.
const SHORTLY: Duration = Duration::from_millis(200);

/// Runs a claimed run to its end, whatever that is; the end is in the history. Blocking.
///
/// An error means that even the end could not be recorded: the run will become abandoned when its lease is over.
pub fn run(app: &App, claim: &Claim, meter: &Arc<Meter>) -> Result<()> {
    let lease = Lease::keep(&app.db, claim, app.config.sync_lease(), meter)?;
    let ended = read_all(app, claim, meter)
        .and_then(|mut reading| conclude(app, claim, &mut reading, meter));
    drop(lease);
    match ended {
        Ok(()) if claim.run.dry_run => Ok(()),
        Ok(()) => purge(app, claim),
        Err(error) => fail(app, claim, &error, meter),
    }
}

fn read_all(app: &App, claim: &Claim, meter: &Meter) -> Result<Reading> {
    let seconds = app.db.read(site::read)?.number(Setting::LongestSync);
    if seconds > 0 {
        meter.limit(Duration::from_secs(seconds.unsigned_abs()));
    }
    if claim.run.mode == Mode::Undo {
        return undo::read(app, &claim.run, meter);
    }
    let moodle = app.moodle.as_ref().ok_or(Error::MoodleNotConfigured)?;
    read(moodle, app, &claim.run, meter)
}

/// Writes what was read, or keeps the plan where nothing may be written.
fn conclude(app: &App, claim: &Claim, reading: &mut Reading, meter: &Meter) -> Result<()> {
    let done = app.db.write(|conn| {
        if claim.run.dry_run {
            keep_plan(conn, claim, reading, meter, false)
        } else if guard::stops(conn, &claim.run, reading)? {
            schedule::after_run(conn, &claim.run, End::Stopped, now())?;
            stop(conn, claim, reading, meter)
        } else {
            schedule::after_run(conn, &claim.run, End::Published, now())?;
            publish(conn, claim, reading, meter)
        }
    });
    match done {
        // The connection may have died after the commit: what the store says now is what happened.
        Err(_) if concluded(app, claim) => Ok(()),
        done => done,
    }
}

/// Ends a run that would remove too much: as a question to an admin, unless the same question stands already.
fn stop(conn: &mut Conn, claim: &Claim, reading: &mut Reading, meter: &Meter) -> Result<()> {
    if guard::is_asked_already(conn, &claim.run, reading)? {
        return outcome::leave_to_the_waiting(conn, claim, reading, meter);
    }
    guard::supersede(conn, &claim.run)?;
    keep_plan(conn, claim, reading, meter, true)
}

fn concluded(app: &App, claim: &Claim) -> bool {
    let find = |conn: &mut _| history::find(conn, claim.run.company_id, &claim.run.id);
    let run = patiently(|| app.db.read(find));
    let done = [
        RunState::Succeeded,
        RunState::Partial,
        RunState::NeedsConfirmation,
        RunState::Rejected,
    ];
    matches!(run, Ok(Some(run)) if done.contains(&run.state))
}

/// Frees the company's cached responses and keeps their true number. A run that published nothing purges nothing.
fn purge(app: &App, claim: &Claim) -> Result<()> {
    let company = claim.run.company_id;
    let run = patiently(|| {
        app.db
            .read(|conn| history::get(conn, company, &claim.run.id))
    })?;
    let cleared = if run.published() {
        app.cache.purge(company) as i64
    } else {
        0
    };
    patiently(|| {
        app.db
            .write(|conn| record_purged(conn, &claim.run.id, cleared))
    })?;
    log::info!(company = company.0, run:% = claim.run.id, cleared; "sync {}", run.state);
    Ok(())
}

/// Tries again when the store was away for a moment: a purge that is not counted cannot be counted later.
fn patiently<T>(mut work: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 0..3 {
        if let Ok(done) = work() {
            return Ok(done);
        }
        std::thread::sleep(SHORTLY);
    }
    work()
}

fn record_purged(conn: &mut Conn, run: &RunId, cleared: i64) -> Result<()> {
    diesel::update(sync_runs::table.find(run))
        .set(sync_runs::cache_cleared.eq(cleared))
        .execute(conn)?;
    Ok(())
}

fn fail(app: &App, claim: &Claim, error: &Error, meter: &Meter) -> Result<()> {
    let overdue = matches!(error, Error::Cancelled) && !meter.is_cancelled() && meter.is_overdue();
    let late = Error::Conflict("it took longer than the settings of the site allow".into());
    let (error, end) = match overdue {
        true => (&late, End::Away), // another time it may be quicker
        false => (error, End::of(error)),
    };
    let state = if matches!(error, Error::Cancelled) || meter.is_cancelled() {
        RunState::Cancelled
    } else {
        RunState::Failed
    };
    log::warn!(company = claim.run.company_id.0, run:% = claim.run.id, error:? = error; "sync {state}");
    let errors = serde_json::json!([sentence(&error.in_public())]).to_string();
    let detail = error.to_string();
    app.db.write(|conn| {
        let version = companies::store::state(conn, claim.run.company_id)?.seq;
        let ended = diesel::update(held(&claim.run.id, &claim.runner))
            .set((
                Progress::of(meter),
                sync_runs::state.eq(state),
                sync_runs::finished_at_ms.eq(now_ms()),
                sync_runs::errors.eq(&errors),
                sync_runs::error_detail.eq(&detail),
                sync_runs::cache_cleared.eq(0),
                sync_runs::version_before.eq(version),
                sync_runs::version_after.eq(version),
            ))
            .execute(conn)?;
        if ended == 1 && state == RunState::Failed {
            schedule::after_run(conn, &claim.run, end, now())?;
        }
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
