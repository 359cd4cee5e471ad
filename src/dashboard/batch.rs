//! A sync of all companies: confirmed, started, and how far it is.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use serde::Deserialize;

use super::batch_progress::Live;
use super::labels;
use super::paging::Pages;
use super::{Chrome, Downloads, Page, PageError, SignedIn, Submitted, Tab, filters, see_other};
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::error::Error;
use crate::ids::{BatchId, random_hex};
use crate::language::Said;
use crate::sync::batch::{self, Batch, BatchRequest, BatchState, Line, Tally};
use crate::sync::{Mode, Trigger};
use crate::time::now_ms;

/// Companies on one page of the confirmation.
const CONFIRMED: i64 = 100;
/// Companies of a batch on one page.
const LINES: i64 = 100;
/// How long after the end of a run its page waits for the count of its purge.
const COUNTING_MS: i64 = 10_000;
/// Batches on one page.
const PER_PAGE: i64 = 25;

/// What exactly will happen.
#[derive(Template)]
#[template(path = "batches/confirm.html")]
pub struct ConfirmPage {
    chrome: Chrome,
    /// How many companies get a run.
    count: usize,
    /// How many get none, because Moodle does not have them any more.
    gone: usize,
    /// Those of this page.
    companies: Vec<(Company, State)>,
    pages: Pages,
    rows: i64,
    minutes: u32,
    mode: Mode,
    hours_back: Option<i32>,
    dry_run: bool,
    key: String,
}

/// A batch.
#[derive(Template)]
#[template(path = "batches/batch.html")]
pub struct BatchPage {
    chrome: Chrome,
    batch: Batch,
    live: Live,
    /// The companies of this page.
    lines: Vec<Line>,
    pages: Pages,
    /// Whether a purge is still being counted.
    is_counting: bool,
}

impl BatchPage {
    fn tone(&self) -> &'static str {
        match self.live.tally.state() {
            BatchState::Succeeded => "good",
            BatchState::Partial => "warn",
            BatchState::Failed => "bad",
            BatchState::Queued | BatchState::Running => "",
        }
    }

    /// Whether the page should look again.
    fn is_moving(&self) -> bool {
        self.live.tally.lasts() || self.is_counting
    }
}

/// Every batch.
#[derive(Template)]
#[template(path = "batches/batches.html")]
pub struct BatchesPage {
    chrome: Chrome,
    batches: Vec<(Batch, Tally)>,
    pages: Pages,
}

/// What to do, as the address or the form says it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Wish {
    mode: String,
    hours_back: String,
    dry_run: String,
    key: String,
}

impl Wish {
    /// Where its confirmation is.
    fn address(&self) -> String {
        let path = "/sync/batches/confirm?".to_owned();
        let start = path.len();
        let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
        query.extend_pairs([
            ("mode", &self.mode),
            ("hours_back", &self.hours_back),
            ("dry_run", &self.dry_run),
        ]);
        query.finish()
    }

    fn checked(&self) -> Result<(Mode, Option<i32>, bool), PageError> {
        let mode: Option<Mode> = labels::chosen("the mode", &self.mode)?;
        let mode = mode.filter(|mode: &Mode| mode.reads_moodle());
        let mode = mode.ok_or_else(|| {
            PageError::BadRequest(Said::new("choose a mode: changes, full or cleanup"))
        })?;
        let hours = if mode == Mode::Changes {
            labels::chosen("the hours back", &self.hours_back)?
        } else {
            None // the form sends its hours with every mode
        };
        let dry_run = match self.dry_run.as_str() {
            "" | "false" => false,
            "1" | "on" | "true" => true,
            other => {
                let why = Said::new("the dry run cannot be “{text}”").with("text", other);
                return Err(PageError::BadRequest(why));
            }
        };
        Ok((mode, hours, dry_run))
    }
}

/// Which page.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    page: i64,
}

/// `GET /sync/batches/confirm`: changes nothing; its form carries the key that makes a second click harmless.
pub async fn show_confirm(
    admin: SignedIn,
    app: Data<App>,
    wish: Query<Wish>,
    wanted: Query<Wanted>,
) -> Result<Page<ConfirmPage>, PageError> {
    let (mode, hours_back, dry_run) = wish.checked()?;
    batch::check(mode, hours_back)?;
    if app.moodle.is_none() {
        return Err(Error::MoodleNotConfigured.into());
    }
    let known = app.db.run(companies::store::list).await?.into_iter();
    let (gone, mut companies): (Vec<_>, Vec<_>) = known.partition(|(company, _)| company.gone);
    let (count, gone) = (companies.len(), gone.len());
    let pages = Pages::new(wanted.page, CONFIRMED, count as i64, wish.address());
    Ok(Page(ConfirmPage {
        chrome: admin.chrome(Tab::Sync),
        rows: companies
            .iter()
            .map(|(_, state)| state.totals.enrolments)
            .sum(),
        companies: {
            let before = Pages::offset(pages.number, CONFIRMED) as usize;
            companies.drain(..before.min(count));
            companies.truncate(CONFIRMED as usize);
            companies
        },
        count,
        gone,
        pages,
        minutes: app.config.batch_minutes,
        key: random_hex::<16>(),
        mode,
        hours_back,
        dry_run,
    }))
}

/// `POST /sync/batches`: starts the batch, or finds it where this form was sent before, and leads to its page.
pub async fn start_batch(app: Data<App>, form: Submitted<Wish>) -> Result<HttpResponse, PageError> {
    let Submitted { admin, form } = form;
    let (mode, hours_back, dry_run) = form.checked()?;
    super::sync::refuse_key(&form.key)?;
    let request = BatchRequest {
        mode,
        hours_back,
        dry_run,
        trigger: Trigger::Manual,
        requested_by: admin.session.email,
        idempotency_key: form.key,
    };
    let id = batch::start(&app.into_inner(), request).await?;
    Ok(see_other(&format!("/sync/batches/{id}")).finish())
}

/// `GET /sync/batches/{batch}`
pub async fn show_batch(
    admin: SignedIn,
    app: Data<App>,
    id: Path<BatchId>,
    wanted: Query<Wanted>,
) -> Result<Page<BatchPage>, PageError> {
    let (id, chrome) = (id.into_inner(), admin.chrome(Tab::Batches));
    let read = app.db.run(move |conn| {
        let batch = batch::get(conn, &id)?;
        let live = Live::read(conn, &batch)?;
        let address = format!("/sync/batches/{id}?");
        let pages = Pages::new(wanted.page, LINES, live.tally.companies, address);
        let offset = Pages::offset(pages.number, LINES);
        Ok(BatchPage {
            lines: batch::lines(conn, &id, offset, LINES)?,
            is_counting: batch::counts_since(conn, &id, now_ms() - COUNTING_MS)?,
            chrome,
            batch,
            live,
            pages,
        })
    });
    Ok(Page(read.await?))
}

/// `GET /sync/batches`
pub async fn show_batches(
    admin: SignedIn,
    app: Data<App>,
    wanted: Query<Wanted>,
) -> Result<Page<BatchesPage>, PageError> {
    let read = app.db.run(move |conn| {
        let total = batch::count(conn)?;
        let pages = Pages::new(wanted.page, PER_PAGE, total, "/sync/batches?".into());
        let offset = Pages::offset(pages.number, PER_PAGE);
        Ok((batch::page(conn, offset, PER_PAGE)?, pages))
    });
    let (batches, pages) = read.await?;
    Ok(Page(BatchesPage {
        chrome: admin.chrome(Tab::Batches),
        batches,
        pages,
    }))
}
