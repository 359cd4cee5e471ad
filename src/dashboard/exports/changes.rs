//! The change log as a file: every line that the page's filter keeps, company by company, newest first.

use actix_web::HttpResponse;
use actix_web::web::{Path, Query};

use super::progress::{AboutRow, subject};
use super::sheet::{BATCH, Column, Lines, Sheet};
use super::{Download, named};
use crate::dashboard::PageError;
use crate::dashboard::changes::{Line, known, line, names, wanted};
use crate::dashboard::changes_view::View;
use crate::dashboard::labels::Label as _;
use crate::dashboard::phrases::capital;
use crate::dashboard::run_changes::Field;
use crate::db::Conn;
use crate::error::Result;
use crate::export::Cell;
use crate::ids::CompanyId;
use crate::language::Said;
use crate::progress::Row;
use crate::sync::log::{self, Entry, Filter, Part};
use crate::sync::plan::Kind;
use crate::sync::spans;

/// `GET /changes/export.{format}`, with the fields of the page.
pub async fn export_changes(
    download: Download,
    view: Query<View>,
) -> std::result::Result<HttpResponse, PageError> {
    let chosen = download.narrowed(view.company()?)?;
    export(download, chosen, &view).await
}

/// `GET /companies/{company}/changes/export.{format}`
pub async fn export_company_changes(
    download: Download,
    path: Path<(CompanyId, String)>,
    view: Query<View>,
) -> std::result::Result<HttpResponse, PageError> {
    let (company, _) = path.into_inner();
    export(download, Some(company), &view).await
}

async fn export(
    download: Download,
    chosen: Option<CompanyId>,
    view: &View,
) -> std::result::Result<HttpResponse, PageError> {
    let filter = view.filter(download.zone)?;
    let only = download.narrowed(None)?;
    let read = download.look_up(move |conn| {
        let known = known(conn, only)?;
        Ok((wanted(conn, &known, chosen)?, names(&known)))
    });
    let (companies, names) = read.await?;
    let whose = match chosen {
        Some(company) => named(&names[&company], company),
        None => "all companies".into(),
    };
    let sheet = Sheet {
        name: "Changes",
        whose,
        columns: columns(),
    };
    let put = move |conn: &mut Conn, lines: &mut Lines<'_, Line>| {
        for company in companies {
            let mut put = |entry| lines.put(&line(entry, &names));
            of_company(conn, company, &filter, &mut put)?;
        }
        Ok(())
    };
    download.send(sheet, put).await
}

fn of_company(
    conn: &mut Conn,
    company: CompanyId,
    filter: &Filter,
    put: &mut dyn FnMut(Entry) -> Result<()>,
) -> Result<()> {
    let Some(span) = spans::span(conn, company, filter)? else {
        return Ok(());
    };
    let mut part = Part {
        span,
        oldest_first: false,
        limit: BATCH,
    };
    loop {
        let found = log::of_company(conn, company, filter, part)?;
        let Some(last) = found.last().map(|entry| entry.change.seq) else {
            return Ok(());
        };
        found.into_iter().try_for_each(&mut *put)?;
        part.span.1 = last - 1;
    }
}

fn columns() -> Vec<Column<Line>> {
    let mut columns: Vec<Column<Line>> = vec![
        ("published (UTC)", |line| Cell::at_ms(line.at_ms)),
        ("company id", |line| Cell::Number(line.row().company_id.0)),
        ("company", |line| Cell::text(&line.company)),
    ];
    columns.extend(subject());
    columns.extend_from_slice(&[
        ("change", |line: &Line| kind(line.change.kind)),
        ("before", |line| before(&line.change.fields)),
        ("after", |line| after(&line.change.fields)),
        ("version", |line| Cell::Number(line.version)),
        ("sync", |line| Cell::text(&line.run.0)),
    ]);
    columns
}

impl AboutRow for Line {
    fn row(&self) -> &Row {
        &self.change.row
    }
}

/// What was done to a row, in the word of the pages.
pub fn kind(kind: Kind) -> Cell {
    Cell::Text(capital(kind.label()))
}

/// What moved, as it was: `status: not started; percentage: 0 %`. Nothing of a row never seen before.
pub fn before(fields: &[Field]) -> Cell {
    side(fields, |field| field.before.as_ref())
}

/// What moved, as it is since, likewise.
pub fn after(fields: &[Field]) -> Cell {
    side(fields, |field| Some(&field.after))
}

fn side<'a>(fields: &'a [Field], value: impl Fn(&'a Field) -> Option<&'a Said>) -> Cell {
    let said = |field: &'a Field| Some(format!("{}: {}", field.name, value(field)?));
    let all: Vec<String> = fields.iter().filter_map(said).collect();
    if all.is_empty() {
        Cell::None
    } else {
        Cell::Text(all.join("; "))
    }
}
