//! One run: its verdict in a sentence, its statistics, and every row it changed.

use actix_web::web::{Data, Path, Query};
use askama::Template;
use serde::Deserialize;

use super::paging::Pages;
use super::run_changes::{Change, change};
use super::run_verdict::{Verdict, verdict};
use super::{Chrome, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::db::Conn;
use crate::error::{OrNotFound, Result};
use crate::ids::RunId;
use crate::sync::affected::{self, AffectedCourse};
use crate::sync::{Run, RunState, Statistics, history};

/// Changes on one page.
const PER_PAGE: i64 = 20;
/// Courses shown; the changes themselves name all of them.
const COURSES: i64 = 10;

/// A run.
#[derive(Template)]
#[template(path = "sync/run.html")]
pub struct RunPage {
    chrome: Chrome,
    run: Run,
    verdict: Verdict,
    statistics: Option<Statistics>,
    details: Details,
    pages: Pages,
}

impl RunPage {
    /// Whether there is anything it affected.
    fn has_succeeded(&self) -> bool {
        self.run.state == RunState::Succeeded
    }

    /// Whether the page should look again: the run lasts, or its purge is still being counted.
    fn is_moving(&self) -> bool {
        let ended_ago = |at: i64| self.chrome.now - at / 1000;
        let counting =
            self.run.state == RunState::Succeeded && self.run.counts.cache_cleared.is_none();
        !self.run.ended()
            || (counting && self.run.finished_at_ms.is_some_and(|at| ended_ago(at) < 10))
    }
}

/// What the store knows around a run, read in one snapshot.
struct Details {
    company: Company,
    state: State,
    users: i64,
    courses: Vec<AffectedCourse>,
    course_count: i64,
    changes: Vec<Change>,
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
) -> std::result::Result<Page<RunPage>, PageError> {
    let id = run.into_inner();
    let read = app.db.run(move |conn| {
        let run = history::any(conn, &id)?.or_not_found("the sync run")?;
        let total = run.statistics().map_or(0, |done| done.total_processed);
        let pages = Pages::new(wanted.page, PER_PAGE, total, format!("/sync/runs/{id}?"));
        let details = details(conn, &run, &pages)?;
        Ok((run, pages, details))
    });
    let (run, pages, details) = read.await?;
    Ok(Page(RunPage {
        chrome: admin.chrome(Tab::History),
        verdict: verdict(&run, details.users),
        statistics: run.statistics(),
        run,
        details,
        pages,
    }))
}

/// The versions of a run's changes follow one another, so a page of them begins at a known version.
fn details(conn: &mut Conn, run: &Run, pages: &Pages) -> Result<Details> {
    let (company, state) = companies::store::get(conn, run.company_id)?;
    let before = run.counts.version_before.unwrap_or(0);
    let after = before + Pages::offset(pages.number, PER_PAGE);
    let changes = affected::page(conn, &run.id, after, PER_PAGE)?;
    Ok(Details {
        company,
        state,
        users: affected::user_count(conn, &run.id)?,
        courses: affected::courses(conn, &run.id, COURSES)?,
        course_count: affected::course_count(conn, &run.id)?,
        changes: changes.into_iter().map(change).collect(),
    })
}
