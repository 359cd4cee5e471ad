//! The support text: what helps somebody to help, without a secret and without anybody's data.

use std::fmt::Write as _;

use super::{Check, all, of_the_store};
use crate::app::App;
use crate::companies;
use crate::config::{Listed, Origin};
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
    let mut out = String::new();
    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(
        out,
        "alx-report-api {version}, {}",
        rfc3339(now).unwrap_or_default()
    );
    heading(&mut out, "Checks");
    checks.iter().for_each(|check| line(&mut out, check));
    heading(&mut out, "Settings of the server");
    app.config
        .listed()
        .iter()
        .for_each(|one| setting(&mut out, one));
    app.db.snapshot(|conn| {
        heading(
            &mut out,
            "Settings of the site that differ from their defaults",
        );
        let site = site::read(conn)?;
        for one in site::Setting::ALL
            .iter()
            .filter(|one| site.is_changed(**one))
        {
            let _ = writeln!(out, "{one}: {}", plain(*one, site.text(*one)));
        }
        heading(&mut out, "Counts");
        let known = companies::store::list(conn)?;
        let synced = known
            .iter()
            .filter(|(_, state)| state.synced_at.is_some())
            .count();
        let rows: i64 = known.iter().map(|(_, state)| state.totals.enrolments).sum();
        let _ = writeln!(
            out,
            "companies: {}, synced: {synced}, rows: {rows}",
            known.len()
        );
        heading(&mut out, "Latest syncs");
        for run in history::page(conn, Filter::default(), None, RUNS)? {
            let at = rfc3339(run.requested_at_ms.div_euclid(1000)).unwrap_or_default();
            let seconds = run.duration_ms().map_or(0, |ms| ms / 1000);
            let _ = writeln!(
                out,
                "{at} company {} {} {} {}, {seconds} s, {} changes",
                run.company_id,
                run.mode,
                run.trigger,
                run.state,
                run.statistics().map_or(0, |done| done.total_processed)
            );
        }
        Ok(())
    })?;
    Ok(out)
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
