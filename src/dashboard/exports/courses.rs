//! A company's courses and learners with their numbers, as files.

use actix_web::HttpResponse;
use actix_web::web::{Path, Query};

use super::Download;
use super::sheet::{Column, Sheet};
use crate::dashboard::PageError;
use crate::dashboard::phrases::mailbox_text;
use crate::dashboard::sorted::ListView;
use crate::export::Cell;
use crate::ids::CompanyId;
use crate::progress::Band;
use crate::progress::course_order::{Sort, chosen};
use crate::progress::courses::{self, CourseNumbers, Which};
use crate::progress::people::{self, Learner};

/// `GET /companies/{company}/courses/export.{format}`, with the fields of the page.
pub async fn export_courses(
    download: Download,
    path: Path<(CompanyId, String)>,
    view: Query<ListView>,
) -> Result<HttpResponse, PageError> {
    let (company, _) = path.into_inner();
    let (sort, descending) = view.order(Sort::Name)?;
    let sheet = Sheet {
        name: "Courses",
        whose: download.whose(company).await?,
        columns: course_columns(),
    };
    download
        .send(sheet, move |conn, lines| {
            let all = courses::with_days(conn, company, Which::All)?;
            lines.put_all(chosen(all, &view.search, sort, descending))
        })
        .await
}

fn course_columns() -> Vec<Column<CourseNumbers>> {
    vec![
        ("course id", |course| Cell::Number(course.course.0)),
        ("course", |course| Cell::text(&course.name)),
        ("enrolments", |course| Cell::Number(course.enrolments())),
        ("completed", |course| Cell::Number(course.completed)),
        ("in progress", |course| Cell::Number(course.in_progress)),
        ("not started", |course| Cell::Number(course.not_started)),
        ("completion rate", |course| {
            Cell::fraction(course.completion_rate())
        }),
        ("average percentage", |course| {
            Cell::fraction(course.average())
        }),
        ("tracked", |course| Cell::Number(course.tracked())),
        ("median days", |course| {
            course
                .days
                .map_or(Cell::None, |days| Cell::Number(days.median))
        }),
        ("p90 days", |course| {
            course
                .days
                .map_or(Cell::None, |days| Cell::Number(days.p90))
        }),
        ("at 0", |course| band(course, Band::Nothing)),
        ("at 1-25", |course| band(course, Band::Quarter)),
        ("at 26-50", |course| band(course, Band::Half)),
        ("at 51-75", |course| band(course, Band::ThreeQuarters)),
        ("at 76-99", |course| band(course, Band::Almost)),
        ("at 100", |course| band(course, Band::All)),
        ("not tracked", |course| band(course, Band::Unknown)),
    ]
}

fn band(course: &CourseNumbers, wanted: Band) -> Cell {
    let mut bands = Band::ALL.iter().zip(course.bands);
    let found = bands.find(|(band, _)| **band == wanted);
    found.map_or(Cell::None, |(_, rows)| Cell::Number(rows))
}

/// `GET /companies/{company}/people/export.{format}`, with the fields of the page.
pub async fn export_learners(
    download: Download,
    path: Path<(CompanyId, String)>,
    view: Query<ListView>,
) -> Result<HttpResponse, PageError> {
    let (company, _) = path.into_inner();
    let order = view.order(people::Sort::Name)?;
    let sheet = Sheet {
        name: "People",
        whose: download.whose(company).await?,
        columns: learner_columns(),
    };
    download
        .send(sheet, move |conn, lines| {
            lines.expect(people::total(conn, company, &view.search)?)?;
            let mut all = people::stream(conn, company, &view.search, order)?;
            all.try_for_each(|learner| lines.put(&learner?))
        })
        .await
}

fn learner_columns() -> Vec<Column<Learner>> {
    vec![
        ("user id", |learner| Cell::Number(learner.user.0)),
        ("first name", |learner| Cell::text(&learner.firstname)),
        ("last name", |learner| Cell::text(&learner.lastname)),
        ("email", |learner| Cell::text(mailbox_text(&learner.email))),
        ("user name", |learner| Cell::text(&learner.username)),
        ("courses", |learner| Cell::Number(learner.courses)),
        ("completed", |learner| Cell::Number(learner.completed)),
        ("in progress", |learner| Cell::Number(learner.in_progress)),
        ("not started", |learner| Cell::Number(learner.not_started())),
        ("changed (UTC)", |learner| Cell::at(learner.changed_at)),
    ]
}
