//! The tables of the API monitor as files.

use actix_web::HttpResponse;
use actix_web::web::{Path, Query};

use super::Download;
use super::sheet::{Column, Sheet};
use crate::dashboard::monitor_tables::{Kind, Line, Names, lines};
use crate::dashboard::monitor_view::View;
use crate::dashboard::{PageError, SignedIn};
use crate::delivery::today::{self, Use};
use crate::error::OrNotFound as _;
use crate::export::Cell;
use crate::language::Said;
use crate::requests::stats;
use crate::time::now;

/// `GET /monitor/{kind}/export.{format}`, with the fields of the page.
pub async fn export_table(
    admin: SignedIn,
    download: Download,
    path: Path<(String, String)>,
    view: Query<View>,
) -> Result<HttpResponse, PageError> {
    let kind: Option<Kind> = path.0.parse().ok();
    let kind = kind.or_not_found("this page")?;
    let zone = admin.session.reading.zone;
    let wanted = view.checked(now(), zone, admin.session.only)?;
    let sheet = Sheet {
        name: match kind {
            Kind::Company => "Calls by company",
            Kind::Token => "Calls by token",
            Kind::Route => "Calls by address",
            Kind::Version => "Calls by version",
        },
        whose: String::new(),
        columns: columns(),
    };
    let most = download.app.config.calls_listed;
    let put = move |conn: &mut _, to: &mut super::Lines<'_, Line>| {
        let report = stats::report(conn, wanted.window(most), wanted.company, &[])?;
        let names = Names::read(conn, &report)?;
        let counted = wanted.counted(report.since_ms);
        to.put_all(lines(&report, &names, &counted, (kind, wanted.sort)))
    };
    download.send(sheet, put).await
}

fn columns() -> Vec<Column<Line>> {
    vec![
        ("name", |line| Cell::text(line.name.to_string())),
        ("about", |line| {
            let note = line.note.as_ref().map(Said::to_string);
            Cell::text(note.unwrap_or_default())
        }),
        ("calls", |line| Cell::Number(line.tally.calls)),
        ("errors", |line| Cell::Number(line.tally.errors)),
        ("refused by a limit", |line| {
            Cell::Number(line.tally.refused)
        }),
        ("success rate", |line| {
            Cell::fraction(line.tally.success_rate())
        }),
        ("p50 microseconds", |line| {
            Cell::number(line.tally.quantile(50))
        }),
        ("p95 microseconds", |line| {
            Cell::number(line.tally.quantile(95))
        }),
        ("p99 microseconds", |line| {
            Cell::number(line.tally.quantile(99))
        }),
        ("cache hits", |line| Cell::Number(line.tally.hits)),
        ("cache misses", |line| Cell::Number(line.tally.misses)),
        ("cache hit rate", |line| {
            Cell::fraction(line.tally.hit_rate())
        }),
        ("bytes", |line| Cell::Number(line.tally.bytes)),
        ("latest call (UTC)", |line| Cell::at_ms(line.tally.last_ms)),
    ]
}

/// A limit, and how many calls of its token a limit refused.
type Limit = (Use, Option<i64>);

/// `GET /monitor/limits/export.{format}`: how the limits stand today.
pub async fn export_limits(
    admin: SignedIn,
    download: Download,
    view: Query<View>,
) -> Result<HttpResponse, PageError> {
    let zone = admin.session.reading.zone;
    let wanted = view.checked(now(), zone, admin.session.only)?;
    let sheet = Sheet {
        name: "Limits today",
        whose: String::new(),
        columns: vec![
            ("company id", |(one, _): &Limit| Cell::Number(one.company.0)),
            ("company", |(one, _)| Cell::text(&one.company_name)),
            ("token id", |(one, _)| {
                Cell::number(one.token.as_ref().map(|(id, _)| id.0))
            }),
            ("token", |(one, _)| {
                let token = one.token.as_ref();
                token.map_or(Cell::None, |(_, name)| Cell::text(name))
            }),
            ("used", |(one, _)| Cell::Number(one.standing.used)),
            ("limit", |(one, _)| Cell::Number(one.standing.limit.into())),
            ("left", |(one, _)| Cell::Number(one.standing.left())),
            ("refused", |(_, refused)| Cell::number(*refused)),
            ("expected by the end of the day", |(one, _)| {
                Cell::number(one.forecast)
            }),
            ("resets at (UTC)", |(one, _)| Cell::at(one.resets_at)),
            ("zone", |(one, _)| Cell::text(one.zone)),
        ],
    };
    let now = now();
    let put = move |conn: &mut _, to: &mut super::Lines<'_, Limit>| {
        to.put_all(today::with_refused(conn, wanted.company, now)?)
    };
    download.send(sheet, put).await
}
