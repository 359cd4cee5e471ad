//! One company: its learners' progress, its cached responses, its API tokens.

use actix_web::web::{Data, Path, Query};
use askama::Template;
use serde::Deserialize;

use super::labels::{self, Choice, Label as _};
use super::paging::Pages;
use super::progress_columns::{Column, columns};
use super::{Chrome, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::cache::GroupReport;
use crate::companies::{self, Company, State};
use crate::error::Result;
use crate::ids::CompanyId;
use crate::moodle::{RowState, Shape};
use crate::progress::list::{self, Filter, Found, Part, Sort};
use crate::progress::{Row, States, Status};
use crate::settings;
use crate::sync::Run;
use crate::sync::schedule::{self, Schedule};
use crate::tokens::{self, Token};

/// Rows on one page.
const PER_PAGE: i64 = 25;

/// A company.
#[derive(Template)]
#[template(path = "companies/company.html")]
pub struct CompanyPage {
    chrome: Chrome,
    company: Company,
    state: State,
    view: View,
    statuses: Vec<Choice>,
    states: Vec<Choice>,
    courses: Vec<Choice>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pages: Pages,
    cache: GroupReport,
    tokens: Vec<Token>,
    schedule: Option<Schedule>,
    scheduled_run: Option<Run>,
    shape: Shape,
    left_out: i64,
}

/// What part of the progress table is shown, as the address says it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct View {
    /// Part of a name, email or course.
    pub search: String,
    /// A status, or empty.
    pub status: String,
    /// A course's id, or empty.
    pub course: String,
    /// A row's state or `any`, or empty for active rows.
    pub state: String,
    /// A column, or empty for the learner's name.
    pub sort: String,
    /// `down` for largest first.
    pub order: String,
    page: i64,
}

impl View {
    /// The address of this view on page one, ordered as wanted.
    pub fn address(&self, company: CompanyId, sort: &str, order: &str) -> String {
        let path = format!("/companies/{company}?");
        let start = path.len();
        let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
        let fields = [
            ("search", self.search.as_str()),
            ("status", &self.status),
            ("course", &self.course),
            ("state", &self.state),
            ("sort", sort),
            ("order", order),
        ];
        query.extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }

    fn is_filtered(&self) -> bool {
        !(self.search.trim().is_empty() && self.status.is_empty() && self.course.is_empty())
            || self.shows_ended()
    }

    /// Whether rows are asked for that are not active any more.
    fn shows_ended(&self) -> bool {
        !self.state.is_empty()
    }
}

/// `GET /companies/{company}`
pub async fn show_company(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
    view: Query<View>,
) -> std::result::Result<Page<CompanyPage>, PageError> {
    let (id, view) = (company.into_inner(), view.into_inner());
    let sort: Sort = labels::chosen("sort", &view.sort)?.unwrap_or(Sort::Name);
    let status: Option<Status> = labels::chosen("status", &view.status)?;
    let course = labels::chosen("course", &view.course)?;
    let states: Option<States> = labels::chosen("state", &view.state)?;
    let states = states.unwrap_or_default();
    let listed = states.clone();
    let descending = view.order == "down";
    let base = view.address(id, &view.sort, &view.order);
    let filter = Filter {
        search: view.search.clone(),
        status,
        course,
        states,
    };
    let wanted = view.page;
    let read = app.db.run(move |conn| {
        let (company, state) = companies::store::get(conn, id)?;
        let mut load = |offset| {
            list::page(
                conn,
                id,
                &filter,
                Part {
                    sort,
                    descending,
                    offset,
                    limit: PER_PAGE,
                },
            )
        };
        let (found, pages) = page_of(&mut load, wanted, base)?;
        let courses = list::courses(conn, id, &filter.states)?;
        let tokens = tokens::store::list(conn, id)?;
        let schedule = schedule::store::find(conn, id)?;
        let scheduled_run = schedule::forecast::latest_run(conn, id)?;
        Ok((
            company,
            state,
            found,
            pages,
            courses,
            tokens,
            (schedule, scheduled_run),
            (
                settings::store::shape(conn, id)?,
                list::count(conn, id, RowState::Excluded)?,
            ),
        ))
    });
    let (
        company,
        state,
        found,
        pages,
        courses,
        tokens,
        (schedule, scheduled_run),
        (shape, left_out),
    ) = read.await?;
    Ok(Page(CompanyPage {
        chrome: admin.chrome(Tab::Companies),
        statuses: labels::choices(Status::ALL, status),
        states: state_choices(&listed),
        courses: labels::named(courses, course),
        columns: columns(&view, id, sort, descending),
        rows: found.rows,
        cache: app.cache.report(id),
        company,
        state,
        view,
        pages,
        tokens,
        schedule,
        scheduled_run,
        shape,
        left_out,
    }))
}

/// The states to choose from; active rows need no choice.
fn state_choices(listed: &States) -> Vec<Choice> {
    let any = Choice {
        value: "any".into(),
        label: "Any".into(),
        selected: listed.is_any(),
    };
    let ended = RowState::ALL
        .iter()
        .filter(|state| **state != RowState::Active);
    let choice = |state: &RowState| Choice {
        value: state.to_string(),
        label: filters::capital(state.label()),
        selected: *listed == States::only(*state),
    };
    [any].into_iter().chain(ended.map(choice)).collect()
}

/// The wanted page, or the last one where the list has become shorter.
fn page_of(
    load: &mut impl FnMut(i64) -> Result<Found>,
    wanted: i64,
    base: String,
) -> Result<(Found, Pages)> {
    let mut found = load(Pages::offset(wanted, PER_PAGE))?;
    let pages = Pages::new(wanted, PER_PAGE, found.total, base);
    if found.rows.is_empty() && found.total > 0 {
        found = load(Pages::offset(pages.number, PER_PAGE))?;
    }
    Ok((found, pages))
}
