//! The API monitor: what programs called within a stretch of time, how it went, and how their limits stand today.

use actix_web::web::{Data, Query};
use askama::Template;

use super::charts::{OverTime, Shares};
use super::company_field::{self, CompanyField};
use super::monitor_charts;
use super::monitor_tables::{self, Kind, Names, Table};
use super::monitor_view::{Span, View, Wanted};
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies;
use crate::db::Conn;
use crate::delivery::today::{self, Use};
use crate::error::Result;
use crate::ids::CompanyId;
use crate::requests::stats::{self, Report};
use crate::requests::sums::{self, Glance};
use crate::settings::keeping::{self, Configured};
use crate::time::buckets::{Bucket, Step, buckets};
use crate::time::now;

/// Limits on the page; the file has all of them.
const LIMITS: usize = 50;

/// Everything about the calls of a stretch.
#[derive(Template)]
#[template(path = "monitor/monitor.html")]
pub struct MonitorPage {
    chrome: Chrome,
    view: View,
    wanted: Wanted,
    /// Whether the reader may see one company only.
    is_of_one: bool,
    spans: Vec<(Span, String)>,
    companies: CompanyField,
    glance: Glance,
    /// Where there are more calls than are looked at one by one: since when they are.
    since_ms: Option<i64>,
    calls: OverTime,
    durations: OverTime,
    hits: OverTime,
    routes: Shares,
    tables: Vec<Table>,
    limits: Vec<(Use, Option<i64>)>,
    limits_total: usize,
    /// From how many per hundred on a limit is nearly used up.
    near: i64,
    days: Option<i64>,
    /// Calls that are looked at one by one at most.
    most: i64,
    /// Calls that are timed at most.
    timed: i64,
}

impl MonitorPage {
    /// The same page, as things are by then.
    fn again(&self) -> String {
        self.view.address("/monitor", &[])
    }

    fn is_shown(&self, span: &Span) -> bool {
        self.wanted.span.as_ref() == Some(span)
    }

    fn limit_files(&self) -> Downloads {
        Downloads::at("limits of today", self.view.address("/monitor/limits", &[]))
    }
}

/// What was read for the page.
struct Seen {
    glance: Glance,
    report: Report,
    names: Names,
    limits: Vec<(Use, Option<i64>)>,
    near: i64,
    companies: Vec<(CompanyId, String)>,
}

/// `GET /monitor`
pub async fn show_monitor(
    admin: SignedIn,
    app: Data<App>,
    view: Query<View>,
) -> std::result::Result<Page<MonitorPage>, PageError> {
    let (mut view, now, zone) = (view.into_inner(), now(), admin.session.reading.zone);
    if admin.session.only.is_some() {
        view.company.clear(); // theirs is the only one, whatever the address says
    }
    company_field::resolve(&admin, &app, &mut view.company).await?;
    let wanted = view.checked(now, zone, admin.session.only)?;
    let (from, until) = wanted.stretch;
    let step = Step::for_seconds(until - from);
    let cut = buckets(wanted.stretch, step, zone);
    let asked = cut.clone();
    let configured = Configured::of(&app.config);
    let (most, timed) = (app.config.calls_listed, app.config.calls_timed);
    let read = move |conn: &mut Conn| {
        let days = keeping::read(conn, configured)?.requests_days;
        Ok((see(conn, &wanted, (most, timed), &asked, now)?, days))
    };
    let (mut seen, days) = app.db.run(read).await?;
    let limits_total = seen.limits.len();
    seen.limits.truncate(LIMITS);
    let report = &seen.report;
    let counted = wanted.counted(report.since_ms);
    let table = |kind: &Kind| {
        let lines = monitor_tables::lines(report, &seen.names, &counted, (*kind, wanted.sort));
        Table::of(*kind, lines, &view, wanted.sort)
    };
    Ok(Page(MonitorPage {
        chrome: admin.chrome(Tab::Monitor),
        is_of_one: admin.session.only.is_some(),
        spans: spans(&view),
        companies: CompanyField::of(seen.companies, wanted.company),
        calls: monitor_charts::calls(&seen.glance, &cut, (step, zone)),
        durations: monitor_charts::durations(report, &cut, (step, zone)),
        hits: monitor_charts::hit_rate(&seen.glance, &cut, (step, zone)),
        routes: monitor_charts::routes(report),
        tables: Kind::ALL.iter().map(table).collect(),
        limits: seen.limits,
        limits_total,
        near: seen.near,
        days,
        most,
        timed,
        since_ms: report.since_ms,
        glance: seen.glance,
        wanted,
        view,
    }))
}

fn see(
    conn: &mut Conn,
    wanted: &Wanted,
    (most, timed): (i64, i64),
    cut: &[Bucket],
    now: i64,
) -> Result<Seen> {
    let report = stats::report(conn, wanted.window(most), wanted.company, cut)?;
    Ok(Seen {
        glance: sums::glance(conn, wanted.window(timed), wanted.company, cut)?,
        names: Names::read(conn, &report)?,
        limits: today::with_refused(conn, wanted.company, now)?,
        near: today::near(conn)?,
        companies: companies::store::names(conn, None)?,
        report,
    })
}

/// The stretches that end now, with their addresses.
fn spans(view: &View) -> Vec<(Span, String)> {
    let link = |span: &Span| {
        let others = [("window", span.as_str()), ("from", ""), ("to", "")];
        (*span, view.address("/monitor", &others))
    };
    Span::ALL.iter().map(link).collect()
}
