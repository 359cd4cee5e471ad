//! Alone: this process does the runs, and no server can start meanwhile.

use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::{System, SystemRunner};
use serde_json::{Value, json};

use super::Wish;
use crate::api::rows::RunItem;
use crate::app::App;
use crate::commands::serve;
use crate::db::StoreLock;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, RunId};
use crate::sync::{self, Request, Run, Trigger};

/// Longer than any run.
const FOR_EVER: Duration = Duration::from_secs(7 * 24 * 3600);

/// The store and the threads to work on it.
pub struct Alone {
    app: Arc<App>,
    system: SystemRunner,
    _lock: StoreLock,
}

impl Alone {
    /// Begins to work on a store that nobody else uses.
    pub fn new(app: &Arc<App>, lock: StoreLock) -> Self {
        Self {
            app: app.clone(),
            system: System::new(),
            _lock: lock,
        }
    }

    /// Asks for a run.
    pub fn ask(&self, company: CompanyId, wish: Wish) -> Result<RunId> {
        let request = Request {
            hours_back: wish.hours_back,
            dry_run: wish.dry_run,
            ..Request::of(
                company,
                wish.mode,
                Trigger::CommandLine,
                "command line".into(),
            )
        };
        let asked = self.system.block_on(sync::start(&self.app, request))?;
        Ok(asked.run)
    }

    /// The run when it has ended, as the API writes it, with the details that only operators see.
    pub fn end(&self, company: CompanyId, run: &RunId) -> Result<Value> {
        let waited = sync::wait(&self.app, company, run, FOR_EVER);
        let run = self.system.block_on(waited)?.ok_or_else(too_long)?;
        let item = serde_json::to_value(RunItem::from(&run));
        let mut item = item.map_err(std::io::Error::from)?;
        item["error_detail"] = json!(run.error_detail);
        Ok(item)
    }

    /// Lets the runs under way end.
    pub fn close(self) {
        serve::finish(&self.app);
    }
}

/// Asks for a run and waits until it has ended.
pub async fn to_its_end(app: &Arc<App>, request: Request) -> Result<Run> {
    let company = request.company;
    let requested = sync::start(app, request).await?;
    let ended = sync::wait(app, company, &requested.run, FOR_EVER).await?;
    ended.ok_or_else(too_long)
}

fn too_long() -> Error {
    Error::Conflict("the run has not ended within a week".into())
}
