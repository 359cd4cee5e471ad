//! The logs: how much they hold, and how long that is kept.

use super::said::{Check, span};
use crate::app::App;
use crate::language::Said;
use crate::requests::store;
use crate::settings::keeping::{self, Configured};

const LOOK: &str = "Look into the log of the server.";
/// Calls that are so many that the store grows by gigabytes.
const MANY: i64 = 20_000_000;

/// Calls in the log, and the oldest of them.
pub fn calls(app: &App, now: i64) -> Check {
    let name = "Log of API calls";
    let (count, oldest_ms) = match app.db.read(store::extent) {
        Ok(extent) => extent,
        Err(error) => return Check::failed(name, &error, LOOK),
    };
    let Some(oldest_ms) = oldest_ms else {
        return Check::ok(name, Said::new("No call is in it."));
    };
    let found = Said::new("{count} calls; the oldest is {span} old.")
        .number("count", count)
        .saying("span", span(now - oldest_ms.div_euclid(1000)));
    if count > MANY {
        let advice = "Keep calls for fewer days: Settings, Site.";
        return Check::warning(name, found, advice);
    }
    Check::ok(name, found)
}

/// How long calls and lines of the change log are kept.
pub fn keeping(app: &App) -> Check {
    let name = "Kept";
    let configured = Configured::of(&app.config);
    let kept = match app.db.read(|conn| keeping::read(conn, configured)) {
        Ok(kept) => kept,
        Err(error) => return Check::failed(name, &error, LOOK),
    };
    let days = |days: Option<i64>| days.map_or(Said::as_it_is("∞"), Said::figure);
    let copies = Some(kept.backups as i64).filter(|copies| *copies > 0);
    let found = Said::new(
        "Days that calls are kept: {calls}; lines of the change log: {lines}. Backups: {copies}.",
    )
    .saying("calls", days(kept.requests_days))
    .saying("lines", days(kept.changes_days))
    .saying("copies", days(copies));
    Check::ok(name, found)
}
