//! Driving: what was asked for runs, one run of a company after the other, on a thread of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::claim::{Turn, claim};
use super::request::{How, Request, Requested, record};
use super::{Run, RunState, history, run};
use crate::app::App;
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
/// How often somebody who waits for a run looks whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Records a request and sees to it that its run runs. Returns at once. See [`super::request::record`] for errors.
pub async fn start(app: &Arc<App>, request: Request) -> Result<Requested> {
    let app = app.clone();
    // In one piece off the thread: a client that hangs up cannot leave a run behind that nobody drives.
    off_thread(move || {
        learn_company(&app, request.company)?;
        let requested = record(&app.db, &request, now_ms())?;
        if requested.how != How::Repeated {
            spawn(&app, request.company)?; // also for a run that was joined: whoever asked for it may be dead
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
    let until = Instant::now() + at_most;
    loop {
        let wanted = id.clone();
        let run = app
            .db
            .lookup(move |conn| history::get(conn, company, &wanted))
            .await?;
        if run.ended() && is_counted(&run) {
            return Ok(Some(run));
        }
        if Instant::now() >= until {
            return Ok(run.ended().then_some(run));
        }
        actix_web::rt::time::sleep(LOOK_AGAIN).await;
    }
}

/// Whether a run's purge is counted, or never will be: its process may have died after the commit.
fn is_counted(run: &Run) -> bool {
    let long_ago = |finished_at_ms: i64| now_ms() - finished_at_ms > COUNTING.as_millis() as i64;
    run.state != RunState::Succeeded
        || run.counts.cache_cleared.is_some()
        || run.finished_at_ms.is_some_and(long_ago)
}

/// Takes up what another process, or this one before it was killed, left unfinished.
pub fn resume(app: &Arc<App>) -> Result<()> {
    for company in app.db.read(history::unfinished)? {
        spawn(app, company)?;
    }
    Ok(())
}

/// Sees to it that this process drives a company: by a new thread, or by the one that does it already.
fn spawn(app: &Arc<App>, company: CompanyId) -> Result<()> {
    let app = app.clone();
    std::thread::Builder::new().name(format!("sync-{company}")).spawn(move || {
        let Some(driving) = app.work.begin(company) else { return };
        loop {
            match drive(&app, company) {
                Ok(()) if driving.is_done() => return,
                Ok(()) => {}
                Err(error) => {
                    log::error!(company = company.0, error:? = error; "a sync could not be driven; trying again");
                    std::thread::sleep(AFTER_AN_ERROR);
                }
            }
        }
    })?;
    Ok(())
}

/// Runs what waits in a company until nothing runs and nothing waits. Blocking.
fn drive(app: &App, company: CompanyId) -> Result<()> {
    let lease_ms = app.config.sync_lease().as_millis() as i64;
    loop {
        match claim(&app.db, company, now_ms(), lease_ms)? {
            Turn::Ours(claim) => run::run(app, &claim)?,
            Turn::Busy => std::thread::sleep(NEXT_TURN),
            Turn::Nothing => return Ok(()),
        }
    }
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
