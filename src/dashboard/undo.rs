//! Taking a sync back: what will happen, and the run that does it.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;

use super::sign_in::Nothing;
use super::{Chrome, Page, PageError, SignedIn, Submitted, Tab, filters, see_other};
use crate::app::App;
use crate::companies::{self, Company};
use crate::error::OrNotFound;
use crate::ids::RunId;
use crate::sync::{self, Mode, Request, Run, Statistics, Trigger, history, undo};
use crate::time::now_ms;

/// How long the answer waits for the run, so that most readers see its end at once.
const PATIENCE: Duration = Duration::from_secs(4);

/// What taking a run back will do, or why it cannot be.
#[derive(Template)]
#[template(path = "sync/undo.html")]
pub struct UndoPage {
    chrome: Chrome,
    run: Run,
    company: Company,
    statistics: Statistics,
    obstacle: Option<&'static str>,
    has_schedule: bool,
}

/// `GET /sync/runs/{run}/undo`
pub async fn show_undo(
    admin: SignedIn,
    app: Data<App>,
    run: Path<RunId>,
) -> std::result::Result<Page<UndoPage>, PageError> {
    let id = run.into_inner();
    let read = app.db.run(move |conn| {
        let run = history::any(conn, &id)?.or_not_found("the sync run")?;
        let (company, _) = companies::store::get(conn, run.company_id)?;
        let obstacle = undo::obstacle(conn, &run, now_ms())?;
        Ok((company, obstacle, undo::has_schedule(conn, &run)?, run))
    });
    let (company, obstacle, has_schedule, run) = read.await?;
    Ok(Page(UndoPage {
        chrome: admin.chrome(Tab::History),
        statistics: run.statistics().or_not_found("the end of this sync")?,
        run,
        company,
        obstacle,
        has_schedule,
    }))
}

/// `POST /sync/runs/{run}/undo`: the same form again finds the same run.
pub async fn undo_run(
    app: Data<App>,
    run: Path<RunId>,
    form: Submitted<Nothing>,
) -> std::result::Result<HttpResponse, PageError> {
    let undone = run.into_inner();
    let wanted = undone.clone();
    let read = app.db.run(move |conn| {
        let run = history::any(conn, &wanted)?.or_not_found("the sync run")?;
        Ok((run.company_id, undo::failed_attempts(conn, &wanted)?))
    });
    let (company, attempt) = read.await?;
    let by = form.admin.session.email;
    let request = Request {
        idempotency_key: format!("undo/{undone}/{attempt}"),
        undoes: Some(undone),
        ..Request::of(company, Mode::Undo, Trigger::Manual, by)
    };
    let app = app.into_inner();
    let run = sync::start(&app, request).await?.run;
    sync::wait(&app, company, &run, PATIENCE).await?;
    Ok(see_other(&format!("/sync/runs/{run}")).finish())
}
