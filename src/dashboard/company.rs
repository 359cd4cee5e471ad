//! One company: how it stands, and its learners' progress.

use actix_web::web::{Data, Path, Query};
use askama::Template;

use super::company_nav::Part;
use super::labels::{self, Choice, Label as _};
use super::paging::Pages;
use super::progress_chips::{Chip, chips};
use super::progress_columns::{Shown, boxes, columns};
use super::progress_view::View;
use super::settings_form::Pairs;
use super::sorted::Column;
use super::{Chrome, Page, PageError, SignedIn, Tab, filters};
use crate::admins::views::{self, LONGEST, SavedView};
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{AdminId, CompanyId, CourseId};
use crate::moodle::{RowState, Shape};
use crate::progress::list::{self, Filter, Found, Order};
use crate::progress::{Band, Row, States, Status};
use crate::settings;
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
    bands: Vec<Choice>,
    chips: Vec<Chip>,
    columns: Vec<Column>,
    boxes: Vec<Choice>,
    views: Vec<SavedView>,
    rows: Vec<Row>,
    pages: Pages,
    /// Tokens that end soon and that nobody has seen to.
    ending: Vec<Token>,
    shape: Shape,
    left_out: i64,
}

/// What the store says for the page.
struct Read {
    company: Company,
    state: State,
    found: Found,
    pages: Pages,
    courses: Vec<(CourseId, String)>,
    views: Vec<SavedView>,
    tokens: Vec<Token>,
    shape: Shape,
    left_out: i64,
}

/// What the page asks the store for.
struct Wanted {
    company: CompanyId,
    admin: AdminId,
    filter: Filter,
    order: Order,
    page: i64,
    base: String,
}

/// `GET /companies/{company}`
pub async fn show_company(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
    query: Query<Pairs>,
) -> std::result::Result<Page<CompanyPage>, PageError> {
    let (id, view) = (company.into_inner(), View::read(query.into_inner())?);
    let filter = view.filter(admin.session.reading.zone)?;
    let order = view.order()?;
    let wanted = Wanted {
        company: id,
        admin: admin.session.admin,
        filter: filter.clone(),
        order,
        page: view.page,
        base: view.address(id, view.text("sort"), view.text("order")),
    };
    let read = app.db.run(move |conn| read(conn, wanted)).await?;
    let chrome = admin.chrome(Tab::Companies);
    let (all, now) = (&read.tokens, chrome.now);
    let ending = all.iter().filter(|token| token.needs_care(all, now));
    Ok(Page(CompanyPage {
        ending: ending.cloned().collect(),
        statuses: labels::choices(Status::ALL, filter.status),
        states: state_choices(&filter.states),
        bands: labels::choices(Band::ALL, filter.band),
        chips: chips(&view, id, &filter, &read.courses),
        courses: labels::named(read.courses, filter.course),
        columns: columns(&view, id, order),
        boxes: boxes(&view),
        views: read.views,
        rows: read.found.rows,
        pages: read.pages,
        company: read.company,
        state: read.state,
        shape: read.shape,
        left_out: read.left_out,
        chrome,
        view,
    }))
}

fn read(conn: &mut Conn, wanted: Wanted) -> Result<Read> {
    let id = wanted.company;
    let (company, state) = companies::store::get(conn, id)?;
    let (found, pages) = page_of(conn, &wanted)?;
    Ok(Read {
        company,
        state,
        found,
        pages,
        courses: list::courses(conn, id, &wanted.filter.states)?,
        views: views::list(conn, wanted.admin, id)?,
        tokens: tokens::store::list(conn, id)?,
        shape: settings::store::shape(conn, id)?,
        left_out: list::count(conn, id, RowState::Excluded)?,
    })
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
        label: state.label().into(),
        selected: *listed == States::only(*state),
    };
    [any].into_iter().chain(ended.map(choice)).collect()
}

/// The wanted page, or the last one where the list has become shorter.
fn page_of(conn: &mut Conn, wanted: &Wanted) -> Result<(Found, Pages)> {
    let mut load = |offset| {
        let part = list::Part {
            order: wanted.order,
            offset,
            limit: PER_PAGE,
        };
        list::page(conn, wanted.company, &wanted.filter, part)
    };
    let mut found = load(Pages::offset(wanted.page, PER_PAGE))?;
    let pages = Pages::new(wanted.page, PER_PAGE, found.total, wanted.base.clone());
    if found.rows.is_empty() && found.total > 0 {
        found = load(Pages::offset(pages.number, PER_PAGE))?;
    }
    Ok((found, pages))
}
