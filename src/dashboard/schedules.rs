//! The schedules of all companies, and one for all that have none.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::overview::seen;
use super::paging::Pages;
use super::schedule_fields::Fields;
use super::{
    Chrome, Downloads, Flash, PageError, SignedIn, Submitted, Tab, filters, page, see_other,
};
use crate::app::App;
use crate::companies::Company;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::sync::Run;
use crate::sync::schedule::{Schedule, forecast, store};
use crate::time::now;

/// Companies on one page.
const PER_PAGE: i64 = 50;

/// The schedules.
#[derive(Template)]
#[template(path = "schedules/schedules.html")]
pub struct SchedulesPage {
    chrome: Chrome,
    has_moodle: bool,
    lines: Vec<Line>,
    pages: Pages,
    without: i64,
    fields: Fields,
}

/// A company with its schedule and what that did last.
pub(super) struct Line {
    pub(super) company: Company,
    pub(super) schedule: Option<Schedule>,
    pub(super) latest: Option<Run>,
}

/// Which page.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    page: i64,
}

/// `GET /schedules`
pub async fn show_schedules(
    admin: SignedIn,
    app: Data<App>,
    wanted: Query<Wanted>,
    request: HttpRequest,
) -> std::result::Result<HttpResponse, PageError> {
    let shown = schedules_page(&admin, &app, wanted.page, Fields::for_all()).await?;
    Ok(page::with_status(StatusCode::OK, &shown, &request))
}

/// `POST /schedules`: sets one schedule for every company in use that has none, or one that is off.
pub async fn set_missing_schedules(
    app: Data<App>,
    request: HttpRequest,
    form: Submitted<Fields>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = form;
    let plan = match form.checked_for_all() {
        Ok(plan) => plan,
        Err(wrong) => {
            let shown = schedules_page(&admin, &app, 1, *wrong).await?;
            let refused = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(page::with_status(refused, &shown, &request));
        }
    };
    let by = admin.session.email;
    let set = move |conn: &mut _| store::save_for_all_without(conn, plan, &by, now());
    let count = app.db.change(set).await?;
    Ok(see_other("/schedules")
        .cookie(Flash::SchedulesSet(count).cookie(&app))
        .finish())
}

async fn schedules_page(
    admin: &SignedIn,
    app: &App,
    wanted: i64,
    fields: Fields,
) -> Result<SchedulesPage> {
    let only = admin.only();
    let (lines, pages, without) = app
        .db
        .run(move |conn| {
            let (lines, pages) = lines(conn, only, wanted)?;
            let mut without = store::without(conn)?;
            without.retain(|company| only.is_none_or(|only| only == *company));
            Ok((lines, pages, without.len() as i64))
        })
        .await?;
    Ok(SchedulesPage {
        chrome: admin.chrome(Tab::Schedules),
        has_moodle: app.moodle.is_some(),
        lines,
        pages,
        without,
        fields,
    })
}

fn lines(conn: &mut Conn, only: Option<CompanyId>, wanted: i64) -> Result<(Vec<Line>, Pages)> {
    let known = seen(conn, only)?;
    let pages = Pages::new(wanted, PER_PAGE, known.len() as i64, "/schedules?".into());
    let shown = known
        .into_iter()
        .skip(Pages::offset(pages.number, PER_PAGE) as usize)
        .take(PER_PAGE as usize);
    let shown = shown.map(|(company, _)| company).collect();
    Ok((lines_of(conn, shown)?, pages))
}

/// Some companies with their schedules.
pub(super) fn lines_of(conn: &mut Conn, companies: Vec<Company>) -> Result<Vec<Line>> {
    let mut schedules: HashMap<_, _> = store::list(conn)?
        .into_iter()
        .map(|schedule| (schedule.company, schedule))
        .collect();
    let ids: Vec<CompanyId> = companies.iter().map(|company| company.id).collect();
    let mut latest = forecast::latest_runs(conn, &ids)?;
    let line = |company: Company| Line {
        latest: latest.remove(&company.id),
        schedule: schedules.remove(&company.id),
        company,
    };
    Ok(companies.into_iter().map(line).collect())
}
