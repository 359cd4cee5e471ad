//! A company's syncs: the latest one, the one that runs, and when the next one comes.

use actix_web::web::{Data, Path};
use askama::Template;

use super::company_nav::Part;
use super::{Chrome, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::sync::Run;
use crate::sync::history::{self, Filter};
use crate::sync::schedule::{self, Schedule};

/// The syncs of a company.
#[derive(Template)]
#[template(path = "companies/sync.html")]
pub struct SyncPage {
    chrome: Chrome,
    has_moodle: bool,
    company: Company,
    state: State,
    /// The latest run that was asked for, previews aside.
    latest: Option<Run>,
    /// What runs now, or waits for its turn.
    moving: Vec<Run>,
    schedule: Option<Schedule>,
    scheduled_run: Option<Run>,
}

/// `GET /companies/{company}/sync`
pub async fn show_sync(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
) -> std::result::Result<Page<SyncPage>, PageError> {
    let id = company.into_inner();
    let (chrome, has_moodle) = (admin.chrome(Tab::Companies), app.moodle.is_some());
    let read = app.db.run(move |conn| {
        let (company, state) = companies::store::get(conn, id)?;
        Ok(SyncPage {
            chrome,
            has_moodle,
            company,
            state,
            latest: latest(conn, id)?,
            moving: [history::running(conn, id)?, history::waiting(conn, id)?]
                .into_iter()
                .flatten()
                .collect(),
            schedule: schedule::store::find(conn, id)?,
            scheduled_run: schedule::forecast::latest_run(conn, id)?,
        })
    });
    Ok(Page(read.await?))
}

fn latest(conn: &mut Conn, company: CompanyId) -> Result<Option<Run>> {
    let written = Filter {
        company: Some(company),
        dry_run: Some(false),
        ..Filter::default()
    };
    Ok(history::page(conn, written, None, 1)?.pop())
}
