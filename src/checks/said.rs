//! One thing that was looked at, and what was found.

use crate::error::{Error, with_causes};
use crate::language::Said;
use crate::moodle::Level;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// Whether it is as it should be.
    pub level: Level,
    /// What was found.
    pub found: Said,
    /// What to do, where there is something to do.
    pub advice: Option<&'static str>,
}

impl Check {
    /// As it should be.
    pub fn ok(name: &'static str, found: Said) -> Self {
        Self {
            name,
            level: Level::Ok,
            found,
            advice: None,
        }
    }

    /// Something that somebody should look at.
    pub fn warning(name: &'static str, found: Said, advice: &'static str) -> Self {
        Self {
            level: Level::Warning,
            advice: Some(advice),
            ..Self::ok(name, found)
        }
    }

    /// Something that does not work.
    pub fn problem(name: &'static str, found: Said, advice: &'static str) -> Self {
        Self {
            level: Level::Problem,
            ..Self::warning(name, found, advice)
        }
    }

    /// What could not be looked at. The text is what may be shown; the log has the rest.
    pub fn failed(name: &'static str, error: &Error, advice: &'static str) -> Self {
        log::warn!("the check of {name} failed: {}", with_causes(error));
        let found = Said::new("Failed: {why}.").saying("why", Said::brought(error.in_public()));
        Self::problem(name, found, advice)
    }
}

/// Seconds in the largest fitting unit: `5 s`, `3 min`, `12 h`, `9 days`.
pub fn span(seconds: i64) -> Said {
    match seconds {
        ..120 => Said::new("{n} s").number("n", seconds.max(0)),
        120..7200 => Said::new("{n} min").number("n", seconds / 60),
        7200..172_800 => Said::new("{n} h").number("n", seconds / 3600),
        _ => Said::new("{days}").counted("days", seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_the_largest_fitting_unit() {
        let told = |seconds| span(seconds).to_string();
        assert_eq!([told(-3), told(119), told(120)], ["0 s", "119 s", "2 min"]);
        assert_eq!([told(7200), told(172_800)], ["2 h", "2 days"]);
    }
}
