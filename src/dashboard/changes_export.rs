//! The change log as a file: every line that the page's filter keeps, company by company, newest first.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Path, Query};

use super::changes::{Line, known, line, names, wanted};
use super::changes_view::View;
use super::filters::{capital, mailbox_text};
use super::labels::Label as _;
use super::run_changes::Field;
use super::{PageError, SignedIn};
use crate::app::App;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::export::{self, Cell, Format, Rows, Table};
use crate::ids::CompanyId;
use crate::sync::log::{self, Entry, Filter, Part};
use crate::sync::spans;
use crate::time::{now, rfc3339, rfc3339_ms};

/// Lines per look into the store.
const BATCH: i64 = 1000;

const COLUMNS: &[&str] = &[
    "published (UTC)",
    "company id",
    "company",
    "user id",
    "first name",
    "last name",
    "email",
    "user name",
    "course id",
    "course",
    "change",
    "before",
    "after",
    "version",
    "sync",
];

/// `GET /changes/export.csv` or `.xlsx`, with the fields of the page.
pub async fn export_changes(
    _admin: SignedIn,
    app: Data<App>,
    format: Path<String>,
    view: Query<View>,
) -> std::result::Result<HttpResponse, PageError> {
    let chosen = view.company()?;
    export(&app, &format, chosen, &view).await
}

/// `GET /companies/{company}/changes/export.csv` or `.xlsx`
pub async fn export_company_changes(
    _admin: SignedIn,
    app: Data<App>,
    path: Path<(CompanyId, String)>,
    view: Query<View>,
) -> std::result::Result<HttpResponse, PageError> {
    let (company, format) = path.into_inner();
    export(&app, &format, Some(company), &view).await
}

async fn export(
    app: &App,
    format: &str,
    chosen: Option<CompanyId>,
    view: &View,
) -> std::result::Result<HttpResponse, PageError> {
    let format: Format = format.parse().map_err(|_| Error::NotFound("this page"))?;
    let filter = view.filter()?;
    let read = app.db.run(move |conn| {
        let known = known(conn)?;
        Ok((wanted(conn, &known, chosen)?, names(&known)))
    });
    let (companies, names) = read.await?;
    let whose = match chosen {
        Some(company) => format!("{} {company}", names[&company]),
        None => "all companies".into(),
    };
    let today = rfc3339(now()).unwrap_or_default();
    let name = export::file_name(&["changes", &whose, &today[..today.len().min(10)]], format);
    let db = app.db.clone();
    let table = Table {
        name: "Changes",
        columns: COLUMNS,
        rows: Box::new(move |rows| every_line(&db, &companies, &names, &filter, rows)),
    };
    let body = export::stream(format, table, app.config.data_dir.clone()).await?;
    Ok(HttpResponse::Ok()
        .content_type(format.content_type())
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(body))
}

/// Writes every line within one snapshot of the store, so that the file shows one moment.
fn every_line(
    db: &Db,
    companies: &[CompanyId],
    names: &HashMap<CompanyId, String>,
    filter: &Filter,
    rows: &mut dyn Rows,
) -> Result<()> {
    db.own_snapshot(|conn| {
        for company in companies {
            let mut write = |entry| rows.row(&cells(line(entry, names)));
            of_company(conn, *company, filter, &mut write)?;
        }
        Ok(())
    })
}

fn of_company(
    conn: &mut Conn,
    company: CompanyId,
    filter: &Filter,
    write: &mut dyn FnMut(Entry) -> Result<()>,
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
        found.into_iter().try_for_each(&mut *write)?;
        part.span.1 = last - 1;
    }
}

fn cells(line: Line) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let row = line.change.row;
    let said = row.content;
    let (before, after) = sides(&line.change.fields);
    vec![
        Cell::Text(rfc3339_ms(line.at_ms).unwrap_or_default()),
        Cell::Number(row.company_id.0),
        text(&line.company),
        Cell::Number(row.user_id.0),
        text(&said.firstname),
        text(&said.lastname),
        text(mailbox_text(&said.email)),
        text(&said.username),
        Cell::Number(row.course_id.0),
        text(&said.coursename),
        Cell::Text(capital(line.change.kind.label())),
        Cell::Text(before),
        Cell::Text(after),
        Cell::Number(line.version),
        text(&line.run.0),
    ]
}

/// What moved, in the words of the page: `status: not started; percentage: 0 %`.
fn sides(fields: &[Field]) -> (String, String) {
    let side = |value: &dyn Fn(&Field) -> Option<String>| {
        let named = |field: &Field| Some(format!("{}: {}", field.name, value(field)?));
        let all: Vec<String> = fields.iter().filter_map(named).collect();
        all.join("; ")
    };
    (
        side(&|field| field.before.clone()),
        side(&|field| Some(field.after.clone())),
    )
}
