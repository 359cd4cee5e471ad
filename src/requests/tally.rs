//! What is counted of calls, and what each number means: defined here, and nowhere else.

use crate::words::per_hundred;

/// The numbers of some calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that were answered, whatever the answer.
    pub calls: i64,
    /// Calls that were answered with an error: see [`is_error`].
    pub errors: i64,
    /// Calls that a limit refused: see [`is_refused`].
    pub refused: i64,
    /// Bytes of the bodies as they went over the wire.
    pub bytes: i64,
    /// Answers for which nothing had to be read: from the company's cache, or 304 where its stamp alone decides.
    pub hits: i64,
    /// All other answers, also those that are never kept. Errors are neither.
    pub misses: i64,
    /// When the latest call was answered, UTC milliseconds.
    pub last_ms: Option<i64>,
    /// Microseconds of each call that was timed; in order once [`Self::close`] was called.
    pub(super) durations: Vec<u32>,
}

/// Whether a call was answered with an error: a status from 400 on, or an error in the body, as the old plugin's door
/// answers. 304 is none: it says that the client has the right rows.
pub fn is_error(status: i32, error: Option<&str>) -> bool {
    status >= 400 || error.is_some()
}

/// Whether a limit refused a call: answered 429, or in the old plugin's words. It is an error too.
pub fn is_refused(status: i32, error: Option<&str>) -> bool {
    status == 429 || error == Some("ratelimitexceeded")
}

/// [`is_error`] for the store.
pub const IS_ERROR: &str = "(status >= 400 or error is not null)";

/// [`is_refused`] for the store, word for word as its index says it; unknown where there is no error.
pub const IS_REFUSED: &str = "(status = 429 or error = 'ratelimitexceeded')";

impl Tally {
    /// Calls that were answered without an error.
    pub fn answered(&self) -> i64 {
        self.calls - self.errors
    }

    /// Calls without an error per hundred; `None` without calls.
    pub fn success_rate(&self) -> Option<f64> {
        per_hundred(self.answered(), self.calls)
    }

    /// Hits per hundred hits and misses; `None` where there was neither.
    pub fn hit_rate(&self) -> Option<f64> {
        per_hundred(self.hits, self.hits + self.misses)
    }

    /// The shortest duration, in microseconds, that so many of a hundred calls did not exceed; `None` without calls.
    pub fn quantile(&self, percent: u8) -> Option<i64> {
        let rank = (self.durations.len() * usize::from(percent)).div_ceil(100);
        let found = self.durations.get(rank.max(1) - 1);
        found.map(|duration| i64::from(*duration))
    }

    /// The quantiles that every page shows: 50, 95 and 99 of a hundred.
    pub fn quantiles(&self) -> [(u8, Option<i64>); 3] {
        [50, 95, 99].map(|percent| (percent, self.quantile(percent)))
    }

    /// Counts one call.
    pub(super) fn count(&mut self, call: &Facts<'_>) {
        self.join(&Self {
            calls: 1,
            errors: is_error(call.status, call.error).into(),
            refused: is_refused(call.status, call.error).into(),
            bytes: call.bytes,
            hits: (call.hit == Some(true)).into(),
            misses: (call.hit == Some(false)).into(),
            last_ms: Some(call.at_ms),
            durations: Vec::new(),
        });
    }

    /// Notes how long a call took, in microseconds.
    pub(super) fn time(&mut self, duration_us: i64) {
        self.durations
            .push(duration_us.clamp(0, u32::MAX.into()) as u32);
    }

    /// Adds other calls.
    pub(super) fn join(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.refused += other.refused;
        self.bytes += other.bytes;
        self.hits += other.hits;
        self.misses += other.misses;
        self.last_ms = self.last_ms.max(other.last_ms);
        self.durations.extend_from_slice(&other.durations);
    }

    /// Puts the durations in order; until then there is no quantile.
    pub(super) fn close(&mut self) {
        self.durations.sort_unstable();
    }
}

/// What is counted of a call.
pub(super) struct Facts<'a> {
    pub(super) at_ms: i64,
    pub(super) status: i32,
    pub(super) error: Option<&'a str>,
    pub(super) bytes: i64,
    /// Whether the answer lay ready; `None` of an error.
    pub(super) hit: Option<bool>,
}
