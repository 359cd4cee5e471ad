//! The clock: what nobody asks for and must happen all the same.

use std::sync::Arc;

use crate::app::App;
use crate::error::Result;
use crate::sync;

/// Starts the thread of the clock. Every lease it takes up runs that a dead process left, and lets expired responses go.
pub fn start(app: &Arc<App>) -> Result<()> {
    let app = app.clone();
    std::thread::Builder::new()
        .name("clock".into())
        .spawn(move || {
            let mut retention = sync::retention::Daily::default();
            loop {
                retention.look(&app);
                if let Err(error) = sync::wake(&app) {
                    log::warn!("no thread for syncs could be started: {error}");
                }
                app.cache.sweep();
                std::thread::sleep(app.config.sync_lease());
            }
        })?;
    Ok(())
}
