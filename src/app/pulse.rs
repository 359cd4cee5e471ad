//! Signs of life: since when this process works, and when its clock ticked last.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crate::time::now;

/// Moments in UTC seconds.
#[derive(Debug)]
pub struct Pulse {
    started_at: i64,
    /// 0 before the first tick.
    ticked_at: AtomicI64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            started_at: now(),
            ticked_at: AtomicI64::new(0),
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

    /// When this process opened its store.
    pub fn started_at(&self) -> i64 {
        self.started_at
    }
}
