//! Syncs of all companies as files: the list of them, and the companies of one.

use actix_web::HttpResponse;
use actix_web::web::Path;

use super::Download;
use super::runs::{self, Line};
use super::sheet::Sheet;
use crate::dashboard::PageError;
use crate::dashboard::labels::Label as _;
use crate::export::Cell;
use crate::ids::BatchId;
use crate::sync::batch::{self, Batch, Tally};

/// `GET /sync/batches/export.{format}`
pub async fn export_batches(download: Download) -> Result<HttpResponse, PageError> {
    let sheet = Sheet {
        name: "All-company syncs",
        whose: String::new(),
        columns: vec![
            ("requested (UTC)", |(batch, _): &(Batch, Tally)| {
                Cell::at_ms(batch.requested_at_ms)
            }),
            ("mode", |(batch, _)| Cell::text(batch.mode.label())),
            ("hours back", |(batch, _)| {
                Cell::number(batch.hours_back.map(i64::from))
            }),
            ("dry run", |(batch, _)| Cell::Flag(batch.dry_run)),
            ("trigger", |(batch, _)| Cell::text(batch.trigger.label())),
            ("requested by", |(batch, _)| Cell::text(&batch.requested_by)),
            ("state", |(_, tally)| Cell::text(tally.state().label())),
            ("companies", |(_, tally)| Cell::Number(tally.companies)),
            ("succeeded", |(_, tally)| Cell::Number(tally.succeeded)),
            ("partly succeeded", |(_, tally)| Cell::Number(tally.partial)),
            ("failed", |(_, tally)| Cell::Number(tally.failed)),
            ("running", |(_, tally)| Cell::Number(tally.running)),
            ("waiting", |(_, tally)| Cell::Number(tally.waiting)),
            ("left out", |(_, tally)| Cell::Number(tally.left_out)),
            ("gone from Moodle", |(_, tally)| Cell::Number(tally.gone)),
            ("batch", |(batch, _)| Cell::text(&batch.id.0)),
        ],
    };
    download
        .send(sheet, |conn, lines| {
            lines.put_pages(|offset, limit| batch::page(conn, offset, limit))
        })
        .await
}

/// `GET /sync/batches/{batch}/export.{format}`
pub async fn export_batch(
    download: Download,
    path: Path<(BatchId, String)>,
) -> Result<HttpResponse, PageError> {
    let (id, _) = path.into_inner();
    let wanted = id.clone();
    let found = download.look_up(move |conn| batch::get(conn, &wanted));
    let short: String = found.await?.id.0.chars().take(8).collect();
    let sheet = Sheet {
        name: "All-company sync",
        whose: short,
        columns: runs::columns(),
    };
    let line = |line: batch::Line| Line::of(line.company, line.name, line.note, line.run);
    download
        .send(sheet, move |conn, lines| {
            lines.put_pages(|offset, limit| {
                let some = batch::lines(conn, &id, offset, limit)?;
                Ok(some.into_iter().map(line).collect())
            })
        })
        .await
}
