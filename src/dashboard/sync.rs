//! Run Manual Sync: choose, confirm, start.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::company_field;
use super::labels;
use super::sync_forms::{self, FormPage};
use super::{Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, page, see_other};
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::error::{Error, Result};
use crate::ids::{CompanyId, random_hex};
use crate::language::Said;
use crate::sync::request::{HOURS_BACK, Request};
use crate::sync::{self, How, Mode, Requested, Run, Trigger, guard, history};

/// What the form says for all companies.
const ALL: &str = "all";

/// How long the answer waits for the run, so that most readers see its end at once.
const PATIENCE: Duration = Duration::from_secs(4);

/// Most bytes of the key that makes a second click harmless.
const LONGEST_KEY: usize = 255;

/// What exactly will happen.
#[derive(Template)]
#[template(path = "sync/confirm.html")]
pub struct ConfirmPage {
    chrome: Chrome,
    company: Company,
    state: State,
    mode: Mode,
    hours_back: Option<i32>,
    dry_run: bool,
    cut_off: i64,
    cached: usize,
    running: Option<Run>,
    key: String,
}

impl ConfirmPage {
    fn few(&self) -> i64 {
        guard::FEW
    }

    fn small_share(&self) -> i64 {
        guard::SMALL_SHARE
    }
}

/// The fields of the form, as they were typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Wish {
    /// A company as the field for it takes one, `all`, or empty.
    pub company: String,
    mode: String,
    /// Empty, or what was typed.
    pub hours_back: String,
    /// Whether nothing shall be written.
    pub dry_run: bool,
}

impl Wish {
    /// How much to read; `None` where the address says nothing that a form does.
    pub fn mode(&self) -> Option<Mode> {
        let mode = self.mode.parse().ok();
        mode.filter(|mode: &Mode| mode.reads_moodle())
    }

    /// Whether it is for all companies.
    pub fn is_of_all(&self) -> bool {
        self.company.trim() == ALL
    }

    /// An address with the fields that do not say which company.
    fn address(&self, path: &str) -> String {
        let path = format!("{path}?");
        let start = path.len();
        let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
        let hours = if self.mode == "changes" {
            self.hours_back.as_str()
        } else {
            ""
        };
        query.append_pair("mode", &self.mode);
        query.append_pair("hours_back", hours);
        query.append_pair("dry_run", if self.dry_run { "true" } else { "false" });
        query.finish()
    }
}

/// The fields of the confirmation.
#[derive(Deserialize)]
pub struct Confirmed {
    company: CompanyId,
    mode: String,
    #[serde(default)]
    hours_back: String,
    #[serde(default)]
    dry_run: bool,
    key: String,
}

/// `GET /sync`
pub async fn show_form(
    admin: SignedIn,
    app: Data<App>,
    wish: Query<Wish>,
) -> std::result::Result<Page<FormPage>, PageError> {
    Ok(Page(sync_forms::page(&admin, &app, &wish, None).await?))
}

/// `GET /sync/confirm`: changes nothing; its form carries the key that makes a second click harmless. A wish that cannot be
/// understood comes back in its form, with the reason.
pub async fn show_confirm(
    admin: SignedIn,
    app: Data<App>,
    request: HttpRequest,
    wish: Query<Wish>,
) -> std::result::Result<HttpResponse, PageError> {
    let mut wish = wish.into_inner();
    if wish.is_of_all() {
        return Ok(see_other(&wish.address("/sync/batches/confirm")).finish());
    }
    let dry_run = wish.dry_run;
    let (company, mode, hours_back) = match understood(&admin, &app, &mut wish).await {
        Ok(understood) => understood,
        Err(Error::Invalid(_)) if wish.company.trim().eq_ignore_ascii_case(ALL) => {
            return Ok(see_other(&wish.address("/sync/batches/confirm")).finish()); // no company is called so
        }
        Err(Error::Invalid(why)) => {
            let form = sync_forms::page(&admin, &app, &wish, Some(why)).await?;
            let refused = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(page::with_status(refused, &form, &request));
        }
        Err(other) => return Err(other.into()),
    };
    admin.narrowed(Some(company))?;
    let read = app.db.run(move |conn| {
        let running = history::running(conn, company)?;
        companies::store::get(conn, company).map(|(company, state)| (company, state, running))
    });
    let (known, state, running) = read.await?;
    let chrome = admin.chrome(Tab::Sync);
    let confirm = ConfirmPage {
        cut_off: chrome.now - i64::from(hours_back.unwrap_or(0)) * 3600,
        cached: app.cache.report(company).entries,
        key: random_hex::<16>(),
        company: known,
        chrome,
        state,
        mode,
        hours_back,
        dry_run,
        running,
    };
    Ok(page::with_status(StatusCode::OK, &confirm, &request))
}

/// `POST /sync`: starts the run, or finds it where this form was sent before, and leads to its page.
pub async fn run_manual_sync(
    app: Data<App>,
    confirmed: Submitted<Confirmed>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = confirmed;
    let company = form.company;
    admin.narrowed(Some(company))?;
    let mode: Option<Mode> = labels::chosen("the mode", &form.mode)?;
    let mode = mode.ok_or_else(|| PageError::BadRequest(Said::new("the mode is missing")))?;
    refuse_key(&form.key)?;
    let request = Request {
        hours_back: labels::chosen("the hours back", &form.hours_back)?,
        dry_run: form.dry_run,
        idempotency_key: form.key,
        ..Request::of(company, mode, Trigger::Manual, admin.session.email)
    };
    let app = app.into_inner();
    let requested = sync::start(&app, request).await?;
    sync::wait(&app, company, &requested.run, PATIENCE).await?;
    Ok(to_run(&app, &requested))
}

/// Leads to the page of the run that a form got, which says so where that one was waiting already.
pub(super) fn to_run(app: &App, Requested { run, how }: &Requested) -> HttpResponse {
    let mut answer = see_other(&format!("/sync/runs/{run}"));
    if *how == How::Joined {
        answer.cookie(Flash::Joined.cookie(app));
    }
    answer.finish()
}

/// Refuses a key that no form of ours sends.
pub(super) fn refuse_key(key: &str) -> std::result::Result<(), PageError> {
    if (1..=LONGEST_KEY).contains(&key.len()) {
        return Ok(());
    }
    let why = Said::new("the form's key must have 1 to 255 characters");
    Err(PageError::BadRequest(why))
}

/// What was wished for, once the company is known by its number. `Invalid` says what is wrong with it.
async fn understood(
    admin: &SignedIn,
    app: &App,
    wish: &mut Wish,
) -> Result<(CompanyId, Mode, Option<i32>)> {
    wish.company = company_field::number(admin, app, &wish.company).await?;
    let company = wish.company.parse();
    let company = company.map_err(|_| Error::Invalid("Choose a company.".into()))?;
    let mode = wish.mode();
    let mode = mode.ok_or_else(|| Error::Invalid("Choose what to read.".into()))?;
    if mode != Mode::Changes {
        return Ok((company, mode, None));
    }
    let hours = wish
        .hours_back
        .parse()
        .ok()
        .filter(|hours| HOURS_BACK.contains(hours));
    match hours {
        Some(hours) => Ok((company, mode, Some(hours))),
        None => {
            let why = "Hours back must be a whole number from 1 to 168.";
            Err(Error::Invalid(why.into()))
        }
    }
}
