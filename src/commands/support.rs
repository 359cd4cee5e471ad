//! `support`: what helps somebody to help.

use std::process::ExitCode;

use crate::app::App;
use crate::checks::{self, support};
use crate::config::Config;
use crate::db::Db;
use crate::error::Result;
use crate::moodle::Level;
use crate::say;
use crate::time::now;

/// Prints the support text; succeeds where no check found a problem.
pub fn support(config: Config) -> Result<ExitCode> {
    drop(Db::open_existing(&config.store_url())?); // it must not make a store
    let app = App::open(config)?;
    say!("{}", support::text(&app, false, now())?.trim_end());
    let level = checks::worst(&checks::of_the_store(&app, now()));
    Ok(if level == Level::Problem {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
