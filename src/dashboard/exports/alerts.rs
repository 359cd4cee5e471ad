//! The inbox as a file: every alert that its filter keeps, newest first.

use actix_web::HttpResponse;
use actix_web::web::Query;

use super::Download;
use super::sheet::Sheet;
use crate::alerts::list;
use crate::dashboard::alerts::{Line, with_names};
use crate::dashboard::alerts_view::View;
use crate::dashboard::{PageError, SignedIn};
use crate::export::Cell;

/// `GET /alerts/export.{format}`, with the fields of the page.
pub async fn export_alerts(
    admin: SignedIn,
    download: Download,
    view: Query<View>,
) -> Result<HttpResponse, PageError> {
    let filter = view.filter(admin.session.only)?;
    let sheet = Sheet {
        name: "Alerts",
        whose: String::new(),
        columns: vec![
            ("alert", |line: &Line| Cell::Number(line.alert.id.0)),
            ("type", |line| Cell::text(line.alert.kind.as_str())),
            ("severity", |line| Cell::text(line.alert.severity.as_str())),
            ("state", |line| Cell::text(line.alert.state.as_str())),
            ("company id", |line| {
                Cell::number(line.alert.company_id.map(|id| id.0))
            }),
            ("company", |line| Cell::text(&line.company)),
            ("subject", |line| Cell::text(&line.alert.subject)),
            ("message", |line| Cell::text(&line.alert.message)),
            ("since (UTC)", |line| Cell::at(Some(line.alert.opened_at))),
            ("last seen (UTC)", |line| Cell::at(Some(line.alert.seen_at))),
            ("times seen", |line| Cell::Number(line.alert.seen)),
            ("acknowledged (UTC)", |line| {
                Cell::at(line.alert.acknowledged_at)
            }),
            ("acknowledged by", |line| {
                text(line.alert.acknowledged_by.as_ref())
            }),
            ("closed (UTC)", |line| Cell::at(line.alert.closed_at)),
            ("closed by", |line| text(line.alert.closed_by.as_ref())),
            ("note", |line| text(line.alert.note.as_ref())),
        ],
    };
    download
        .send(sheet, move |conn, lines| {
            lines.put_pages(|offset, limit| {
                let alerts = list::page(conn, filter, offset, limit)?;
                with_names(conn, alerts)
            })
        })
        .await
}

fn text(text: Option<&String>) -> Cell {
    text.map_or(Cell::None, Cell::text)
}
