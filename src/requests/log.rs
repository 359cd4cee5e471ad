//! The log of requests: kept in memory for a second, then written many at once, never in a request's way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Quota, Request, store};
use crate::db::Db;

/// How long entries wait for others.
const PAUSE: Duration = Duration::from_secs(1);
/// Most entries that wait, whether for their first try or for another; more are counted and dropped.
const MOST: usize = 50_000;
/// Most of them without a token, so that whoever guesses tokens fills no disk.
const MOST_STRANGERS: usize = 100;

/// Entries that wait to be written. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    requests: Vec<Request>,
    /// How many of them came without a token.
    strangers: usize,
    dropped: u64,
    writing: bool,
    answered: Answered,
}

/// Calls that this process answered since its start, by what came of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answered {
    /// 1xx to 3xx.
    pub well: u64,
    /// 4xx: the caller's mistake, or a limit.
    pub refused: u64,
    /// 5xx: ours.
    pub failed: u64,
}

impl Log {
    /// Notes a call and returns at once; one task writes for all.
    pub fn note(&self, db: &Db, quota: &Quota, request: Request) {
        let mut waiting = self.lock();
        waiting.answered.count(request.status);
        let is_stranger = request.token.is_none();
        let most = if is_stranger { MOST_STRANGERS } else { MOST };
        let alike = if is_stranger {
            waiting.strangers
        } else {
            waiting.requests.len()
        };
        if alike < most {
            waiting.strangers += usize::from(is_stranger);
            waiting.requests.push(request);
        } else {
            waiting.dropped += 1;
        }
        if !std::mem::replace(&mut waiting.writing, true) {
            drop(waiting);
            actix_web::rt::spawn(self.clone().write_later(db.clone(), quota.clone()));
        }
    }

    /// How many calls were answered since the start of this process.
    pub fn answered(&self) -> Answered {
        self.lock().answered
    }

    async fn write_later(self, db: Db, quota: Quota) {
        actix_web::rt::time::sleep(PAUSE).await;
        let log = self.clone();
        let again = (db.clone(), quota.clone());
        let write = move || log.flush(&db, &quota);
        drop(actix_web::rt::task::spawn_blocking(write).await);
        if self.goes_on() {
            let (db, quota) = again;
            actix_web::rt::spawn(self.write_later(db, quota));
        }
    }

    /// Whether something waits again; else the next call begins anew.
    fn goes_on(&self) -> bool {
        let mut waiting = self.lock();
        waiting.writing = !waiting.requests.is_empty();
        waiting.writing
    }

    /// Writes what waits, with the counts of the limits. Blocking. What cannot be written waits for the next try.
    pub fn flush(&self, db: &Db, quota: &Quota) {
        let (requests, dropped) = {
            let mut waiting = self.lock();
            waiting.strangers = 0;
            (
                std::mem::take(&mut waiting.requests),
                std::mem::take(&mut waiting.dropped),
            )
        };
        let counts = quota.unwritten();
        let written = db.write(|conn| {
            store::record(conn, &requests)?;
            store::keep_counts(conn, &counts)
        });
        if dropped > 0 {
            log::warn!("{dropped} calls were too many for the log of requests");
        }
        if let Err(cause) = written {
            quota.still_unwritten(&counts);
            log::warn!(
                "{} calls could not be written to the log of requests yet: {cause}",
                requests.len()
            );
            self.keep(requests);
        }
    }

    /// Puts calls back before those that came since, the latest of them where there is no room for all.
    fn keep(&self, mut requests: Vec<Request>) {
        let mut waiting = self.lock();
        let room = MOST.saturating_sub(waiting.requests.len());
        let lost = requests.len().saturating_sub(room);
        requests.drain(..lost);
        waiting.dropped += lost as u64;
        waiting.strangers += requests.iter().filter(|one| one.token.is_none()).count();
        requests.append(&mut waiting.requests);
        waiting.requests = requests;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answered {
    fn count(&mut self, status: u16) {
        *match status {
            ..400 => &mut self.well,
            400..=499 | 501 => &mut self.refused,
            _ => &mut self.failed,
        } += 1;
    }
}
