//! The clock: what nobody asks for and must happen all the same.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::error::Result;
use crate::requests;
use crate::retention as old;
use crate::settings::keeping::{self, Configured};
use crate::sync::{self, batch, retention, schedule};
use crate::time::{now, now_ms};
use crate::watch;

/// How often the schedules are looked at.
const TICK: Duration = Duration::from_secs(2);
/// How often it is asked which companies were not compared for a day.
const CHECKS: Duration = Duration::from_secs(60);
/// How often messages that are owed are looked for.
const MESSAGES: Duration = Duration::from_secs(5);
/// How often old details are let go.
const DAY: Duration = Duration::from_secs(86_400);

/// Starts the thread of the clock.
///
/// It asks for scheduled runs and daily checks and moves batches on whose time is up. Every lease it takes up runs that
/// a dead process left, and lets expired responses go.
pub fn start(app: &Arc<App>) -> Result<()> {
    let app = app.clone();
    let lease = app.config.sync_lease();
    let mut jobs = [
        Job::every(lease, "unfinished syncs could not be looked for", |app| {
            app.cache.sweep();
            sync::wake(app)
        }),
        Job::every(TICK, "the schedules could not be looked at", |app| {
            schedule::tick(app, now()).map(drop)
        }),
        Job::every(TICK, "the batches could not be looked at", |app| {
            batch::demote_late(&app.db, now_ms()).map(drop)
        }),
        Job::every(CHECKS, "the daily checks could not be asked for", |app| {
            schedule::checks::due_checks(app, now()).map(drop)
        }),
        Job::every(CHECKS, "it could not be looked for alerts", watch::begin),
        Job::every(
            MESSAGES,
            "messages about alerts could not be looked for",
            watch::send::begin,
        ),
        Job::every(DAY, "old details could not be let go", retention::begin),
        Job::every(DAY, "old entries could not be let go", old::begin),
        Job::every(DAY, "old calls could not be let go", |app| {
            let kept = app
                .db
                .read(|conn| keeping::read(conn, Configured::of(&app.config)))?;
            requests::retention::begin(&app.db, kept.requests_days)
        }),
    ];
    std::thread::Builder::new()
        .name("clock".into())
        .spawn(move || {
            loop {
                app.pulse.tick(now());
                jobs.iter_mut().for_each(|job| job.run_when_due(&app));
                std::thread::sleep(TICK.min(lease));
            }
        })?;
    Ok(())
}

/// Something to do again and again.
struct Job {
    every: Duration,
    last: Option<Instant>,
    failed: &'static str,
    work: fn(&Arc<App>) -> Result<()>,
}

impl Job {
    fn every(every: Duration, failed: &'static str, work: fn(&Arc<App>) -> Result<()>) -> Self {
        Self {
            every,
            last: None,
            failed,
            work,
        }
    }

    fn run_when_due(&mut self, app: &Arc<App>) {
        if self.last.is_some_and(|last| last.elapsed() < self.every) {
            return;
        }
        self.last = Some(Instant::now());
        if let Err(error) = (self.work)(app) {
            log::warn!(error:? = error; "{}", self.failed);
        }
    }
}
