//! The support text: what helps somebody to help, without a secret and without anybody's data.

use std::fmt::Write as _;

use super::{Check, all, of_the_store};
use crate::app::App;
use crate::companies;
use crate::config::{Listed, Origin};
use crate::db::Conn;
use crate::error::Result;
use crate::settings::site;
use crate::sync::history::{self, Filter};
use crate::time::rfc3339;

/// Runs that are told of.
const RUNS: i64 = 10;

/// Settings whose values name nobody and no machine.
const PLAIN: [&str; 9] = [
    "ALX_MOODLE_PREFIX",
    "ALX_CACHE_MB",
    "ALX_SYNC_LEASE_SECONDS",
    "ALX_SYNC_PARALLEL",
    "ALX_BATCH_MINUTES",
    "ALX_MOODLE_TIMEOUT_SECONDS",
    "ALX_CHANGES_DAYS",
    "ALX_REQUESTS_DAYS",
    "ALX_MAX_CONNECTIONS",
];

/// The whole text. Blocking. `is_server` is whether this process serves, so that it knows of its memory.
pub fn text(app: &App, is_server: bool, now: i64) -> Result<String> {
    let checks = if is_server {
        all(app, now)
    } else {
        of_the_store(app, now)
    };
    let (version, at) = (env!("CARGO_PKG_VERSION"), moment(now));
    let mut out = format!("alx-report-api {version}, {at}\n");
    heading(&mut out, "Checks");
    checks.iter().for_each(|check| line(&mut out, check));
    heading(&mut out, "Settings of the server");
    let listed = app.config.listed();
    listed.iter().for_each(|one| setting(&mut out, one));
    app.db.snapshot(|conn| {
        heading(
            &mut out,
            "Settings of the site that differ from their defaults",
        );
        of_the_site(&mut out, conn)?;
        heading(&mut out, "Counts");
        counts(&mut out, conn)?;
        heading(&mut out, "Latest syncs");
        latest(&mut out, conn)
    })?;
    Ok(out)
}

fn of_the_site(out: &mut String, conn: &mut Conn) -> Result<()> {
    let site = site::read(conn)?;
    let changed = site::Setting::ALL
        .iter()
        .filter(|one| site.is_changed(**one));
    for one in changed {
        let _ = writeln!(out, "{one}: {}", plain(*one, site.text(*one)));
    }
    Ok(())
}

fn counts(out: &mut String, conn: &mut Conn) -> Result<()> {
    let known = companies::store::list(conn)?;
    let states = || known.iter().map(|(_, state)| state);
    let synced = states().filter(|state| state.synced_at.is_some()).count();
    let rows: i64 = states().map(|state| state.totals.enrolments).sum();
    let _ = writeln!(
        out,
        "companies: {}, synced: {synced}, rows: {rows}",
        known.len()
    );
    Ok(())
}

fn latest(out: &mut String, conn: &mut Conn) -> Result<()> {
    for run in history::page(conn, Filter::default(), None, RUNS)? {
        let at = moment(run.requested_at_ms.div_euclid(1000));
        let seconds = run.duration_ms().map_or(0, |ms| ms / 1000);
        let changes = run.statistics().map_or(0, |done| done.total_processed);
        let _ = writeln!(
            out,
            "{at} company {} {} {} {}, {seconds} s, {changes} changes",
            run.company_id, run.mode, run.trigger, run.state
        );
    }
    Ok(())
}

fn moment(seconds: i64) -> String {
    rfc3339(seconds).unwrap_or_else(|| "an impossible time".into())
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n{text}");
}

fn line(out: &mut String, check: &Check) {
    let found = check.found.to_string();
    let _ = writeln!(out, "{:8} {}: {found}", check.level.as_str(), check.name);
}

/// A setting of the server: its value where that names nobody, else whether somebody set it.
fn setting(out: &mut String, one: &Listed) {
    let told = match one.origin {
        _ if PLAIN.contains(&one.variable.as_str()) => one.value.as_str(),
        Origin::Default if one.value.is_empty() => "not set",
        Origin::Default => "default",
        Origin::Environment | Origin::Flag => "set, not shown",
    };
    let _ = writeln!(out, "{}: {told}", one.variable);
}

/// A setting of the site: numbers and switches as they are, of texts only that there is one.
fn plain(setting: site::Setting, value: &str) -> String {
    match setting.field().kind {
        site::Kind::Switch | site::Kind::Number(..) | site::Kind::Choice(_) => value.to_owned(),
        _ => "set, not shown".into(),
    }
}
