//! The overview and the coverage of a company as files.

use actix_web::HttpResponse;
use actix_web::web::Path;

use super::Download;
use super::sheet::Sheet;
use crate::companies::Totals;
use crate::dashboard::PageError;
use crate::dashboard::labels::Label as _;
use crate::dashboard::overview::{Line, lines};
use crate::export::Cell;
use crate::ids::CompanyId;
use crate::sync::coverage::{self, CourseCoverage, Coverage};
use crate::time::now;

/// `GET /companies/export.{format}`
pub async fn export_companies(download: Download) -> Result<HttpResponse, PageError> {
    let now = now();
    let sheet = Sheet {
        name: "Companies",
        whose: String::new(),
        columns: vec![
            ("company id", |line: &Line| {
                Cell::Number(line.standing.company.id.0)
            }),
            ("company", |line| Cell::text(&line.standing.company.name)),
            ("short name", |line| {
                Cell::text(&line.standing.company.shortname)
            }),
            ("suspended", |line| {
                Cell::Flag(line.standing.company.suspended)
            }),
            ("learners", |line| counted(line, |totals| totals.learners)),
            ("courses", |line| counted(line, |totals| totals.courses)),
            ("enrolments", |line| {
                counted(line, |totals| totals.enrolments)
            }),
            ("completed", |line| counted(line, |totals| totals.completed)),
            ("in progress", |line| {
                counted(line, |totals| totals.in_progress)
            }),
            ("not started", |line| counted(line, Totals::not_started)),
            ("completion rate", |line| {
                Cell::fraction(line.standing.state.totals.completion_rate())
            }),
            ("data as of (UTC)", |line| {
                Cell::at(line.standing.state.synced_at)
            }),
            ("data version", |line| Cell::Number(line.standing.state.seq)),
            ("coverage", |line| {
                Cell::fraction(covered(line).and_then(Coverage::percentage))
            }),
            ("missing", |line| gap(line, |found| found.total.missing)),
            ("extra", |line| gap(line, |found| found.total.extra)),
            ("different", |line| gap(line, |found| found.total.different)),
            ("coverage as of (UTC)", |line| {
                Cell::at(covered(line).and_then(|found| found.run.snapshot_at))
            }),
            ("health", |line| Cell::text(line.standing.health.label())),
            ("next sync (UTC)", |line| {
                Cell::at(line.standing.next_run_at())
            }),
            ("latest sync (UTC)", |line| {
                Cell::at_ms(line.standing.latest.as_ref().map(|run| run.requested_at_ms))
            }),
            ("latest sync state", |line| {
                let latest = line.standing.latest.as_ref();
                latest.map_or(Cell::None, |run| Cell::text(run.state.label()))
            }),
        ],
    };
    let only = download.narrowed(None)?;
    download
        .send(sheet, move |conn, to| to.put_all(lines(conn, only, now)?))
        .await
}

/// A number of the last sync; nothing is known before the first.
fn counted(line: &Line, count: impl FnOnce(&Totals) -> i64) -> Cell {
    let synced = line.standing.state.synced_at;
    Cell::number(synced.map(|_| count(&line.standing.state.totals)))
}

/// The last comparison, where it says something about now.
fn covered(line: &Line) -> Option<&Coverage> {
    let found = line.coverage.as_ref();
    found.filter(|found| found.outdated.is_none())
}

fn gap(line: &Line, count: impl FnOnce(&Coverage) -> i64) -> Cell {
    Cell::number(covered(line).map(count))
}

/// `GET /companies/{company}/coverage/export.{format}`: the courses of the last comparison; none before the first.
pub async fn export_coverage(
    download: Download,
    path: Path<(CompanyId, String)>,
) -> Result<HttpResponse, PageError> {
    let (company, _) = path.into_inner();
    let sheet = Sheet {
        name: "Coverage",
        whose: download.whose(company).await?,
        columns: vec![
            ("course id", |line: &CourseCoverage| Cell::Number(line.id.0)),
            ("course", |line| Cell::text(&line.tally.name)),
            ("in Moodle", |line| Cell::Number(line.tally.expected)),
            ("stored", |line| Cell::Number(line.tally.stored)),
            ("missing", |line| Cell::Number(line.tally.missing)),
            ("extra", |line| Cell::Number(line.tally.extra)),
            ("different", |line| Cell::Number(line.tally.different)),
        ],
    };
    download
        .send(sheet, move |conn, lines| {
            match coverage::latest(conn, company)? {
                Some(found) => lines.put_all(coverage::courses(conn, &found.run.id)?),
                None => Ok(()),
            }
        })
        .await
}
