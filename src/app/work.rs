//! The workers of this process: how many there may be, what they are busy with, and when they have all gone.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Meter;
use crate::ids::RunId;

/// The workers, and the runs they are busy with.
pub struct Work {
    most: usize,
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    workers: usize,
    /// Counts the wishes to look at the queue: a worker that saw them all may leave.
    wishes: u64,
    closing: bool,
    meters: HashMap<RunId, Arc<Meter>>,
}

impl Work {
    /// At most so many workers.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            state: Mutex::default(),
            moved: Condvar::new(),
        }
    }

    /// Says that the queue is worth a look, and makes the caller the worker that takes it, unless there are enough.
    pub fn hire(self: &Arc<Self>) -> Option<Worker> {
        let mut state = self.lock();
        state.wishes += 1;
        self.moved.notify_all();
        if state.closing || state.workers >= self.most {
            return None;
        }
        state.workers += 1;
        Some(Worker {
            work: self.clone(),
            left: false,
        })
    }

    /// The meter of a run, while a worker of this process is busy with it.
    pub fn meter(&self, run: &RunId) -> Option<Arc<Meter>> {
        self.lock().meters.get(run).cloned()
    }

    /// Takes no more runs, and waits until those under way have ended, at most so long; says whether it came to that.
    pub fn finish(&self, at_most: Duration) -> bool {
        let mut state = self.lock();
        state.closing = true;
        self.moved.notify_all();
        let busy = |state: &mut State| state.workers > 0;
        let waited = self.moved.wait_timeout_while(state, at_most, busy);
        waited.unwrap_or_else(PoisonError::into_inner).0.workers == 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to take runs from the queue, until it is dropped.
pub struct Worker {
    work: Arc<Work>,
    left: bool,
}

impl Worker {
    /// How often somebody has wished for a look; remember it before looking.
    pub fn wishes(&self) -> u64 {
        self.work.lock().wishes
    }

    /// Whether the process ends, so that no further run is taken.
    pub fn is_closing(&self) -> bool {
        self.work.lock().closing
    }

    /// Leaves, unless somebody has wished for a look since; then the worker is handed back.
    pub fn leave(mut self, seen: u64) -> Option<Self> {
        let mut state = self.work.lock();
        if state.wishes != seen && !state.closing {
            drop(state);
            return Some(self);
        }
        state.workers -= 1; // under the same lock: no wish can come between the look and the leaving
        drop(state);
        self.left = true;
        self.work.moved.notify_all();
        None
    }

    /// Waits until somebody wishes for a look, at most so long.
    pub fn pause(&self, seen: u64, at_most: Duration) {
        let idle = |state: &mut State| state.wishes == seen && !state.closing;
        drop(
            self.work
                .moved
                .wait_timeout_while(self.work.lock(), at_most, idle),
        );
    }

    /// Begins to count a run, until what is given is dropped.
    pub fn begin(&self, run: &RunId) -> Counted {
        let meter = Arc::new(Meter::default());
        self.work.lock().meters.insert(run.clone(), meter.clone());
        Counted {
            work: self.work.clone(),
            run: run.clone(),
            meter,
        }
    }
}

/// A run that a worker is busy with. A panic ends that too, or the run would count as alive for ever.
pub struct Counted {
    work: Arc<Work>,
    run: RunId,
    /// How far it is.
    pub meter: Arc<Meter>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.work.lock().meters.remove(&self.run);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.left {
            self.work.lock().workers -= 1;
            self.work.moved.notify_all();
        }
    }
}
