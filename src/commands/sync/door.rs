//! By which door a sync goes: through the server, or alone while none runs; never both.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Wish;
use super::alone::Alone;
use super::server::Server;
use crate::app::App;
use crate::commands::instance::Note;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, RunId};

/// How long a server that has just started may take to say where it answers.
const STARTING: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The door.
pub enum Door {
    /// No server runs, and none can start.
    Alone(Alone),
    /// A server does the work.
    Server(Server),
}

impl Door {
    /// Finds the door: waits for another command that works alone, and says what to do about a server that cannot be
    /// reached.
    pub fn open(app: &Arc<App>, until: Option<Instant>) -> Result<Self> {
        let (started, mut told) = (Instant::now(), false);
        loop {
            if let Some(lock) = app.db.take_alone()? {
                return Ok(Self::Alone(Alone::new(app, lock)));
            }
            let server_is_there = app.db.share()?.is_some();
            let address = Note::read(&app.config.data_dir);
            match (server_is_there, address) {
                (true, Some(address)) => return Ok(Self::Server(Server::new(app, address))),
                (true, None) if started.elapsed() > STARTING => return Err(hidden(app)),
                (true, None) => {}
                (false, _) if until.is_some_and(|until| Instant::now() >= until) => {
                    let busy = "another sync from the command line is using this store";
                    return Err(Error::Conflict(busy.into()));
                }
                (false, _) if !told => {
                    log::info!("waiting for another sync from the command line to end");
                    told = true;
                }
                (false, _) => {}
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Asks for a run.
    pub fn ask(&mut self, company: CompanyId, wish: Wish) -> Result<RunId> {
        match self {
            Self::Alone(alone) => alone.ask(company, wish),
            Self::Server(server) => server.ask(company, wish),
        }
    }

    /// A run as the API writes it, when it has ended or there is no more time to wait.
    pub fn end(&self, company: CompanyId, run: &RunId, until: Option<Instant>) -> Result<Value> {
        match self {
            Self::Alone(alone) => alone.end(company, run),
            Self::Server(server) => server.end(company, run, until),
        }
    }

    /// Ends in order: alone, after the runs under way.
    pub fn close(self) {
        if let Self::Alone(alone) = self {
            alone.close();
        }
    }
}

fn hidden(app: &App) -> Error {
    let folder = app.config.data_dir.display();
    Error::Setup(format!(
        "a server uses this store, but none of the data folder {folder} says where it answers: run this on the \
         server's machine with its --data-dir, or stop the server first"
    ))
}
