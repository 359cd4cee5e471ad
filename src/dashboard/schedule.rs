//! A company's schedule: shown, set, paused, resumed, and run ahead of its time.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::DateTime;
use serde::Deserialize;

use super::company_nav::Part;
use super::schedule_fields::Fields;
use super::sign_in::Nothing;
use super::{Chrome, Flash, PageError, SignedIn, Submitted, Tab, filters, page, see_other};
use crate::app::App;
use crate::companies::{self, Company};
use crate::db::Conn;
use crate::error::{OrNotFound, Result};
use crate::ids::{CompanyId, random_hex};
use crate::sync::request::Request;
use crate::sync::schedule::{self, Rhythm, Schedule, store};
use crate::sync::{self, Run, Trigger};
use crate::time::now;

/// How many moments the page foretells.
const FORETOLD: usize = 5;

/// A company's schedule.
#[derive(Template)]
#[template(path = "schedules/schedule.html")]
pub struct SchedulePage {
    chrome: Chrome,
    company: Company,
    has_moodle: bool,
    schedule: Option<Schedule>,
    scheduled_run: Option<Run>,
    foretold: Vec<Moment>,
    fields: Fields,
    /// Whether somebody else has set the schedule since the form was made that was sent.
    is_outdated: bool,
    key: String,
}

/// A moment to come, in UTC seconds, and as the clocks of the schedule's zone show it.
struct Moment {
    at: i64,
    local: Option<String>,
}

/// The form that runs a schedule ahead of its time.
#[derive(Deserialize)]
pub struct Now {
    key: String,
}

/// `GET /companies/{company}/schedule`
pub async fn show_schedule(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
    request: HttpRequest,
) -> std::result::Result<HttpResponse, PageError> {
    let shown = schedule_page(&admin, &app, company.into_inner(), None).await?;
    Ok(page::with_status(StatusCode::OK, &shown, &request))
}

/// `POST /companies/{company}/schedule`: fields that are not accepted come back with the reason beside each, and all of them
/// where somebody else has set the schedule meanwhile.
pub async fn set_schedule(
    app: Data<App>,
    company: Path<CompanyId>,
    request: HttpRequest,
    form: Submitted<Fields>,
) -> std::result::Result<HttpResponse, PageError> {
    let (company, Submitted { admin, form }) = (company.into_inner(), form);
    let typed = form.clone();
    let plan = match form.checked() {
        Ok(plan) => plan,
        Err(wrong) => {
            let shown = schedule_page(&admin, &app, company, Some(*wrong)).await?;
            let refused = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(page::with_status(refused, &shown, &request));
        }
    };
    let (by, seen) = (admin.session.email.clone(), typed.seen.clone());
    let save = move |conn: &mut Conn| {
        companies::store::lock(conn, company)?;
        let known = store::find(conn, company)?;
        let basis = store::basis(known.as_ref());
        let is_outdated = seen.as_ref().is_some_and(|seen| *seen != basis);
        if !is_outdated {
            store::save(conn, company, plan, &by, now())?;
        }
        Ok(is_outdated)
    };
    if app.db.change(save).await? {
        let mut shown = schedule_page(&admin, &app, company, None).await?;
        let seen = shown.fields.seen.take();
        (shown.fields, shown.is_outdated) = (Fields { seen, ..typed }, true);
        return Ok(page::with_status(StatusCode::CONFLICT, &shown, &request));
    }
    Ok(back(&app, company, Flash::ScheduleSet))
}

/// `POST /companies/{company}/schedule/pause`
pub async fn pause_schedule(
    app: Data<App>,
    company: Path<CompanyId>,
    form: Submitted<Nothing>,
) -> std::result::Result<HttpResponse, PageError> {
    let (company, by) = (company.into_inner(), form.admin.session.email);
    app.db
        .change(move |conn| store::pause(conn, company, &by, now()))
        .await?;
    Ok(back(&app, company, Flash::SchedulePaused))
}

/// `POST /companies/{company}/schedule/resume`
pub async fn resume_schedule(
    app: Data<App>,
    company: Path<CompanyId>,
    form: Submitted<Nothing>,
) -> std::result::Result<HttpResponse, PageError> {
    let (company, by) = (company.into_inner(), form.admin.session.email);
    app.db
        .change(move |conn| store::resume(conn, company, &by, now()))
        .await?;
    Ok(back(&app, company, Flash::ScheduleResumed))
}

/// `POST /companies/{company}/schedule/run`: asks for a run as the schedule would, at once, and leads to its page.
pub async fn run_now(
    app: Data<App>,
    company: Path<CompanyId>,
    form: Submitted<Now>,
) -> std::result::Result<HttpResponse, PageError> {
    let (company, Submitted { admin, form }) = (company.into_inner(), form);
    let found = app.db.run(move |conn| store::find(conn, company)).await?;
    let schedule = found.or_not_found("the schedule")?;
    super::sync::refuse_key(&form.key)?;
    let request = Request {
        idempotency_key: form.key,
        ..Request::of(company, schedule.mode, Trigger::Manual, admin.session.email)
    };
    let app = app.into_inner();
    let requested = sync::start(&app, request).await?;
    Ok(super::sync::to_run(&app, &requested))
}

fn back(app: &App, company: CompanyId, flash: Flash) -> HttpResponse {
    see_other(&format!("/companies/{company}/schedule"))
        .cookie(flash.cookie(app))
        .finish()
}

async fn schedule_page(
    admin: &SignedIn,
    app: &App,
    company: CompanyId,
    typed: Option<Fields>,
) -> Result<SchedulePage> {
    let read = app.db.run(move |conn| {
        let (known, _) = companies::store::get(conn, company)?;
        let schedule = store::find(conn, company)?;
        let latest = schedule::forecast::latest_run(conn, company)?;
        Ok((known, schedule, latest))
    });
    let (company, schedule, scheduled_run) = read.await?;
    let due = schedule.as_ref().and_then(|set| set.due_of(&company));
    let saved = || Fields {
        seen: Some(store::basis(schedule.as_ref())),
        ..schedule.as_ref().map(Fields::of).unwrap_or_default()
    };
    Ok(SchedulePage {
        chrome: admin.chrome(Tab::Schedules),
        has_moodle: app.moodle.is_some(),
        fields: typed.unwrap_or_else(saved),
        foretold: match (&schedule, due) {
            (Some(schedule), Some(first)) => foretold(schedule.rhythm, first),
            _ => Vec::new(),
        },
        is_outdated: false,
        key: random_hex::<16>(),
        company,
        schedule,
        scheduled_run,
    })
}

/// What the clock will do: the next run as it is noted, which may be a retry, then the rhythm's moments.
fn foretold(rhythm: Rhythm, first: i64) -> Vec<Moment> {
    let rest = schedule::forecast::next(rhythm, first.max(now()), FORETOLD - 1);
    let moment = |at| Moment {
        at,
        local: local(rhythm, at),
    };
    std::iter::once(first).chain(rest).map(moment).collect()
}

fn local(rhythm: Rhythm, at: i64) -> Option<String> {
    let zone = rhythm.zone().filter(|zone| zone.name() != "UTC")?;
    let local = DateTime::from_timestamp(at, 0)?.with_timezone(&zone);
    Some(local.format("%Y-%m-%d %H:%M %Z").to_string())
}
