//! What holds for a company now, at a glance, and where each of it comes from.

use super::labels::Label as _;
use super::settings_words as words;
use crate::app::App;
use crate::db::Conn;
use crate::delivery::{self, today};
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
    /// Whether that is all of it, or nearly.
    pub shortage: Option<Said>,
}

/// How the fullest token and the company stand today; `None` for no limit.
type Used = (Option<Standing>, Option<Standing>);

/// The page of a company's delivery settings.
const DELIVERY: &str = "settings/delivery";

/// What the store says.
struct Read {
    own: Overrides,
    shape: Shape,
    said: DeliveryOverrides,
    delivery: Delivery,
    schedule: Option<Schedule>,
    tokens: Vec<Token>,
    near: i64,
}

/// Every setting of a company; `courses` are how many count and how many are switched off.
pub async fn glance(app: &App, company: CompanyId, courses: (usize, usize)) -> Result<Vec<Glance>> {
    let read = app.db.run(move |conn| read(conn, company)).await?;
    let used = used(app, company, &read).await?;
    let mut lines = rows(&read, courses);
    lines.extend(delivered(&read));
    lines.extend(limits(&read, used));
    lines.push(line("Schedule", rhythm(read.schedule.as_ref())).on("schedule"));
    for line in &mut lines {
        line.page = format!("/companies/{company}/{}", line.page);
    }
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
        near: today::near(conn)?,
    })
}

/// A setting of the rows, for which there is no default.
fn line(name: &'static str, value: Said) -> Glance {
    Glance {
        name,
        value,
        own: None,
        page: "settings#rows".to_owned(),
        used: None,
        shortage: None,
    }
}

impl Glance {
    /// The same, with whether the company says so itself.
    fn own(mut self, own: bool) -> Self {
        self.own = Some(own);
        self
    }

    /// The same, changed on this page of the company.
    fn on(mut self, page: &str) -> Self {
        page.clone_into(&mut self.page);
        self
    }
}

/// Which rows count.
fn rows(read: &Read, (on, off): (usize, usize)) -> Vec<Glance> {
    let field = |name, field| {
        let own = read.own.own().contains(&field);
        line(name, words::of(field, &read.shape, None)).own(own)
    };
    let departments = read.shape.departments.as_ref();
    let departments = departments.map_or_else(
        || Said::new("department|all"),
        |ids| Said::new("{departments}").counted("departments", ids.len() as i64, "department"),
    );
    let courses = Said::new("{on} on, {off} off")
        .number("on", on)
        .number("off", off);
    vec![
        field("Learners", Field::Learners),
        field("Suspended and ended enrolments", Field::Suspended),
        field("Enrolled", Field::Enrolled),
        field("date|Completed", Field::Completed),
        line("Departments", departments),
        line("Courses", courses),
    ]
}

/// What programs get.
fn delivered(read: &Read) -> Vec<Glance> {
    let Delivery {
        fields,
        mode,
        window_hours,
        courseid_for_username,
        zone,
        cache_minutes,
        ..
    } = &read.delivery;
    let setting =
        |name, setting, value| line(name, value).own(read.said.says(setting)).on(DELIVERY);
    let fields = Said::new("{n} of {all}")
        .number("n", fields.iter().count())
        .number("all", 12);
    let window = Said::new("{hours}").counted("hours", i64::from(*window_hours), "hour");
    let column = if *courseid_for_username {
        "courseid"
    } else {
        "username"
    };
    let zone = Said::as_it_is(String::from(*zone));
    vec![
        setting("Fields", "fields", fields),
        setting(
            "Mode of the old plugin's door",
            "mode",
            Said::new(mode.label()),
        ),
        setting("Window of that door", "window_hours", window),
        setting(
            "User name or course id",
            "courseid_for_username",
            Said::as_it_is(column),
        ),
        setting("Time zone", "zone", zone),
        setting("Cached responses", "cache_minutes", kept(*cache_minutes)),
    ]
}

/// How many calls a day are answered, and how many were made today.
fn limits(read: &Read, (of_token, of_company): Used) -> [Glance; 2] {
    let delivery = &read.delivery;
    let limit = |name, setting, calls, used: Option<Standing>| Glance {
        shortage: used.and_then(|standing| standing.shortage(&read.near)),
        used,
        ..line(name, limit(calls))
            .own(read.said.says(setting))
            .on(DELIVERY)
    };
    [
        limit(
            "Calls a day of each token",
            "calls_per_token",
            delivery.calls_per_token,
            of_token,
        ),
        limit(
            "Calls a day of the company",
            "calls_per_company",
            delivery.calls_per_company,
            of_company,
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
async fn used(app: &App, company: CompanyId, read: &Read) -> Result<Used> {
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
