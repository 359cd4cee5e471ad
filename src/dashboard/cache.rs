//! Clearing a company's cached responses by hand.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::sign_in::Nothing;
use super::{Flash, PageError, Submitted, see_other};
use crate::app::App;
use crate::companies;
use crate::ids::CompanyId;

/// `POST /companies/{company}/cache/clear`: purges the group and says how many entries there were.
pub async fn clear_cache(
    app: Data<App>,
    company: Path<CompanyId>,
    _form: Submitted<Nothing>,
) -> Result<HttpResponse, PageError> {
    let company = company.into_inner();
    app.db
        .run(move |conn| companies::store::get(conn, company))
        .await?;
    let purged = app.cache.purge(company);
    let response = see_other(&format!("/companies/{company}#cache"))
        .cookie(Flash::Purged(purged).cookie(&app))
        .finish();
    Ok(response)
}
