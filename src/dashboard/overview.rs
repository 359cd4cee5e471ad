//! The first page: every company, how far its learners are, and how old its data is.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::coverage::gap_text;
use super::filters::percent_text;
use super::sign_in::Nothing;
use super::{Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, see_other};
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::db::{Conn, off_thread};
use crate::error::Result;
use crate::sync::coverage::{self, Coverage};
use crate::sync::history::{self, Filter};
use crate::sync::{self, Run};

/// The companies.
#[derive(Template)]
#[template(path = "companies/overview.html")]
pub struct OverviewPage {
    chrome: Chrome,
    has_moodle: bool,
    companies: Vec<Line>,
}

/// One company on the overview.
struct Line {
    company: Company,
    state: State,
    latest: Option<Run>,
    coverage: Option<Coverage>,
}

impl Line {
    /// `100 %`, or exactly what is wrong, and when that was so; `None` where nothing is known about now.
    fn covered(&self) -> Option<(String, i64)> {
        let coverage = self
            .coverage
            .as_ref()
            .filter(|found| found.outdated.is_none())?;
        let text = match (coverage.total.gap(), coverage.percentage()) {
            (0, None) => "nothing to compare".into(),
            (0, Some(percentage)) => percent_text(percentage),
            _ => gap_text(&coverage.total),
        };
        Some((text, coverage.run.snapshot_at?))
    }
}

/// `GET /`
pub async fn show_overview(
    admin: SignedIn,
    app: Data<App>,
) -> std::result::Result<Page<OverviewPage>, PageError> {
    let companies = app.db.run(lines).await?;
    Ok(Page(OverviewPage {
        chrome: admin.chrome(Tab::Companies),
        has_moodle: app.moodle.is_some(),
        companies,
    }))
}

/// `POST /companies/look-up`: asks Moodle which companies there are.
pub async fn look_up_companies(
    app: Data<App>,
    _form: Submitted<Nothing>,
) -> std::result::Result<HttpResponse, PageError> {
    let asking = app.clone();
    off_thread(move || sync::learn_companies(&asking)).await?;
    let known = app.db.run(companies::store::list).await?.len();
    Ok(see_other("/")
        .cookie(Flash::CompaniesKnown(known).cookie(&app))
        .finish())
}

fn lines(conn: &mut Conn) -> Result<Vec<Line>> {
    let known = companies::store::list(conn)?;
    let line = |(company, state): (Company, State)| {
        let filter = Filter {
            company: Some(company.id),
            dry_run: Some(false),
            ..Filter::default()
        };
        let latest = history::page(conn, filter, None, 1)?.pop();
        let coverage = coverage::latest(conn, company.id)?;
        Ok(Line {
            company,
            state,
            latest,
            coverage,
        })
    };
    known.into_iter().map(line).collect()
}
