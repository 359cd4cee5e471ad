//! A company's courses: how many learners are how far in each.

use actix_web::web::{Data, Path, Query};
use askama::Template;

use super::bars::{Bar, bars};
use super::company_nav::Part;
use super::paging::Pages;
use super::sorted::{Column, ListView};
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::ids::CompanyId;
use crate::progress::Band;
use crate::progress::course_order::{Sort, chosen};
use crate::progress::courses::{self, CourseNumbers, Which};

/// Courses on one page.
const PER_PAGE: i64 = 25;

/// The courses of a company.
#[derive(Template)]
#[template(path = "companies/courses.html")]
pub struct CoursesPage {
    chrome: Chrome,
    company: Company,
    state: State,
    view: ListView,
    columns: Vec<Column>,
    courses: Vec<CourseNumbers>,
    pages: Pages,
    download: Downloads,
}

impl CoursesPage {
    /// The bar of its learners by progress.
    fn bars(&self, course: &CourseNumbers) -> Vec<Bar> {
        bars(&course.bands)
    }
}

/// `GET /companies/{company}/courses`
pub async fn show_courses(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
    view: Query<ListView>,
) -> Result<Page<CoursesPage>, PageError> {
    let (id, view) = (company.into_inner(), view.into_inner());
    let (sort, descending) = view.order(Sort::Name)?;
    let read = app.db.run(move |conn| {
        let (company, state) = companies::store::get(conn, id)?;
        Ok((company, state, courses::with_days(conn, id, Which::All)?))
    });
    let (company, state, all) = read.await?;
    let found = chosen(all, &view.search, sort, descending);
    let path = format!("/companies/{id}/courses");
    let pages = Pages::new(view.page, PER_PAGE, found.len() as i64, view.base(&path));
    let before = Pages::offset(pages.number, PER_PAGE) as usize;
    Ok(Page(CoursesPage {
        chrome: admin.chrome(Tab::Companies),
        columns: view.columns(&path, (sort, descending), headings()),
        courses: found
            .into_iter()
            .skip(before)
            .take(PER_PAGE as usize)
            .collect(),
        download: view.downloads("courses", &path),
        company,
        state,
        view,
        pages,
    }))
}

fn headings() -> Vec<(&'static str, Option<Sort>, bool)> {
    vec![
        ("Course", Some(Sort::Name), false),
        ("Enrolments", Some(Sort::Enrolments), true),
        ("count|Completed", Some(Sort::Completed), true),
        ("count|In progress", Some(Sort::InProgress), true),
        ("count|Not started", Some(Sort::NotStarted), true),
        ("Completion rate", Some(Sort::Rate), true),
        ("Average progress", Some(Sort::Average), true),
        ("Median days", Some(Sort::Median), true),
        ("90 % within days", Some(Sort::P90), true),
        ("Learners by progress", None, false),
    ]
}
