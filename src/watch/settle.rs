//! What a look found against what is open: new alerts open, known ones are seen again, and what is gone closes.

use super::rules::{Looked, is_on};
use super::tell;
use crate::alerts::store::{close, open, see, unclosed};
use crate::alerts::{Alert, SYSTEM};
use crate::db::Conn;
use crate::error::Result;
use crate::settings::site::Site;

/// Why an alert closes by itself.
const GONE: &str = "It is not so any more.";
const OFF: &str = "Its rule was switched off.";

/// Settles a look and owes the messages about it, in one transaction: killed half-way, neither has happened.
pub fn settle(conn: &mut Conn, looked: &Looked<'_>, site: &Site, now: i64) -> Result<()> {
    let known = unclosed(conn)?;
    for alert in &known {
        if looked.followed.contains(&alert.kind) && !looked.found.iter().any(|one| one.is(alert)) {
            let why = why(site, alert);
            close(conn, alert.id, SYSTEM, why, now)?;
            if why == GONE {
                tell::owe_end(conn, site, alert, now)?;
            }
        }
    }
    for found in &looked.found {
        match known.iter().find(|alert| found.is(alert)) {
            Some(alert) => see(conn, alert, found, now)?,
            None => open(conn, found, now)?,
        }
    }
    tell::owe(conn, site, now)
}

fn why(site: &Site, alert: &Alert) -> &'static str {
    if is_on(site, alert.kind) { GONE } else { OFF }
}
