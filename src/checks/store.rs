//! The store: whether it answers and how fast, its tables, its pools, and whether it takes writes.

use super::said::Check;
use crate::app::App;
use crate::db::Kind;
use crate::language::{Number, Said};
use crate::settings::site;
use crate::site::machine::slowness;
use crate::words::Severity;

const LOOK: &str =
    "Look into the log of the server; programs are answered again when the store is.";

/// Kind, version, size and how long an answer takes; the rule of the alert `slow_store` says when that is too long.
pub fn answers(app: &App) -> Check {
    let name = "Store";
    let read = app
        .db
        .report()
        .and_then(|report| Ok((report, app.db.read(site::read)?)));
    let (report, site) = match read {
        Ok(read) => read,
        Err(error) => return Check::failed(name, &error, LOOK),
    };
    let kind = match app.db.kind() {
        Kind::Sqlite => "SQLite",
        Kind::Postgres => "PostgreSQL",
        Kind::Mysql => "MySQL",
    };
    let found = Said::new("{kind} {version}, {size}; it answers within {ms} ms.")
        .with("kind", kind)
        .with("version", report.version)
        .number("size", Number::Bytes(report.bytes))
        .number("ms", Number::Milliseconds(report.answer_us));
    let advice = "The store is slow: look at the disk or the database server it lies on.";
    match slowness(&site, report.answer_us) {
        None => Check::ok(name, found),
        Some(Severity::High) => Check::problem(name, found, advice),
        Some(_) => Check::warning(name, found, advice),
    }
}

/// Whether its tables are those of this binary.
pub fn schema(app: &App) -> Check {
    let name = "Tables";
    let report = match app.db.report() {
        Ok(report) => report,
        Err(error) => return Check::failed(name, &error, LOOK),
    };
    let (applied, known) = report.migrations;
    let found = Said::new("{applied} of {known} migrations; the newest is {newest}.")
        .number("applied", applied)
        .number("known", known)
        .with("newest", report.newest);
    if applied == known {
        Check::ok(name, found)
    } else {
        Check::problem(
            name,
            found,
            "Start the server again: it brings the tables up to date.",
        )
    }
}

/// Whether connections are left.
pub fn pools(app: &App) -> Check {
    let name = "Connections to the store";
    let report = match app.db.report() {
        Ok(report) => report,
        Err(error) => return Check::failed(name, &error, LOOK),
    };
    let told: Vec<String> = report
        .pools
        .iter()
        .map(|pool| format!("{} {}/{}", pool.name, pool.busy, pool.most))
        .collect();
    let found = Said::new("At work of at most: {pools}.").with("pools", told.join(", "));
    let used_up = |pool: &crate::db::PoolReport| pool.most > 1 && pool.busy >= pool.most;
    if report.pools.iter().any(used_up) {
        let advice = "Every connection of a kind is at work: requests wait. If it stays, a query hangs; look into the log.";
        return Check::warning(name, found, advice);
    }
    Check::ok(name, found)
}

/// Whether it takes a write.
pub fn takes_writes(app: &App, now: i64) -> Check {
    let name = "Writing";
    match app.db.takes_writes(now) {
        Ok(Some(())) => Check::ok(name, Said::new("The store takes writes.")),
        Ok(None) => {
            let found = Said::new("Another write lasts, so it was not tried.");
            Check::ok(name, found)
        }
        Err(error) => {
            let advice = "Syncs and settings cannot be saved: look at the disk, the rights of the folder, and the log.";
            Check::failed(name, &error, advice)
        }
    }
}
