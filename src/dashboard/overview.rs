//! The first page: what needs somebody, how fresh every company is, what programs did, and what comes next.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use chrono_tz::Tz;
use serde_json::json;

use super::charts::{OverTime, Plan, Point, Unit};
use super::coverage::gap_text;
use super::monitor_charts;
use super::overview_attention::Attention;
use super::overview_list::View;
use super::paging::Pages;
use super::sign_in::Nothing;
use super::{
    Chrome, Downloads, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, see_other,
};
use crate::app::App;
use crate::audit;
use crate::companies::{self, Company, State};
use crate::db::{Conn, off_thread};
use crate::error::Result;
use crate::ids::CompanyId;
use crate::language::{Number, Said};
use crate::progress::completions;
use crate::requests::stats::Window;
use crate::requests::sums::{self, Glance};
use crate::sync;
use crate::sync::coverage::{self, Coverage};
use crate::sync::health::{self, Health, Standing};
use crate::time::buckets::{Bucket, Step, buckets};
use crate::time::{day, now, now_ms};

/// Days of the chart of completions.
const DAYS: u64 = 29;
/// Seconds of the numbers about calls.
const DAY: i64 = 86_400;
/// Next runs that are named.
const UPCOMING: usize = 5;

/// How everything is, and every company.
#[derive(Template)]
#[template(path = "companies/overview.html")]
pub struct OverviewPage {
    chrome: Chrome,
    has_moodle: bool,
    /// Whether the reader may see one company only.
    view: View,
    total: usize,
    tally: Vec<(Health, &'static str, usize)>,
    attention: Attention,
    upcoming: Vec<(Company, i64)>,
    companies: Vec<Line>,
    pages: Pages,
    glance: Glance,
    /// Calls that are timed at most.
    timed: i64,
    completions: OverTime,
    calls: OverTime,
}

/// One company on the overview.
pub(super) struct Line {
    pub(super) standing: Standing,
    pub(super) coverage: Option<Coverage>,
}

impl Line {
    /// How the status of its health looks.
    fn class(&self) -> &'static str {
        class(self.standing.health)
    }

    /// `100 %`, or exactly what is wrong, and when that was so; `None` where nothing is known about now.
    fn covered(&self) -> Option<(Said, i64)> {
        let coverage = self
            .coverage
            .as_ref()
            .filter(|found| found.outdated.is_none())?;
        let text = match (coverage.total.gap(), coverage.percentage()) {
            (0, None) => Said::new("nothing to compare"),
            (0, Some(percentage)) => Said::figure(Number::Percent(percentage)),
            _ => gap_text(&coverage.total),
        };
        Some((text, coverage.run.snapshot_at?))
    }
}

/// What was read for the page, in one snapshot.
struct Seen {
    standings: Vec<Standing>,
    attention: Attention,
    glance: Glance,
    completed: Vec<i64>,
}

/// `GET /`
pub async fn show_overview(
    admin: SignedIn,
    app: Data<App>,
    view: Query<View>,
) -> std::result::Result<Page<OverviewPage>, PageError> {
    let (now, zone, only) = (now(), admin.session.reading.zone, admin.session.only);
    let hours = buckets((now - DAY, now), Step::Hour, zone);
    let from = day::start(now, DAYS, zone).unwrap_or(now - 30 * DAY);
    let days = buckets((from, now), Step::Day, zone);
    let (asked, counted) = (hours.clone(), days.clone());
    let timed = app.config.calls_timed;
    let window = Window::last(DAY, now, timed);
    let read = move |conn: &mut Conn| see(conn, only, (&asked, &counted), window, now);
    let seen = app.db.run(read).await?;
    let view = view.into_inner();
    let (total, tally) = (seen.standings.len(), tally(&seen.standings));
    let upcoming = upcoming(&seen.standings);
    let (shown, pages) = view.page(seen.standings)?;
    let companies = app.db.run(move |conn| with_coverage(conn, shown)).await?;
    Ok(Page(OverviewPage {
        chrome: admin.chrome(Tab::Companies),
        has_moodle: app.moodle.is_some(),
        completions: completions_chart(&days, &seen.completed, zone),
        calls: monitor_charts::calls(&seen.glance, &hours, (Step::Hour, zone)),
        attention: seen.attention,
        glance: seen.glance,
        timed,
        view,
        total,
        tally,
        upcoming,
        companies,
        pages,
    }))
}

/// `POST /companies/look-up`: asks Moodle which companies there are.
pub async fn look_up_companies(
    app: Data<App>,
    form: Submitted<Nothing>,
) -> std::result::Result<HttpResponse, PageError> {
    let asking = app.clone();
    let before = app.db.run(companies::store::list).await?.len();
    off_thread(move || sync::learn_companies(&asking)).await?;
    let known = app.db.run(companies::store::list).await?.len();
    let actor = form.admin.session.email;
    let note = move |conn: &mut Conn| {
        let entry = audit::Entry {
            actor: &actor,
            company: None,
            action: "companies_looked_up",
            subject: "Moodle",
            before: Some(json!({ "companies": before })),
            after: Some(json!({ "companies": known })),
        };
        audit::record(conn, &entry, now_ms())
    };
    app.db.change(note).await?;
    Ok(see_other("/")
        .cookie(Flash::CompaniesKnown(known).cookie(&app))
        .finish())
}

fn see(
    conn: &mut Conn,
    only: Option<CompanyId>,
    (hours, days): (&[Bucket], &[Bucket]),
    window: Window,
    now: i64,
) -> Result<Seen> {
    let standings = health::standings(conn, only, now)?;
    let attention = Attention::read(conn, &standings, only, now)?;
    Ok(Seen {
        glance: sums::glance(conn, window, only, hours)?,
        completed: completions(conn, only, days)?,
        standings,
        attention,
    })
}

/// Every company, by name, as the file of them has it.
pub(super) fn lines(conn: &mut Conn, only: Option<CompanyId>, now: i64) -> Result<Vec<Line>> {
    let all = health::standings(conn, only, now)?;
    with_coverage(conn, all)
}

fn with_coverage(conn: &mut Conn, standings: Vec<Standing>) -> Result<Vec<Line>> {
    let ids: Vec<CompanyId> = standings.iter().map(|one| one.company.id).collect();
    let mut found = coverage::latest_of(conn, &ids)?;
    let line = |standing: Standing| Line {
        coverage: found.remove(&standing.company.id),
        standing,
    };
    Ok(standings.into_iter().map(line).collect())
}

/// How many companies stand how, with how that looks; those that none has are left out.
fn tally(standings: &[Standing]) -> Vec<(Health, &'static str, usize)> {
    let count = |health: &Health| {
        let alike = standings.iter().filter(|one| one.health == *health);
        (*health, class(*health), alike.count())
    };
    let all = Health::ALL.iter().map(count);
    all.filter(|(.., count)| *count > 0).collect()
}

/// The runs that the scheduler will ask for next, the first of them first.
fn upcoming(standings: &[Standing]) -> Vec<(Company, i64)> {
    let due = standings
        .iter()
        .filter_map(|one| Some((one.company.clone(), one.next_run_at()?)));
    let mut due: Vec<(Company, i64)> = due.collect();
    due.sort_by_key(|(_, at)| *at);
    due.truncate(UPCOMING);
    due
}

fn completions_chart(days: &[Bucket], completed: &[i64], zone: Tz) -> OverTime {
    let plan = Plan {
        id: "completions",
        title: "Completions, last 30 days",
        nothing: "No completion is known in this time.",
        unit: Unit::Count,
        series: &["count|Completed"],
        step: Step::Day,
        zone,
    };
    let point = |(bucket, count): (&Bucket, &i64)| Point {
        bucket: *bucket,
        values: vec![Some(*count as f64)],
    };
    let points: Vec<Point> = days.iter().zip(completed).map(point).collect();
    OverTime::bars(plan, &points)
}

/// How a status of this health looks.
fn class(health: Health) -> &'static str {
    match health {
        Health::Waiting => "needs_confirmation",
        Health::Failing => "failed",
        Health::Late => "partial",
        Health::Never => "not_started",
        Health::Unscheduled => "queued",
        Health::OnTime => "succeeded",
        Health::Suspended | Health::Gone => "cancelled",
    }
}

/// The companies that somebody may see, by name.
pub(super) fn seen(conn: &mut Conn, only: Option<CompanyId>) -> Result<Vec<(Company, State)>> {
    let mut known = companies::store::list(conn)?;
    known.retain(|(company, _)| only.is_none_or(|only| only == company.id));
    Ok(known)
}
