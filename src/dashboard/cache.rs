//! A company's cached responses: what is there, and clearing them by hand.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use serde_json::json;

use super::company_nav::Part;
use super::sign_in::Nothing;
use super::{Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, see_other};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::cache::GroupReport;
use crate::companies::{self, Company, State};
use crate::ids::CompanyId;
use crate::time::now_ms;

/// The cache group of a company.
#[derive(Template)]
#[template(path = "companies/cache.html")]
pub struct CachePage {
    chrome: Chrome,
    company: Company,
    state: State,
    cache: GroupReport,
}

/// `GET /companies/{company}/cache`
pub async fn show_cache(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
) -> Result<Page<CachePage>, PageError> {
    let company = company.into_inner();
    let read = app.db.run(move |conn| companies::store::get(conn, company));
    let (company, state) = read.await?;
    Ok(Page(CachePage {
        chrome: admin.chrome(Tab::Companies),
        cache: app.cache.report(company.id),
        company,
        state,
    }))
}

/// `POST /companies/{company}/cache/clear`: purges the group and says how many entries there were.
pub async fn clear_cache(
    app: Data<App>,
    company: Path<CompanyId>,
    form: Submitted<Nothing>,
) -> Result<HttpResponse, PageError> {
    let company = company.into_inner();
    let by = form.admin.session.email;
    app.db
        .run(move |conn| companies::store::get(conn, company))
        .await?;
    let purged = app.cache.purge(company);
    let noted = app.db.change(move |conn| {
        let entry = Entry {
            actor: &by,
            company: Some(company),
            action: "cache_cleared",
            subject: "cache",
            before: None,
            after: Some(json!({ "responses": purged })),
        };
        audit::record(conn, &entry, now_ms())
    });
    noted.await?;
    let response = see_other(&format!("/companies/{company}/cache"))
        .cookie(Flash::Purged(purged).cookie(&app))
        .finish();
    Ok(response)
}
