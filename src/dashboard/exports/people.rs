//! Erasures, the proof of one, and the changes of one row as files.

use actix_web::HttpResponse;
use actix_web::web::Path;

use super::Download;
use super::changes::{after, before, kind};
use super::sheet::Sheet;
use crate::dashboard::PageError;
use crate::dashboard::why::{Past, past};
use crate::error::OrNotFound;
use crate::export::Cell;
use crate::ids::{CompanyId, CourseId, Key, UserId};
use crate::sync::erase::{self, Erasure};
use crate::sync::traces::{self, Searched};
use crate::sync::{erasures, row_history};

/// `GET /people/erasures/export.{format}`
pub async fn export_erasures(download: Download) -> Result<HttpResponse, PageError> {
    let sheet = Sheet {
        name: "Erasures",
        whose: String::new(),
        columns: vec![
            ("user id", |line: &Erasure| Cell::Number(line.user_id.0)),
            ("erased (UTC)", |line| Cell::at(line.erased_at)),
            ("erased by", |line| Cell::text(&line.erased_by)),
            ("rows emptied", |line| Cell::Number(line.records)),
            ("lines of the change log emptied", |line| {
                Cell::Number(line.changes)
            }),
        ],
    };
    download
        .send(sheet, |conn, lines| {
            lines.put_pages(|offset, limit| erasures::page(conn, offset, limit))
        })
        .await
}

/// `GET /people/{user}/erasure/export.{format}`: the search is made anew for each file.
pub async fn export_erasure(
    download: Download,
    path: Path<(UserId, String)>,
) -> Result<HttpResponse, PageError> {
    let (user, _) = path.into_inner();
    let found = download.look_up(move |conn| erase::find(conn, user)?.or_not_found("the erasure"));
    let sheet = Sheet {
        name: "Erasure",
        whose: found.await?.user_id.to_string(),
        columns: vec![
            ("table", |line: &Searched| Cell::text(line.table)),
            ("columns", |line| Cell::text(line.columns)),
            ("rows with the id", |line| Cell::Number(line.known)),
            ("rows that say more", |line| Cell::number(line.telling)),
        ],
    };
    download
        .send(sheet, move |conn, lines| {
            lines.put_all(traces::search(conn, user)?)
        })
        .await
}

/// `GET /companies/{company}/people/{user}/courses/{course}/export.{format}`: every change of the row.
///
/// Nothing of somebody who was erased, as on the page.
pub async fn export_row_history(
    download: Download,
    path: Path<(CompanyId, UserId, CourseId, String)>,
) -> Result<HttpResponse, PageError> {
    let (company, user, course, _) = path.into_inner();
    let key = Key { user, course };
    let sheet = Sheet {
        name: "Changes of a row",
        whose: format!("{} {user} {course}", download.whose(company).await?),
        columns: vec![
            ("published (UTC)", |past: &Past| {
                Cell::at_ms(past.change.at_ms)
            }),
            ("version", |past| Cell::Number(past.change.seq)),
            ("change", |past| kind(past.change.kind)),
            ("before", |past| before(&past.fields)),
            ("after", |past| after(&past.fields)),
            ("sync", |past| Cell::text(&past.change.run.0)),
        ],
    };
    download
        .send(sheet, move |conn, lines| {
            if erase::find(conn, user)?.is_some() {
                return Ok(());
            }
            lines.put_pages(|offset, limit| {
                let changes = row_history::page(conn, company, key, offset, limit)?;
                Ok(changes.into_iter().map(past).collect())
            })
        })
        .await
}
