//! The command line: reads it, starts one command, turns its error into a sentence and an exit status.

use std::process::ExitCode;

use alx_report_api::commands::{self, Cli};
use alx_report_api::error::with_causes;

fn main() -> ExitCode {
    let cli = Cli::read();
    commands::log_to_stderr();
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("alx-report-api: {}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}
