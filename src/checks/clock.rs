//! The clock and the runs: whether schedules are looked at, and what is under way.

use super::said::{Check, span};
use crate::app::App;
use crate::language::Said;
use crate::sync::{RunState, history};

/// A clock that is silent for longer does not work, seconds: it ticks every two, but one job may last.
const SILENT: i64 = 120;

/// When the clock ticked last.
pub fn ticks(app: &App, now: i64) -> Check {
    let name = "Clock of the schedules";
    let advice =
        "Nothing that is scheduled will run: start the server again, and look into its log.";
    let Some(at) = app.pulse.ticked_at() else {
        return Check::problem(name, Said::new("It has not begun."), advice);
    };
    let found = Said::new("It ticked {span} ago.").saying("span", span(now - at));
    if now - at > SILENT {
        return Check::problem(name, found, advice);
    }
    if let Some((what, at)) = app.pulse.broken().into_iter().max_by_key(|(_, at)| *at) {
        let found = Said::new("One of its jobs broke off {span} ago: {what}.")
            .saying("span", span(now - at))
            .saying("what", Said::new(what));
        let advice = "This is a bug: it is tried again and again; report it with what the log of the server says.";
        return Check::problem(name, found, advice);
    }
    Check::ok(name, found)
}

/// Runs that run, wait for their turn, or wait for an admin.
pub fn runs(app: &App) -> Check {
    let name = "Syncs";
    let counts = match app.db.read(history::unfinished) {
        Ok(counts) => counts,
        Err(error) => return Check::failed(name, &error, "Look into the log of the server."),
    };
    let of = |wanted: RunState| {
        let found = counts.iter().find(|(state, _)| *state == wanted);
        found.map_or(0, |(_, count)| *count)
    };
    let asking = of(RunState::NeedsConfirmation);
    let found = Said::new(
        "{running} running, {waiting} waiting, {asking} waiting for somebody to confirm.",
    )
    .number("running", of(RunState::Running))
    .number("waiting", of(RunState::Queued))
    .number("asking", asking);
    if asking > 0 {
        let advice = "The Sync history, filtered by “Needs confirmation”, leads to them.";
        return Check::warning(name, found, advice);
    }
    Check::ok(name, found)
}
