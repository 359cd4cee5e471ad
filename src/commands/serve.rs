//! `serve`: the server, from its start to its orderly end.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::instance;
use crate::app::App;
use crate::config::Config;
use crate::error::Result;
use crate::say;
use crate::{admins, jobs, server, sync};

/// How long runs may take to end after the last request has.
const LAST_RUNS: Duration = Duration::from_secs(60);

/// Serves until it is told to stop.
pub fn serve(config: Config) -> Result<ExitCode> {
    let _folder = instance::take(&config.data_dir)?;
    let app = App::open(config)?;
    let _lock = instance::occupy(&app)?;
    let has_admin = app.db.read(admins::store::any)?;
    look_for_companies(&app)?;
    jobs::start(&app)?;
    actix_web::rt::System::new().block_on(async {
        let server = server::bind(&app, true)?;
        let _note = instance::Note::write(&app.config.data_dir, server.addresses[0])?;
        for address in &server.addresses {
            log::info!("serving on http://{address}");
        }
        if !has_admin {
            invite(&app, server.addresses[0]);
        }
        server.run().await
    })?;
    finish(&app);
    Ok(ExitCode::SUCCESS)
}

/// Shows how to make the first admin. The link is a secret: never in the log.
fn invite(app: &App, address: SocketAddr) {
    let here = || format!("http://{address}");
    let base = app.config.public_url.clone().unwrap_or_else(here);
    say!("setup: {}{}", base.trim_end_matches('/'), app.setup.path());
}

/// Lets runs end that were begun, and writes what is still to be written.
pub fn finish(app: &App) {
    app.requests.flush(&app.db, &app.quota);
    if !app.work.finish(LAST_RUNS) {
        log::warn!(
            "a sync is still running and is given up; it changes nothing and can be run again"
        );
    }
}

/// Fills the list of companies beside the start: Moodle may be slow, or away.
fn look_for_companies(app: &Arc<App>) -> Result<()> {
    if app.moodle.is_none() {
        log::warn!("no Moodle database is configured: set ALX_MOODLE_URL to sync");
        return Ok(());
    }
    let app = app.clone();
    std::thread::Builder::new()
        .name("companies".into())
        .spawn(move || {
            if let Err(error) = sync::learn_companies(&app) {
                log::warn!("the companies could not be read: {error}");
            }
        })?;
    Ok(())
}
