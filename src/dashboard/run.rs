//! One run: its verdict in a sentence, how far it is, its statistics, and every row it changed or would change.

use actix_web::web::{Data, Path, Query};
use askama::Template;
use serde::Deserialize;

use super::paging::Pages;
use super::run_details::{Details, PER_PAGE, details};
use super::run_progress::Live;
use super::run_verdict::{Verdict, verdict};
use super::{Chrome, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::error::OrNotFound;
use crate::ids::RunId;
use crate::sync::{Mode, Run, RunState, Statistics, history, undo};
use crate::time::now_ms;

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
    can_undo: bool,
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
        let ended_ago = |at: i64| self.chrome.now - at / 1000;
        let counting = self.run.published() && self.run.counts.cache_cleared.is_none();
        !self.run.ended()
            || (counting && self.run.finished_at_ms.is_some_and(|at| ended_ago(at) < 10))
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
        let can_undo = undo::obstacle(conn, &run, now_ms())?.is_none();
        Ok((run, pages, details, can_undo))
    });
    let (run, pages, details, can_undo) = read.await?;
    let chrome = admin.chrome(Tab::History);
    Ok(Page(RunPage {
        live: Live::of(&app, &run),
        verdict: verdict(&run, details.users),
        statistics: run.statistics(),
        chrome,
        run,
        details,
        pages,
        can_undo,
    }))
}
