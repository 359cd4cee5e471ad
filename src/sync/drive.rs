//! Driving: what was asked for runs, on a few threads of this process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::claim::{Turn, claim};
use super::queue::{self, Next};
use super::request::{How, Request, Requested, record};
use super::{Run, history, run};
use crate::app::{App, Worker};
use crate::companies;
use crate::db::off_thread;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, RunId};
use crate::time::now_ms;

/// How long a purge may take to be counted.
const COUNTING: Duration = Duration::from_secs(5);
/// How long to let the store recover.
const AFTER_AN_ERROR: Duration = Duration::from_secs(1);
/// How often a waiting run looks whether it is its turn.
const NEXT_TURN: Duration = Duration::from_millis(250);
/// How soon somebody who waits for a run looks whether it has ended, and at the latest.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Records a request and sees to it that its run runs. Returns at once. See [`super::request::record`] for errors.
pub async fn start(app: &Arc<App>, request: Request) -> Result<Requested> {
    let app = app.clone();
    // In one piece off the thread: a client that hangs up cannot leave a run behind that nobody drives.
    off_thread(move || {
        learn_company(&app, request.company)?;
        let recorded = record(&app.db, &request, now_ms());
        if matches!(recorded, Err(Error::Conflict(_))) {
            wake(&app)?; // what is in the way may wait for a process that has died
        }
        let requested = recorded?;
        if requested.how != How::Repeated {
            wake(&app)?; // also for a run that was joined: whoever asked for it may be dead
        }
        Ok(requested)
    })
    .await
}

/// Waits until a run has ended, at most so long; `None` when it has not. Counts as ended only with its purge counted.
pub async fn wait(
    app: &App,
    company: CompanyId,
    id: &RunId,
    at_most: Duration,
) -> Result<Option<Run>> {
    let begun = Instant::now();
    loop {
        let wanted = id.clone();
        let run = app
            .db
            .lookup(move |conn| history::get(conn, company, &wanted))
            .await?;
        if run.ended() && is_counted(&run) {
            return Ok(Some(run));
        }
        let waited = begun.elapsed();
        if waited >= at_most {
            return Ok(run.ended().then_some(run));
        }
        let pause = (waited / 10).clamp(LOOK_AGAIN.0, LOOK_AGAIN.1); // the longer it lasts, the less often
        actix_web::rt::time::sleep(pause.min(at_most - waited)).await;
    }
}

/// Whether a run's purge is counted, or never will be: its process may have died after the commit.
fn is_counted(run: &Run) -> bool {
    let long_ago = |finished_at_ms: i64| now_ms() - finished_at_ms > COUNTING.as_millis() as i64;
    !run.published()
        || run.counts.cache_cleared.is_some()
        || run.finished_at_ms.is_some_and(long_ago)
}

/// Says that the queue is worth a look: after a request, and from time to time for what a dead process left.
///
/// The workers of this process, at most `ALX_SYNC_PARALLEL`, take what waits; another one begins with each run taken.
pub fn wake(app: &Arc<App>) -> Result<()> {
    let Some(worker) = app.work.hire() else {
        return Ok(());
    };
    let app = app.clone();
    std::thread::Builder::new()
        .name("sync-worker".into())
        .spawn(move || work(&app, worker))?;
    Ok(())
}

fn work(app: &Arc<App>, mut worker: Worker) {
    while !worker.is_closing() {
        let seen = worker.wishes();
        match turn(app, &worker) {
            Ok(Next::Company(_)) => {}
            Ok(Next::Later) => worker.pause(seen, NEXT_TURN),
            Ok(Next::Nothing) => match worker.leave(seen) {
                Some(wanted) => worker = wanted,
                None => return,
            },
            Err(error) => {
                log::error!(error:? = error; "a sync could not be driven; trying again");
                worker.pause(seen, AFTER_AN_ERROR);
            }
        }
    }
}

/// One look at the queue and, where it is somebody's turn, that run to its end.
fn turn(app: &Arc<App>, worker: &Worker) -> Result<Next> {
    let next = app
        .db
        .read(|conn| queue::next(conn, now_ms(), |run| app.work.meter(run).is_some()))?;
    let Next::Company(company) = next else {
        return Ok(next);
    };
    let lease_ms = app.config.sync_lease().as_millis() as i64;
    if let Turn::Ours(claim) = claim(&app.db, company, now_ms(), lease_ms)? {
        wake(app)?; // perhaps more is waiting
        let counted = worker.begin(&claim.run.id);
        run::run(app, &claim, &counted.meter)?;
    }
    Ok(next)
}

/// Looks for a company in Moodle when the store does not know it yet.
pub fn learn_company(app: &App, company: CompanyId) -> Result<()> {
    if app
        .db
        .read(|conn| companies::store::find(conn, company))?
        .is_some()
    {
        return Ok(());
    }
    learn_companies(app)
}

/// Brings the list of companies up to date with Moodle's. Their rows wait for a sync.
pub fn learn_companies(app: &App) -> Result<()> {
    let moodle = app.moodle.as_ref().ok_or(Error::MoodleNotConfigured)?;
    let found = moodle.snapshot()?.companies()?;
    companies::store::keep(&app.db, &found)
}
