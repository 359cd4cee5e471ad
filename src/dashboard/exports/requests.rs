//! The log of calls as a file: every call that the page's filter keeps, newest first.

use actix_web::HttpResponse;
use actix_web::web::{Path, Query};

use super::sheet::{BATCH, Column, Lines, Sheet};
use super::{Download, named};
use crate::companies;
use crate::dashboard::PageError;
use crate::dashboard::requests::{Call, calls, fitting};
use crate::dashboard::requests_view::View;
use crate::db::Conn;
use crate::error::Result;
use crate::export::Cell;
use crate::ids::CompanyId;
use crate::requests::list::{self, Filter};

/// `GET /requests/export.{format}`, with the fields of the page.
pub async fn export_requests(
    download: Download,
    view: Query<View>,
) -> std::result::Result<HttpResponse, PageError> {
    let chosen = download.narrowed(view.company()?)?;
    let filter = view.filter(chosen, download.zone)?;
    export(download, None, filter).await
}

/// `GET /companies/{company}/requests/export.{format}`
pub async fn export_company_requests(
    download: Download,
    path: Path<(CompanyId, String)>,
    view: Query<View>,
) -> std::result::Result<HttpResponse, PageError> {
    let (company, _) = path.into_inner();
    let filter = view.filter(Some(company), download.zone)?;
    export(download, Some(company), filter).await
}

async fn export(
    download: Download,
    own: Option<CompanyId>,
    filter: Filter,
) -> std::result::Result<HttpResponse, PageError> {
    let filter = download
        .look_up(move |conn| fitting(conn, own, filter))
        .await?;
    let whose = match filter.company {
        Some(id) => {
            let known = download.look_up(move |conn| companies::store::get(conn, id));
            named(&known.await?.0.name, id)
        }
        None => "all companies".into(),
    };
    let sheet = Sheet {
        name: "Calls",
        whose,
        columns: columns(),
    };
    download
        .send(sheet, move |conn, lines| put(conn, &filter, lines))
        .await
}

/// Page after page of the log; a page may be short, or empty, and not the last.
fn put(conn: &mut Conn, filter: &Filter, lines: &mut Lines<'_, Call>) -> Result<()> {
    let mut below = None;
    loop {
        let found = list::page(conn, filter, below, BATCH)?;
        lines.put_all(calls(conn, found.calls)?)?;
        below = found.older;
        if below.is_none() {
            return Ok(());
        }
    }
}

fn columns() -> Vec<Column<Call>> {
    vec![
        ("answered at (UTC)", |call| Cell::at_ms(call.logged.at_ms)),
        ("company", |call| Cell::text(&call.company)),
        ("company id", |call| {
            Cell::number(call.logged.company_id.map(|id| id.0))
        }),
        ("token", |call| token(call)),
        ("token id", |call| {
            Cell::number(call.logged.token_id.map(|id| id.0))
        }),
        ("method", |call| Cell::text(&call.logged.method)),
        ("route", |call| Cell::text(&call.logged.route)),
        ("status", |call| Cell::Number(call.logged.status.into())),
        ("error", |call| text(call.logged.error.as_ref())),
        ("rows", |call| Cell::number(call.logged.rows)),
        ("bytes", |call| Cell::Number(call.logged.bytes)),
        ("microseconds", |call| Cell::Number(call.logged.duration_us)),
        ("cache", |call| text(call.logged.cache.as_ref())),
        ("version", |call| Cell::number(call.logged.version)),
        ("request id", |call| Cell::text(&call.logged.request_id)),
    ]
}

fn token(call: &Call) -> Cell {
    text(call.token.as_ref().map(|token| &token.name))
}

fn text(text: Option<&String>) -> Cell {
    text.map_or(Cell::None, Cell::text)
}
