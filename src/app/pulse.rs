//! Signs of life: since when this process works, when its clock ticked last, and which of its jobs broke off.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::time::now;

/// Moments in UTC seconds.
#[derive(Debug)]
pub struct Pulse {
    started_at: i64,
    /// 0 before the first tick.
    ticked_at: AtomicI64,
    broken: Mutex<BTreeMap<&'static str, i64>>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            started_at: now(),
            ticked_at: AtomicI64::new(0),
            broken: Mutex::default(),
        }
    }
}

impl Pulse {
    /// The clock looks at what is due.
    pub fn tick(&self, now: i64) {
        self.ticked_at.store(now, Relaxed);
    }

    /// When it did so last; `None` where no clock was started, as in a command.
    pub fn ticked_at(&self) -> Option<i64> {
        Some(self.ticked_at.load(Relaxed)).filter(|at| *at > 0)
    }

    /// A job broke off in the middle; `what` says what was not done.
    pub fn broke_off(&self, what: &'static str, now: i64) {
        self.jobs().insert(what, now);
    }

    /// A job came to its end again.
    pub fn came_through(&self, what: &'static str) {
        self.jobs().remove(what);
    }

    /// The jobs that broke off when they were done last, each with when.
    pub fn broken(&self) -> Vec<(&'static str, i64)> {
        self.jobs().iter().map(|(what, at)| (*what, *at)).collect()
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<&'static str, i64>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When this process opened its store.
    pub fn started_at(&self) -> i64 {
        self.started_at
    }
}
