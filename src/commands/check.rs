//! `check`: what stands between us and Moodle's data.

use std::process::ExitCode;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::moodle::{Level, Moodle};

/// Prints every finding; succeeds when a sync would.
pub fn check(config: &Config) -> Result<ExitCode> {
    let url = config
        .moodle_url
        .as_ref()
        .ok_or(Error::MoodleNotConfigured)?;
    let report = Moodle::new(url, config)?.check();
    for finding in &report.findings {
        println!("{:8} {}", word(finding.level), finding.text);
    }
    println!("{}", report.verdict());
    Ok(if report.level() < Level::Problem {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Problem => "problem",
    }
}
