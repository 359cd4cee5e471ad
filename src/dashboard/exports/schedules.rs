//! The schedules of all companies as a file.

use actix_web::HttpResponse;

use super::Download;
use super::sheet::Sheet;
use crate::companies::Company;
use crate::dashboard::PageError;
use crate::dashboard::labels::Label as _;
use crate::dashboard::overview::seen;
use crate::dashboard::schedules::{Line, lines_of};
use crate::export::Cell;
use crate::sync::schedule::Schedule;

/// `GET /schedules/export.{format}`
pub async fn export_schedules(download: Download) -> Result<HttpResponse, PageError> {
    let sheet = Sheet {
        name: "Schedules",
        whose: String::new(),
        columns: vec![
            ("company id", |line: &Line| Cell::Number(line.company.id.0)),
            ("company", |line| Cell::text(&line.company.name)),
            ("rhythm", |line| {
                set(line, |set| Cell::Text(set.rhythm.in_words().to_string()))
            }),
            ("problem", |line| {
                set(line, |set| {
                    Cell::text(set.problem.clone().unwrap_or_default())
                })
            }),
            ("mode", |line| set(line, |set| Cell::text(set.mode.label()))),
            ("next run (UTC)", |line| {
                set(line, |set| Cell::at(set.due_of(&line.company)))
            }),
            ("paused (UTC)", |line| {
                set(line, |set| Cell::at(set.paused.as_ref().map(|(at, _)| *at)))
            }),
            ("paused by", |line| {
                let by = |set: &Schedule| Some(Cell::text(&set.paused.as_ref()?.1));
                set(line, |set| by(set).unwrap_or(Cell::None))
            }),
            ("failed in a row", |line| {
                set(line, |set| Cell::Number(set.attempts.into()))
            }),
            ("last scheduled run (UTC)", |line| {
                Cell::at_ms(line.latest.as_ref().map(|run| run.requested_at_ms))
            }),
            ("its state", |line| {
                let latest = line.latest.as_ref();
                latest.map_or(Cell::None, |run| Cell::text(run.state.label()))
            }),
        ],
    };
    let only = download.narrowed(None)?;
    download
        .send(sheet, move |conn, lines| {
            let known = seen(conn, only)?.into_iter();
            let all: Vec<Company> = known.map(|(company, _)| company).collect();
            lines.put_all(lines_of(conn, all)?)
        })
        .await
}

fn set(line: &Line, cell: impl FnOnce(&Schedule) -> Cell) -> Cell {
    line.schedule.as_ref().map_or(Cell::None, cell)
}
