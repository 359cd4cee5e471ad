//! How far a run of this process is, and whether it was cancelled: read by its page while it lasts.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};

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

    /// Whether the run was told to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }
}
