//! A company's learners: in how many courses each is, and how far.

use actix_web::web::{Data, Path, Query};
use askama::Template;

use super::company_nav::Part;
use super::paging::Pages;
use super::sorted::{Column, ListView};
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::ids::CompanyId;
use crate::progress::people::{self, Learner, Sort};

/// Learners on one page.
const PER_PAGE: i64 = 25;

/// The learners of a company.
#[derive(Template)]
#[template(path = "people/people.html")]
pub struct LearnersPage {
    chrome: Chrome,
    company: Company,
    state: State,
    view: ListView,
    columns: Vec<Column>,
    learners: Vec<Learner>,
    pages: Pages,
    download: Downloads,
}

/// `GET /companies/{company}/people`
pub async fn show_learners(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
    view: Query<ListView>,
) -> Result<Page<LearnersPage>, PageError> {
    let (id, view) = (company.into_inner(), view.into_inner());
    let order = view.order(Sort::Name)?;
    let path = format!("/companies/{id}/people");
    let (search, wanted, base) = (view.search.clone(), view.page, view.base(&path));
    let read = app.db.run(move |conn| {
        let (company, state) = companies::store::get(conn, id)?;
        let total = people::total(conn, id, &search)?;
        let pages = Pages::new(wanted, PER_PAGE, total, base);
        let part = (Pages::offset(pages.number, PER_PAGE), PER_PAGE);
        let learners = people::page(conn, id, &search, order, part)?;
        Ok((company, state, pages, learners))
    });
    let (company, state, pages, learners) = read.await?;
    Ok(Page(LearnersPage {
        chrome: admin.chrome(Tab::Companies),
        columns: view.columns(&path, order, headings()),
        download: view.downloads("learners", &path),
        company,
        state,
        view,
        learners,
        pages,
    }))
}

fn headings() -> Vec<(&'static str, Option<Sort>, bool)> {
    vec![
        ("Learner", Some(Sort::Name), false),
        ("Courses", Some(Sort::Courses), true),
        ("count|Completed", Some(Sort::Completed), true),
        ("count|In progress", Some(Sort::InProgress), true),
        ("count|Not started", Some(Sort::NotStarted), true),
        ("Changed", Some(Sort::Changed), false),
    ]
}
