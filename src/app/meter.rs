//! How far a run of this process is, and whether it has to stop: read by its page while it lasts.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The counts of one run. All of them only grow.
#[derive(Debug, Default)]
pub struct Meter {
    /// People whose rows are read.
    pub people_read: AtomicI64,
    /// People to read; 0 until that is known.
    pub people_total: AtomicI64,
    /// Rows that Moodle gave.
    pub rows_read: AtomicI64,
    /// Changes found.
    pub rows_planned: AtomicI64,
    /// Changes written.
    pub rows_written: AtomicI64,
    cancelled: AtomicBool,
    until: OnceLock<Instant>,
}

impl Meter {
    /// Counts so many more.
    pub fn add(counter: &AtomicI64, more: usize) {
        counter.fetch_add(more as i64, Relaxed);
    }

    /// Tells the run to stop; it looks after every row.
    pub fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    /// Gives the run so much time from now on.
    pub fn limit(&self, length: Duration) {
        if let Some(until) = Instant::now().checked_add(length) {
            self.until.get_or_init(|| until);
        }
    }

    /// Whether the run was told to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }

    /// Whether the run has used up its time.
    pub fn is_overdue(&self) -> bool {
        self.until
            .get()
            .is_some_and(|until| Instant::now() > *until)
    }

    /// Whether the run has to stop, for one reason or the other.
    pub fn has_to_stop(&self) -> bool {
        self.is_cancelled() || self.is_overdue()
    }
}
