//! One run: its verdict in a sentence, how far it is, its statistics, and every row it changed or would change.

use actix_web::web::{Data, Path, Query};
use askama::Template;
use serde::Deserialize;

use super::paging::Pages;
use super::run_details::{Details, PER_PAGE, details};
use super::run_progress::Live;
use super::run_verdict::{Verdict, verdict};
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::error::OrNotFound;
use crate::ids::{RunId, random_hex};
use crate::sync::{Mode, Run, RunState, Statistics, history};

/// A run.
#[derive(Template)]
#[template(path = "sync/run.html")]
pub struct RunPage {
    chrome: Chrome,
    run: Run,
    live: Live,
    verdict: Verdict,
    statistics: Option<Statistics>,
    details: Details,
    pages: Pages,
    /// The key of the form that runs a preview for real, so that a second click does nothing.
    key: String,
}

impl RunPage {
    /// Whether there are rows it changed, or a plan of those it would change.
    fn has_rows(&self) -> bool {
        self.run.published() || self.is_planned()
    }

    /// Whether its rows are a plan and nothing was written.
    fn is_planned(&self) -> bool {
        self.run.has_plan()
    }

    /// What recent changes did not look at: from the last complete data until they began to look.
    fn gap(&self) -> Option<(i64, i64)> {
        let since = self.run.read_since.filter(|_| self.run.published())?;
        let complete = self.details.state.synced_at.unwrap_or(0);
        (complete < since).then_some((complete, since))
    }

    /// Whether an admin has to decide about it.
    fn waits_for_decision(&self) -> bool {
        self.run.state == RunState::NeedsConfirmation
    }

    /// Whether the same can be asked for again: an undo or an erasure is done once, and a trial belongs to the settings.
    fn is_repeatable(&self) -> bool {
        let once = matches!(self.run.mode, Mode::Undo | Mode::Erasure);
        self.run.ended() && !once && self.run.shape.is_none()
    }

    /// Whether the page should look again: the run lasts, or its purge is still being counted.
    fn is_moving(&self) -> bool {
        !self.run.ended() || self.is_counting()
    }

    /// Whether it has just ended, and its purge is still being counted.
    fn is_counting(&self) -> bool {
        let ended_ago = |at: i64| self.chrome.now - at / 1000;
        let uncounted = self.run.published() && self.run.counts.cache_cleared.is_none();
        uncounted && self.run.finished_at_ms.is_some_and(|at| ended_ago(at) < 10)
    }
}

/// Which page of the changes.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    page: i64,
}

/// `GET /sync/runs/{run}`
pub async fn show_run(
    admin: SignedIn,
    app: Data<App>,
    run: Path<RunId>,
    wanted: Query<Wanted>,
) -> Result<Page<RunPage>, PageError> {
    let id = run.into_inner();
    let read = app.db.run(move |conn| {
        let run = history::any(conn, &id)?.or_not_found("the sync run")?;
        let total = run.statistics().map_or(0, |done| done.total_processed);
        let pages = Pages::new(wanted.page, PER_PAGE, total, format!("/sync/runs/{id}?"));
        let details = details(conn, &run, &pages)?;
        Ok((run, pages, details))
    });
    let (run, pages, details) = read.await?;
    let chrome = admin.chrome(Tab::History);
    Ok(Page(RunPage {
        live: Live::of(&app, &run),
        verdict: verdict(&run, details.users),
        statistics: run.statistics(),
        chrome,
        run,
        details,
        pages,
        key: random_hex::<16>(),
    }))
}
