//! The source: whether Moodle's database answers, and whether its clock is ours.

use super::said::Check;
use crate::app::App;
use crate::error::Error;
use crate::language::Said;

const NAME: &str = "Moodle's database";
/// A clock that is further away is worth a look, seconds.
const CLOCK: i64 = 5;

/// Whether it answers, who it is, how long that took, and how far its clock is away.
pub fn answers(app: &App) -> Check {
    let Some(moodle) = &app.moodle else {
        let found = Said::new("None is configured.");
        let advice = "Set ALX_MOODLE_URL and start the server again. Rows that are there are served all the same.";
        return Check::warning(NAME, found, advice);
    };
    let server = match moodle.greet() {
        Ok(server) => server,
        Err(error) => return unreachable(&error),
    };
    let found =
        Said::new("{server}; it answers within {ms} ms; its clock is {seconds} s ahead of ours.")
            .with("server", server.name)
            .number("ms", server.answer_ms)
            .number("seconds", server.ahead);
    if server.ahead.abs() > CLOCK {
        let advice = "Set the clock of one of the two machines: recent changes are looked for by Moodle's clock.";
        return Check::warning(NAME, found, advice);
    }
    if server.replica {
        let advice = "It is a replica: a sync sees Moodle as late as the replica is.";
        return Check::warning(NAME, found, advice);
    }
    Check::ok(NAME, found)
}

fn unreachable(error: &Error) -> Check {
    let advice = "On the server, “alx-report-api check” says in plain words what is wrong. Rows that are there are \
                  served all the same.";
    Check::failed(NAME, error, advice)
}
