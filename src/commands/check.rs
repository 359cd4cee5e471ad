//! `check`: what stands between us and Moodle's data.

use std::process::ExitCode;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::moodle::Moodle;
use crate::say;

/// Prints every finding; succeeds when a sync would.
pub fn check(config: &Config) -> Result<ExitCode> {
    let url = config
        .moodle_url
        .as_ref()
        .ok_or(Error::MoodleNotConfigured)?;
    let report = Moodle::new(url, config)?.check();
    for finding in &report.findings {
        say!("{:8} {}", finding.level.as_str(), finding.text);
    }
    say!("{}", report.verdict());
    Ok(if report.is_usable() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
