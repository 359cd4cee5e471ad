//! The people whose data was erased, and the ids that no sync reads.

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::paging::Pages;
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::sync::erase::Erasure;
use crate::sync::erasures;

/// Erasures on one page.
const PER_PAGE: i64 = 50;

/// The erasures in force.
#[derive(Template)]
#[template(path = "people/erasures.html")]
pub struct ErasuresPage {
    chrome: Chrome,
    erasures: Vec<Erasure>,
    pages: Pages,
}

/// Which page.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    page: i64,
}

/// `GET /people/erasures`
pub async fn show_erasures(
    admin: SignedIn,
    app: Data<App>,
    wanted: Query<Wanted>,
) -> Result<Page<ErasuresPage>, PageError> {
    let read = app.db.run(move |conn| {
        let total = erasures::count(conn)?;
        let pages = Pages::new(wanted.page, PER_PAGE, total, "/people/erasures?".into());
        let offset = Pages::offset(pages.number, PER_PAGE);
        Ok((erasures::page(conn, offset, PER_PAGE)?, pages))
    });
    let (erasures, pages) = read.await?;
    Ok(Page(ErasuresPage {
        chrome: admin.chrome(Tab::Companies),
        erasures,
        pages,
    }))
}
