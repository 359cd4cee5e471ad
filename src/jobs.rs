//! The clock: what nobody asks for and must happen all the same.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
/// a dead process left, and lets expired responses go. No job can end it, see [`run`].
pub fn start(app: &Arc<App>) -> Result<()> {
    let app = app.clone();
    let lease = app.config.sync_lease();
    let mut jobs = [
        Job::every("unfinished syncs could not be looked for", lease, |app| {
            app.cache.sweep();
            sync::wake(app)
        }),
        Job::every("the schedules could not be looked at", TICK, |app| {
            schedule::tick(app, now()).map(drop)
        }),
        Job::every("the batches could not be looked at", TICK, |app| {
            batch::demote_late(&app.db, now_ms()).map(drop)
        }),
        Job::every("the daily checks could not be asked for", CHECKS, |app| {
            schedule::checks::due_checks(app, now()).map(drop)
        }),
        Job::every("it could not be looked for alerts", CHECKS, watch::begin),
        Job::every(
            "messages about alerts could not be looked for",
            MESSAGES,
            watch::send::begin,
        ),
        Job::every("old details could not be let go", DAY, retention::begin),
        Job::every("old entries could not be let go", DAY, old::begin),
        Job::every("old calls could not be let go", DAY, |app| {
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
    fn every(failed: &'static str, every: Duration, work: fn(&Arc<App>) -> Result<()>) -> Self {
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
        run(app, self.failed, self.work);
    }
}

/// Does one job. A failure is in the log; a bug that ends it in the middle ends nothing else, is in the log, and stands on
/// the page Health until the job comes to its end again. `failed` says what was not done.
pub fn run(app: &Arc<App>, failed: &'static str, work: impl FnOnce(&Arc<App>) -> Result<()>) {
    match catch_unwind(AssertUnwindSafe(|| work(app))) {
        Ok(done) => {
            app.pulse.came_through(failed);
            if let Err(error) = done {
                log::warn!(error:? = error; "{failed}");
            }
        }
        Err(panic) => {
            app.pulse.broke_off(failed, now());
            log::error!(cause = said(&*panic); "{failed}: the job broke off, which is a bug");
        }
    }
}

/// What a panic said.
fn said(panic: &dyn Any) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("nothing")
}
