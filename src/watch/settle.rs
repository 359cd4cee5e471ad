//! What a look found against what is open: new alerts open, known ones are seen again, and what is gone closes.

use std::collections::{HashMap, HashSet};

use super::rules::{Looked, is_on};
use super::tell;
use crate::alerts::store::{Finding, close, open, see, unclosed};
use crate::alerts::{Alert, Kind, SYSTEM};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::settings::site::Site;

/// Why an alert closes by itself.
const GONE: &str = "It is not so any more.";
const OFF: &str = "Its rule was switched off.";
const WORSE: &str = "It has become worse: another alert says so.";

/// A kind, a company and a subject: one thing.
type Thing<'a> = (Kind, Option<CompanyId>, &'a str);

/// Settles a look and owes the messages about it, in one transaction: killed half-way, neither has happened.
pub fn settle(conn: &mut Conn, looked: &Looked<'_>, site: &Site, now: i64) -> Result<()> {
    let known = unclosed(conn)?;
    let found: HashSet<Thing<'_>> = looked.found.iter().map(of_finding).collect();
    for alert in &known {
        if looked.followed.contains(&alert.kind) && !found.contains(&of_alert(alert)) {
            let why = why(site, alert, &found);
            close(conn, alert.id, SYSTEM, why, now)?;
            if why == GONE {
                tell::owe_end(conn, site, alert, now)?;
            }
        }
    }
    let open_now: HashMap<Thing<'_>, &Alert> =
        known.iter().map(|alert| (of_alert(alert), alert)).collect();
    for found in &looked.found {
        match open_now.get(&of_finding(found)) {
            Some(alert) => see(conn, alert, found, now)?,
            None => open(conn, found, now)?,
        }
    }
    tell::owe(conn, site, now)
}

fn of_finding(found: &Finding) -> Thing<'_> {
    (found.kind, found.company, &found.subject)
}

fn of_alert(alert: &Alert) -> Thing<'_> {
    (alert.kind, alert.company_id, &alert.subject)
}

fn why(site: &Site, alert: &Alert, found: &HashSet<Thing<'_>>) -> &'static str {
    let (kind, company, subject) = of_alert(alert);
    let is_worse = |worse: Kind| found.contains(&(worse, company, subject));
    match is_on(site, kind) {
        false => OFF,
        true if kind.grows_into().is_some_and(is_worse) => WORSE,
        true => GONE,
    }
}
