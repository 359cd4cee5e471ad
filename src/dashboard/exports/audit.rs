//! The audit log as a file: every entry that the page's filter keeps, newest first.

use actix_web::HttpResponse;
use actix_web::web::Query;

use super::Download;
use super::sheet::{BATCH, Lines, Sheet};
use crate::audit;
use crate::dashboard::PageError;
use crate::dashboard::audit::{Line, View, line, names};
use crate::db::Conn;
use crate::export::Cell;

/// `GET /audit/export.{format}`, with the fields of the page.
pub async fn export_audit(
    download: Download,
    view: Query<View>,
) -> Result<HttpResponse, PageError> {
    let filter = view.filter(download.zone)?;
    let sheet = Sheet {
        name: "Audit log",
        whose: String::new(),
        columns: vec![
            ("at (UTC)", |line: &Line| Cell::at_ms(line.written.at_ms)),
            ("who", |line| Cell::text(&line.written.actor)),
            ("action", |line| Cell::text(&line.action)),
            ("company id", |line| {
                Cell::number(line.written.company_id.map(|id| id.0))
            }),
            ("company", |line| Cell::text(&line.company)),
            ("subject", |line| Cell::text(&line.written.subject)),
            ("before", |line| text(line.written.before.as_ref())),
            ("after", |line| text(line.written.after.as_ref())),
        ],
    };
    let put = move |conn: &mut Conn, lines: &mut Lines<'_, Line>| {
        let names = names(conn)?;
        let mut below = None;
        loop {
            let found = audit::page(conn, &filter, below, BATCH)?;
            let Some(last) = found.last() else {
                return Ok(());
            };
            below = Some(last.id);
            lines.put_all(found.into_iter().map(|entry| line(entry, &names)))?;
        }
    };
    download.send(sheet, put).await
}

fn text(side: Option<&String>) -> Cell {
    side.map_or(Cell::None, Cell::text)
}
