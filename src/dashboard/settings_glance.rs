//! What holds for a company now, at a glance, and where each of it comes from.

use super::labels::Label as _;
use super::settings_words as words;
use crate::app::App;
use crate::db::Conn;
use crate::delivery;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::language::Said;
use crate::moodle::Shape;
use crate::requests::{Limits, Standing};
use crate::settings::delivery::{self as stored, Delivery, DeliveryOverrides};
use crate::settings::{self, Field, Overrides};
use crate::sync::schedule::{self, Schedule};
use crate::time::now;
use crate::tokens::{self, Token};

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Glance {
    /// What it is called.
    pub name: &'static str,
    /// What holds.
    pub value: Said,
    /// Whether the company says so itself; `None` where there is no default to follow.
    pub own: Option<bool>,
    /// The page that changes it.
    pub page: String,
    /// How much of a limit is used today.
    pub used: Option<Standing>,
}

/// What the store says.
struct Read {
    own: Overrides,
    shape: Shape,
    said: DeliveryOverrides,
    delivery: Delivery,
    schedule: Option<Schedule>,
    tokens: Vec<Token>,
}

/// Every setting of a company; `courses` are how many count and how many are switched off.
pub async fn glance(app: &App, company: CompanyId, courses: (usize, usize)) -> Result<Vec<Glance>> {
    let read = app.db.run(move |conn| read(conn, company)).await?;
    let rows = format!("/companies/{company}/settings#rows");
    let line = |name, value, own, page: &str, used| Glance {
        name,
        value,
        own,
        page: page.to_owned(),
        used,
    };
    let mut lines = Vec::new();
    for (name, field) in [
        ("Learners", Field::Learners),
        ("Suspended and ended enrolments", Field::Suspended),
        ("Enrolled", Field::Enrolled),
        ("date|Completed", Field::Completed),
    ] {
        let own = Some(read.own.own().contains(&field));
        lines.push(line(
            name,
            words::of(field, &read.shape, None),
            own,
            &rows,
            None,
        ));
    }
    let departments = read.shape.departments.as_ref();
    let value = departments.map_or_else(
        || Said::new("department|all"),
        |ids| Said::new("{departments}").counted("departments", ids.len() as i64, "department"),
    );
    lines.push(line("Departments", value, None, &rows, None));
    let (on, off) = courses;
    let value = Said::new("{on} on, {off} off")
        .number("on", on)
        .number("off", off);
    lines.push(line("Courses", value, None, &rows, None));
    let page = format!("/companies/{company}/settings/delivery");
    for (name, setting, value) in delivered(&read.delivery) {
        let own = Some(read.said.says(setting));
        lines.push(line(name, value, own, &page, None));
    }
    let (of_token, of_company) = used(app, company, &read).await?;
    for (name, setting, calls, used) in [
        (
            "Calls a day of each token",
            "calls_per_token",
            read.delivery.calls_per_token,
            of_token,
        ),
        (
            "Calls a day of the company",
            "calls_per_company",
            read.delivery.calls_per_company,
            of_company,
        ),
    ] {
        let own = Some(read.said.says(setting));
        lines.push(line(name, limit(calls), own, &page, used));
    }
    lines.push(line(
        "Cached responses",
        kept(read.delivery.cache_minutes),
        Some(read.said.says("cache_minutes")),
        &page,
        None,
    ));
    let page = format!("/companies/{company}/schedule");
    lines.push(line(
        "Schedule",
        rhythm(read.schedule.as_ref()),
        None,
        &page,
        None,
    ));
    Ok(lines)
}

fn read(conn: &mut Conn, company: CompanyId) -> Result<Read> {
    Ok(Read {
        own: settings::store::own(conn, company)?,
        shape: settings::store::shape(conn, company)?,
        said: stored::own(conn, company)?,
        delivery: stored::of_company(conn, company)?,
        schedule: schedule::store::find(conn, company)?,
        tokens: tokens::store::list(conn, company)?,
    })
}

/// What programs get: name, setting and value.
fn delivered(delivery: &Delivery) -> Vec<(&'static str, &'static str, Said)> {
    let fields = delivery.fields.iter().count();
    let column = if delivery.courseid_for_username {
        "courseid"
    } else {
        "username"
    };
    vec![
        (
            "Fields",
            "fields",
            Said::new("{n} of {all}")
                .number("n", fields)
                .number("all", 12),
        ),
        (
            "Mode of the old plugin's door",
            "mode",
            Said::new(delivery.mode.label()),
        ),
        (
            "Window of that door",
            "window_hours",
            Said::new("{hours}").counted("hours", i64::from(delivery.window_hours), "hour"),
        ),
        (
            "User name or course id",
            "courseid_for_username",
            Said::as_it_is(column),
        ),
        (
            "Time zone",
            "zone",
            Said::as_it_is(String::from(delivery.zone)),
        ),
    ]
}

fn limit(calls: u32) -> Said {
    match calls {
        0 => Said::new("no limit"),
        calls => Said::figure(calls),
    }
}

fn kept(minutes: i32) -> Said {
    match minutes {
        0 => Said::new("off: each is made anew"),
        minutes => Said::new("on, kept for {minutes}").counted("minutes", minutes.into(), "minute"),
    }
}

fn rhythm(schedule: Option<&Schedule>) -> Said {
    match schedule {
        None => Said::new("schedule|none"),
        Some(schedule) if schedule.problem.is_some() => Said::new("cannot be followed"),
        Some(schedule) if schedule.paused.is_some() => {
            Said::new("{rhythm}, paused").saying("rhythm", schedule.rhythm.in_words())
        }
        Some(schedule) => schedule.rhythm.in_words(),
    }
}

/// How the fullest of the tokens that open stands today, and how the company does; `None` for no limit.
async fn used(
    app: &App,
    company: CompanyId,
    read: &Read,
) -> Result<(Option<Standing>, Option<Standing>)> {
    let now = now();
    let limits = |token| delivery::limits(company, token, &read.delivery);
    let mut fullest: Option<Standing> = None;
    for token in read.tokens.iter().filter(|token| token.life(now).is_open()) {
        let of_token = Limits {
            per_company: 0,
            ..limits(token.id)
        };
        let standing = app.quota.standing(&app.db, of_token, now).await?;
        if standing.map(|one| one.used) > fullest.map(|one| one.used) {
            fullest = standing;
        }
    }
    let of_company = Limits {
        per_token: 0,
        ..limits(crate::requests::ALL_TOKENS)
    };
    Ok((fullest, app.quota.standing(&app.db, of_company, now).await?))
}
