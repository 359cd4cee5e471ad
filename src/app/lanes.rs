//! Lanes: how much of the store one company's programs may use at the same time, so that a flood of one slows no other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ids::CompanyId;

/// Reads of one company at the same time: half of what the store answers at once.
const READS: usize = 4;
/// Long answers of one company at the same time.
const STREAMS: usize = 2;
/// Requests of one company that wait for a read to end.
const QUEUE: usize = 64;
/// How long one waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lanes of all companies.
#[derive(Debug, Default)]
pub struct Lanes(Mutex<HashMap<CompanyId, Arc<Lane>>>);

#[derive(Debug)]
struct Lane {
    reads: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// A place in a lane, until it is dropped.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "it is held")] OwnedSemaphorePermit);

impl Lanes {
    /// A place for one read; `None` when too many of the company's requests wait already, or for too long.
    pub async fn read(&self, company: CompanyId) -> Option<Place> {
        let lane = self.lane(company);
        if let Ok(permit) = lane.reads.clone().try_acquire_owned() {
            return Some(Place(permit));
        }
        let _waiting = Waiting::in_line(&lane)?;
        let turn = lane.reads.clone().acquire_owned();
        let permit = actix_web::rt::time::timeout(PATIENCE, turn).await;
        permit.ok()?.ok().map(Place)
    }

    /// A place for one long answer; `None` when the company has its share already.
    pub fn stream(&self, company: CompanyId) -> Option<Place> {
        let streams = self.lane(company).streams.clone();
        streams.try_acquire_owned().ok().map(Place)
    }

    fn lane(&self, company: CompanyId) -> Arc<Lane> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(Lane {
                reads: Arc::new(Semaphore::new(READS)),
                streams: Arc::new(Semaphore::new(STREAMS)),
                waiting: AtomicUsize::new(0),
            })
        };
        lanes.entry(company).or_insert_with(new).clone()
    }
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
