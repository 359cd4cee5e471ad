//! A sign of life while a run lasts, from a thread of its own.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Progress;
use super::claim::{self, Claim, Renewed};
use crate::app::Meter;
use crate::db::Db;
use crate::error::Result;
use crate::time::now_ms;

/// How often other instances hear how far a run is.
const OFTEN: Duration = Duration::from_secs(1);

/// Renews a run's lease until it is dropped.
pub struct Lease {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lease {
    /// Begins to renew, at least three times per lease; each time it tells how far the run is and hears whether
    /// somebody cancelled it.
    pub fn keep(db: &Db, claim: &Claim, length: Duration, meter: &Arc<Meter>) -> Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let (db, run, runner) = (db.clone(), claim.run.id.clone(), claim.runner.clone());
        let (meter, often) = (meter.clone(), (length / 3).min(OFTEN));
        let thread = std::thread::Builder::new()
            .name("sync-lease".into())
            .spawn(move || {
                while stopped.recv_timeout(often) == Err(RecvTimeoutError::Timeout) {
                    let until = now_ms() + length.as_millis() as i64;
                    let progress = Progress::of(&meter);
                    match db.write(|conn| claim::renew(conn, &run, &runner, until, progress)) {
                        Ok(Renewed::Held) => {}
                        Ok(Renewed::Cancelled) => meter.cancel(),
                        Ok(Renewed::Lost) => {
                            meter.cancel(); // it could not be published any more
                            break;
                        }
                        Err(error) => log::warn!("the lease of run {run} was not renewed: {error}"),
                    }
                }
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the thread that renews leases panicked");
        }
    }
}
