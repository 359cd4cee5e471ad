//! Progress as a file: every row that the filter of a company's page keeps, and every row of one person.

use actix_web::HttpResponse;
use actix_web::web::{Path, Query};

use super::sheet::{Column, Sheet};
use super::{Download, named};
use crate::companies;
use crate::dashboard::PageError;
use crate::dashboard::labels::Label as _;
use crate::dashboard::phrases::{capital, mailbox_text};
use crate::dashboard::progress_columns::Shown;
use crate::dashboard::progress_view::View;
use crate::dashboard::settings_form::Pairs;
use crate::error::OrNotFound;
use crate::export::Cell;
use crate::ids::{CompanyId, UserId};
use crate::moodle::RowState;
use crate::progress::{self, Content, Row, list};

/// `GET /companies/{company}/progress/export.{format}`, with the fields of the page, and with its columns where some were
/// chosen.
pub async fn export_progress(
    download: Download,
    path: Path<(CompanyId, String)>,
    query: Query<Pairs>,
) -> Result<HttpResponse, PageError> {
    let (company, _) = path.into_inner();
    let view = View::read(query.into_inner())?;
    let (filter, order) = (view.filter(download.zone)?, view.order()?);
    let sheet = Sheet {
        name: "Progress",
        whose: download.whose(company).await?,
        columns: match view.columns.as_slice() {
            [] => columns(),
            chosen => chosen_columns(chosen),
        },
    };
    let put = move |conn: &mut _, lines: &mut super::Lines<'_, Row>| {
        lines.expect(list::total(conn, company, &filter)?)?;
        let mut rows = list::stream(conn, company, &filter, order)?;
        rows.try_for_each(|row| lines.put(&row?))
    };
    download.send(sheet, put).await
}

/// `GET /companies/{company}/people/{user}/export.{format}`; not found where the company has no row of them.
pub async fn export_person(
    download: Download,
    path: Path<(CompanyId, UserId, String)>,
) -> Result<HttpResponse, PageError> {
    let (company, user, _) = path.into_inner();
    let found = download.look_up(move |conn| {
        let (company, _) = companies::store::get(conn, company)?;
        let rows = progress::store::of_person(conn, company.id, user)?;
        let first = rows.first().or_not_found("the person")?.user_id;
        Ok(format!("{} {}", named(&company.name, company.id), first))
    });
    let sheet = Sheet {
        name: "Person",
        whose: found.await?,
        columns: columns(),
    };
    download
        .send(sheet, move |conn, lines| {
            lines.put_all(progress::store::of_person(conn, company, user)?)
        })
        .await
}

fn columns() -> Vec<Column<Row>> {
    let mut columns = subject();
    columns.extend_from_slice(SAID);
    columns
}

/// The learner, and the columns that somebody chose on the page.
fn chosen_columns(chosen: &[Shown]) -> Vec<Column<Row>> {
    let named = |name: &str| columns().into_iter().find(|column| column.0 == name);
    let learner = ["first name", "last name", "email"];
    let others = chosen.iter().map(|shown| match shown {
        Shown::Course => "course",
        Shown::Status => "status",
        Shown::Percentage => "percentage",
        Shown::Enrolled => "enrolled (UTC)",
        Shown::Started => "started (UTC)",
        Shown::Completed => "completed (UTC)",
        Shown::Changed => "changed (UTC)",
        Shown::Username => "user name",
        Shown::UserId => "user id",
        Shown::CourseId => "course id",
        Shown::Version => "version",
    });
    let names = learner.into_iter().chain(others);
    names.filter_map(named).collect()
}

const SAID: &[Column<Row>] = &[
    ("status", |row| {
        said(row, |content| Cell::text(content.status.label()))
    }),
    ("percentage", |row| {
        said(row, |content| Cell::fraction(content.percentage))
    }),
    ("completed (UTC)", |row| {
        said(row, |content| Cell::at(content.timecompleted))
    }),
    ("started (UTC)", |row| {
        said(row, |content| Cell::at(content.timestarted))
    }),
    ("enrolled (UTC)", |row| {
        said(row, |content| Cell::at(content.enrolled_at))
    }),
    ("state", |row| Cell::Text(capital(row.state.label()))),
    ("changed (UTC)", |row| Cell::at(row.changed_at)),
    ("version", |row| Cell::Number(row.seq)),
];

/// Whatever is about one row.
pub trait AboutRow {
    /// The row.
    fn row(&self) -> &Row;
}

impl AboutRow for Row {
    fn row(&self) -> &Row {
        self
    }
}

/// Who and which course: how every list of rows begins.
pub fn subject<T: AboutRow>() -> Vec<Column<T>> {
    vec![
        ("user id", |line| Cell::Number(line.row().user_id.0)),
        ("first name", |line| {
            said(line.row(), |content| Cell::text(&content.firstname))
        }),
        ("last name", |line| {
            said(line.row(), |content| Cell::text(&content.lastname))
        }),
        ("email", |line| {
            said(line.row(), |content| {
                Cell::text(mailbox_text(&content.email))
            })
        }),
        ("user name", |line| {
            said(line.row(), |content| Cell::text(&content.username))
        }),
        ("course id", |line| Cell::Number(line.row().course_id.0)),
        ("course", |line| Cell::text(&line.row().content.coursename)),
    ]
}

/// What a row says; nothing of somebody who was erased.
pub fn said(row: &Row, cell: impl FnOnce(&Content) -> Cell) -> Cell {
    if row.state == RowState::Erased {
        Cell::None
    } else {
        cell(&row.content)
    }
}
