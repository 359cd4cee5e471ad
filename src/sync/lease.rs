//! A sign of life while a run lasts, from a thread of its own.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use super::claim::{self, Claim};
use crate::db::Db;
use crate::error::Result;
use crate::time::now_ms;

/// Renews a run's lease until it is dropped.
pub struct Lease {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lease {
    /// Begins to renew, three times per lease.
    pub fn keep(db: &Db, claim: &Claim, length: Duration) -> Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let (db, run, runner) = (db.clone(), claim.run.id.clone(), claim.runner.clone());
        let thread = std::thread::Builder::new()
            .name("sync-lease".into())
            .spawn(move || {
                while stopped.recv_timeout(length / 3) == Err(RecvTimeoutError::Timeout) {
                    let until = now_ms() + length.as_millis() as i64;
                    match db.write(|conn| claim::renew(conn, &run, &runner, until)) {
                        Ok(true) => {}
                        Ok(false) => break,
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
