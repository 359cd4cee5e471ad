//! Lanes: how much of the store one company may use at the same time, so that a flood of one slows no other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ids::CompanyId;

/// Reads of one company at the same time: half of what the store answers at once.
const READS: usize = 4;
/// Calls of one company that are counted at the same time: more would wait for the same row, each with a connection that
/// others need.
const COUNTS: usize = 2;
/// Requests of one company that wait for a sync to end.
const WAITS: usize = 8;
/// Long answers of one company's programs at the same time.
const STREAMS: usize = 2;
/// Files of one company's pages at the same time.
const FILES: usize = 2;
/// Files of the pages about all companies at the same time.
const FILES_OF_ALL: usize = 4;
/// Long answers and files of everybody at the same time: each holds a thread and a connection of its own.
const LONG: usize = 16;
/// Requests of one company that wait for a read to end.
const QUEUE: usize = 64;
/// How long one waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lanes of all companies; `None` is the one of whatever is about all of them.
#[derive(Debug)]
pub struct Lanes {
    each: Mutex<HashMap<Option<CompanyId>, Arc<Lane>>>,
    long: Arc<Semaphore>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            each: Mutex::default(),
            long: Arc::new(Semaphore::new(LONG)),
        }
    }
}

#[derive(Debug)]
struct Lane {
    reads: Arc<Semaphore>,
    counts: Arc<Semaphore>,
    waits: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    files: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// A place in a lane, until it is dropped.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "it is held")] OwnedSemaphorePermit);

/// A place for something that lasts: one in a lane, and one of everybody's.
#[derive(Debug)]
pub struct LongPlace(#[expect(dead_code, reason = "they are held")] [Place; 2]);

impl Lanes {
    /// A place for one read; `None` when too many of the company's requests wait already, or for too long.
    pub async fn read(&self, company: CompanyId) -> Option<Place> {
        let lane = self.lane(Some(company));
        if let Ok(permit) = lane.reads.clone().try_acquire_owned() {
            return Some(Place(permit));
        }
        let _waiting = Waiting::in_line(&lane)?;
        turn(&lane.reads).await
    }

    /// A place for counting one call; `None` when that takes too long. Whoever waits holds no connection.
    pub async fn count(&self, company: CompanyId) -> Option<Place> {
        turn(&self.lane(Some(company)).counts).await
    }

    /// A place for settling the count of a call that is answered already: it is not lost, however long the others take.
    pub async fn settle(&self, company: CompanyId) -> Place {
        let counts = self.lane(Some(company)).counts.clone();
        Place(counts.acquire_owned().await.expect("lanes stay open"))
    }

    /// A place for waiting until a sync has ended; `None` when enough of the company's requests wait already.
    pub fn wait(&self, company: CompanyId) -> Option<Place> {
        let waits = self.lane(Some(company)).waits.clone();
        waits.try_acquire_owned().ok().map(Place)
    }

    /// A place for one long answer; `None` when the company, or everybody, has its share already.
    pub fn stream(&self, company: CompanyId) -> Option<LongPlace> {
        self.long(&self.lane(Some(company)).streams)
    }

    /// A place for making one file of a company's page, or of a page about all companies; `None` as above.
    pub fn file(&self, company: Option<CompanyId>) -> Option<LongPlace> {
        self.long(&self.lane(company).files)
    }

    fn long(&self, share: &Arc<Semaphore>) -> Option<LongPlace> {
        let place = |of: &Arc<Semaphore>| of.clone().try_acquire_owned().ok().map(Place);
        Some(LongPlace([place(share)?, place(&self.long)?]))
    }

    fn lane(&self, company: Option<CompanyId>) -> Arc<Lane> {
        let mut lanes = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        let files = company.map_or(FILES_OF_ALL, |_| FILES);
        let new = || {
            Arc::new(Lane {
                reads: Arc::new(Semaphore::new(READS)),
                counts: Arc::new(Semaphore::new(COUNTS)),
                waits: Arc::new(Semaphore::new(WAITS)),
                streams: Arc::new(Semaphore::new(STREAMS)),
                files: Arc::new(Semaphore::new(files)),
                waiting: AtomicUsize::new(0),
            })
        };
        lanes.entry(company).or_insert_with(new).clone()
    }
}

/// Waits for a place, for as long as one waits.
async fn turn(share: &Arc<Semaphore>) -> Option<Place> {
    let turn = share.clone().acquire_owned();
    let permit = actix_web::rt::time::timeout(PATIENCE, turn).await;
    permit.ok()?.ok().map(Place)
}

/// One who waits; leaves the line when dropped.
struct Waiting<'a>(&'a Lane);

impl<'a> Waiting<'a> {
    fn in_line(lane: &'a Lane) -> Option<Self> {
        let before = lane.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Self(lane);
        (before < QUEUE).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
