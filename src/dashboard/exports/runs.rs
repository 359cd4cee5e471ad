//! Syncs as files: the history, and of one run its changes or its plan, its courses and what it could not read.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Path, Query};

use super::changes::{after, before, kind};
use super::progress::{AboutRow, said, subject};
use super::sheet::{BATCH, Column, Lines, Sheet};
use super::{Download, named};
use crate::companies;
use crate::dashboard::PageError;
use crate::dashboard::history::View;
use crate::dashboard::labels::Label as _;
use crate::dashboard::phrases::capital;
use crate::dashboard::run_changes::{Change, change, planned};
use crate::dashboard::run_details::planned_courses;
use crate::db::Conn;
use crate::error::{OrNotFound, Result};
use crate::export::Cell;
use crate::ids::{CompanyId, RunId};
use crate::progress::Row;
use crate::sync::affected::{self, AffectedCourse};
use crate::sync::coverage::{self, UnreadRow};
use crate::sync::history::{self, Mark};
use crate::sync::{Run, Statistics, preview};

type Answer = std::result::Result<HttpResponse, PageError>;

/// `GET /sync/history/export.{format}`, with the fields of the page.
pub async fn export_history(download: Download, view: Query<View>) -> Answer {
    let session = &download.admin.session;
    let filter = view.filter(session.reading.zone, session.only)?;
    let whose = match filter.company {
        Some(company) => download.whose(company).await?,
        None => "all companies".into(),
    };
    let sheet = Sheet {
        name: "Sync history",
        whose,
        columns: columns(),
    };
    let put = move |conn: &mut Conn, lines: &mut Lines<'_, Line>| {
        let names: HashMap<CompanyId, String> = companies::store::list(conn)?
            .into_iter()
            .map(|(company, _)| (company.id, company.name))
            .collect();
        let mut mark = None;
        loop {
            let runs = history::page(conn, filter, mark.as_ref(), BATCH)?;
            let Some(last) = runs.last() else {
                return Ok(());
            };
            mark = Some(Mark {
                requested_at_ms: last.requested_at_ms,
                id: last.id.clone(),
            });
            lines.put_all(runs.into_iter().map(|run| {
                let name = names.get(&run.company_id).cloned().unwrap_or_default();
                Line::of(run.company_id, name, String::new(), Some(run))
            }))?;
        }
    };
    download.send(sheet, put).await
}

/// `GET /sync/runs/{run}/changes/export.{format}`: all it changed; of a preview, all it would change.
pub async fn export_run_changes(download: Download, path: Path<(RunId, String)>) -> Answer {
    let (run, whose) = find(&download, path).await?;
    let name = if run.has_plan() {
        "Planned changes"
    } else {
        "Changes of a sync"
    };
    let sheet = Sheet {
        name,
        whose,
        columns: change_columns(),
    };
    let put = move |conn: &mut Conn, lines: &mut Lines<'_, Change>| {
        lines.expect(run.statistics().map_or(0, |done| done.total_processed))?;
        if run.has_plan() {
            put_plan(conn, &run, lines)
        } else {
            put_log(conn, &run, lines)
        }
    };
    download.send(sheet, put).await
}

fn put_log(conn: &mut Conn, run: &Run, lines: &mut Lines<'_, Change>) -> Result<()> {
    let mut after = 0;
    loop {
        let page = affected::page(conn, &run.id, after, BATCH)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.seq;
        lines.put_all(page.into_iter().map(change))?;
    }
}

fn put_plan(conn: &mut Conn, run: &Run, lines: &mut Lines<'_, Change>) -> Result<()> {
    let mut after = 0;
    loop {
        let page = preview::page(conn, run.company_id, &run.id, after, BATCH)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.place;
        lines.put_all(page.into_iter().filter_map(|line| planned(run, line)))?;
    }
}

/// `GET /sync/runs/{run}/courses/export.{format}`: every course it changed, or would.
pub async fn export_run_courses(download: Download, path: Path<(RunId, String)>) -> Answer {
    let (run, whose) = find(&download, path).await?;
    let sheet = Sheet {
        name: "Courses of a sync",
        whose,
        columns: vec![
            ("course id", |course: &AffectedCourse| {
                Cell::Number(course.id.0)
            }),
            ("course", |course| Cell::text(&course.name)),
            ("records", |course| Cell::Number(course.records)),
        ],
    };
    let put = move |conn: &mut Conn, lines: &mut Lines<'_, AffectedCourse>| {
        lines.put_all(if run.has_plan() {
            planned_courses(conn, &run.id)?
        } else {
            affected::courses(conn, &run.id, i64::MAX)?
        })
    };
    download.send(sheet, put).await
}

/// `GET /sync/runs/{run}/unread/export.{format}`: every row of Moodle that it could not read.
pub async fn export_unread(download: Download, path: Path<(RunId, String)>) -> Answer {
    let (run, whose) = find(&download, path).await?;
    let sheet = Sheet {
        name: "Unread rows",
        whose,
        columns: vec![
            ("user id", |row: &UnreadRow| Cell::Number(row.user.0)),
            ("course id", |row| Cell::Number(row.course.0)),
            ("reason", |row| Cell::text(&row.reason)),
        ],
    };
    let put = move |conn: &mut Conn, lines: &mut Lines<'_, UnreadRow>| {
        coverage::unread(conn, &run.id, i64::MAX)?.try_for_each(|row| lines.put(&row?))
    };
    download.send(sheet, put).await
}

/// A run, and how the names of its files say whose it is.
async fn find(download: &Download, path: Path<(RunId, String)>) -> Result<(Run, String)> {
    let (id, _) = path.into_inner();
    let found = download.look_up(move |conn| {
        let run = history::any(conn, &id)?.or_not_found("the sync run")?;
        let (company, _) = companies::store::get(conn, run.company_id)?;
        Ok((run, named(&company.name, company.id)))
    });
    let (run, whose) = found.await?;
    let short: String = run.id.0.chars().take(8).collect();
    Ok((run, format!("{whose} {short}")))
}

impl AboutRow for Change {
    fn row(&self) -> &Row {
        &self.row
    }
}

fn change_columns() -> Vec<Column<Change>> {
    let mut columns = subject();
    columns.extend_from_slice(&[
        ("change", |line: &Change| kind(line.kind)),
        ("before", |line| before(&line.fields)),
        ("after", |line| after(&line.fields)),
        ("served now", |line| Cell::Flag(line.is_served())),
        ("status now", |line| {
            served(line, |row| Cell::text(row.content.status.label()))
        }),
        ("percentage now", |line| {
            served(line, |row| Cell::fraction(row.content.percentage))
        }),
        ("completed now (UTC)", |line| {
            served(line, |row| Cell::at(row.content.timecompleted))
        }),
    ]);
    columns
}

/// What the API returns of the row now, where it returns it at all.
fn served(line: &Change, cell: impl FnOnce(&Row) -> Cell) -> Cell {
    if line.is_served() {
        said(&line.row, |_| cell(&line.row))
    } else {
        Cell::None
    }
}

/// A run, or a company of a batch that got none.
pub struct Line {
    company: CompanyId,
    name: String,
    note: String,
    run: Option<Run>,
    done: Option<Statistics>,
}

impl Line {
    /// A line; `note` says why there is no run.
    pub fn of(company: CompanyId, name: String, note: String, run: Option<Run>) -> Self {
        Self {
            company,
            name,
            note,
            done: run.as_ref().and_then(Run::statistics),
            run,
        }
    }

    fn asked(&self, cell: impl FnOnce(&Run) -> Cell) -> Cell {
        self.run.as_ref().map_or(Cell::None, cell)
    }

    fn counted(&self, count: impl FnOnce(&Statistics) -> Option<i64>) -> Cell {
        Cell::number(self.done.as_ref().and_then(count))
    }
}

/// A run's facts, and its statistics under the names of the API.
pub fn columns() -> Vec<Column<Line>> {
    vec![
        ("requested (UTC)", |line| {
            line.asked(|run| Cell::at_ms(run.requested_at_ms))
        }),
        ("company id", |line| Cell::Number(line.company.0)),
        ("company", |line| Cell::text(&line.name)),
        ("mode", |line| {
            line.asked(|run| Cell::text(run.mode.label()))
        }),
        ("hours back", |line| {
            line.asked(|run| Cell::number(run.hours_back.map(i64::from)))
        }),
        ("dry run", |line| line.asked(|run| Cell::Flag(run.dry_run))),
        ("trial of settings", |line| {
            line.asked(|run| Cell::Flag(run.shape.is_some()))
        }),
        ("trigger", |line| {
            line.asked(|run| Cell::text(run.trigger.label()))
        }),
        ("requested by", |line| {
            line.asked(|run| Cell::text(&run.requested_by))
        }),
        ("state", |line| {
            line.asked(|run| Cell::text(run.state.label()))
        }),
        ("started (UTC)", |line| {
            line.asked(|run| Cell::at_ms(run.started_at_ms))
        }),
        ("finished (UTC)", |line| {
            line.asked(|run| Cell::at_ms(run.finished_at_ms))
        }),
        ("total processed", |line| {
            line.counted(|done| Some(done.total_processed))
        }),
        ("records created", |line| {
            line.counted(|done| Some(done.records_created))
        }),
        ("records updated", |line| {
            line.counted(|done| Some(done.records_updated))
        }),
        ("records deleted", |line| {
            line.counted(|done| Some(done.records_deleted))
        }),
        ("records unchanged", |line| {
            line.counted(|done| Some(done.records_unchanged))
        }),
        ("cache cleared", |line| {
            line.counted(|done| done.cache_cleared)
        }),
        ("duration seconds", |line| {
            line.counted(|done| Some(done.duration_seconds))
        }),
        ("version before", |line| {
            line.counted(|done| done.version_before)
        }),
        ("version after", |line| {
            line.counted(|done| done.version_after)
        }),
        ("snapshot (UTC)", |line| {
            line.asked(|run| Cell::at(run.snapshot_at))
        }),
        ("errors", |line| Cell::Text(said_wrong(line))),
        ("sync", |line| line.asked(|run| Cell::text(&run.id.0))),
    ]
}

fn said_wrong(line: &Line) -> String {
    match &line.run {
        Some(run) => run.errors().join(" "),
        None => capital(&line.note),
    }
}
