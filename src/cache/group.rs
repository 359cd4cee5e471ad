//! One company's group: its entries, its counters and its loads.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cached::{CacheTtl, Cached, CachedIter, LruTtlCache};

use super::flight::Flights;
use super::{Answer, Key};
use crate::words::per_hundred;

/// Entries a group is made for at first; it grows up to its limit.
const FIRST_SIZE: usize = 16;
/// What an entry costs besides its answer and query: key, list and table slots.
const OVERHEAD: usize = 256;

/// A company's cached responses.
#[derive(Debug)]
pub struct Group {
    entries: Mutex<Entries>,
    pub flights: Flights,
    pub hits: AtomicU64,
    pub misses: AtomicU64,
    bytes: Arc<AtomicUsize>,
    all_bytes: Arc<AtomicUsize>,
    limit: usize,
}

#[derive(Debug)]
struct Entries {
    store: LruTtlCache<Arc<Key>, Entry>,
    purges: u64,
}

/// One cached response. Dropping it, however that comes about, gives its bytes back.
#[derive(Debug)]
struct Entry {
    answer: Answer,
    since: Instant,
    size: usize,
    counters: [Arc<AtomicUsize>; 2],
}

impl Drop for Entry {
    fn drop(&mut self) {
        for counter in &self.counters {
            counter.fetch_sub(self.size, Ordering::Relaxed);
        }
    }
}

/// What a company's group holds and did since the start of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupReport {
    /// Live entries.
    pub entries: usize,
    /// Bytes of the live entries.
    pub bytes: usize,
    /// Answers that came from the group.
    pub hits: u64,
    /// Answers that had to be loaded or waited for.
    pub misses: u64,
    /// How long the oldest live entry has been kept; `None` when there is none.
    pub oldest: Option<Duration>,
}

impl GroupReport {
    /// Answers from the group per hundred that were asked for; `None` before the first.
    pub fn hit_rate(&self) -> Option<f64> {
        per_hundred(self.hits as i64, (self.hits + self.misses) as i64)
    }
}

impl Group {
    /// An empty group of at most `limit` entries that also counts its bytes into `all_bytes`.
    pub fn new(limit: usize, all_bytes: Arc<AtomicUsize>) -> Self {
        let first = FIRST_SIZE.min(limit);
        Self {
            entries: Mutex::new(Entries {
                store: LruTtlCache::new(first, Duration::from_secs(1)),
                purges: 0,
            }),
            flights: Flights::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            bytes: Arc::default(),
            all_bytes,
            limit,
        }
    }

    /// The live entry of a key. One that is older than `ttl` is removed, whatever it was stored with.
    pub fn find(&self, key: &Key, ttl: Duration) -> Option<Answer> {
        let mut entries = self.lock();
        let entry = entries.store.cache_get(key)?;
        if entry.since.elapsed() < ttl {
            return Some(entry.answer.clone());
        }
        drop(entries.store.cache_remove(key));
        None
    }

    /// How often this group was purged; a load notes it before it begins.
    pub fn purges(&self) -> u64 {
        self.lock().purges
    }

    /// Keeps an answer for `ttl`, unless the group was purged since `purges` was noted.
    pub fn keep(&self, key: Key, answer: Answer, ttl: Duration, purges: u64) {
        let mut entries = self.lock();
        if entries.purges != purges || ttl.is_zero() {
            return;
        }
        let _expired = entries.store.evict();
        entries.grow(self.limit);
        entries.store.set_ttl(ttl);
        let entry = self.entry(&key, answer);
        drop(entries.store.cache_set(Arc::new(key), entry));
    }

    fn entry(&self, key: &Key, answer: Answer) -> Entry {
        let size = answer.size() + key.query.len() + key.stamp.len() + OVERHEAD;
        let counters = [self.bytes.clone(), self.all_bytes.clone()];
        for counter in &counters {
            counter.fetch_add(size, Ordering::Relaxed);
        }
        Entry {
            answer,
            since: Instant::now(),
            size,
            counters,
        }
    }

    /// Removes what expired and returns how many entries that were.
    pub fn sweep(&self) -> usize {
        self.lock().store.evict()
    }

    /// Removes the entry that was not asked for longest; `false` when there is none.
    pub fn drop_coldest(&self) -> bool {
        let mut entries = self.lock();
        let (size, limit) = (entries.store.cache_size(), entries.store.capacity());
        match size {
            0 => return false,
            1 => entries.store.cache_clear(),
            _ => {
                entries.store.set_max_size(size - 1);
                entries.store.set_max_size(limit);
            }
        }
        true
    }

    /// Drops every entry and returns how many live ones there were.
    pub fn purge(&self) -> usize {
        let mut entries = self.lock();
        entries.purges += 1;
        let _expired = entries.store.evict();
        let live = entries.store.cache_size();
        entries.store.cache_clear();
        live
    }

    /// Bytes kept now, expired entries included.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// What is in the group, without what expired.
    pub fn report(&self) -> GroupReport {
        let mut entries = self.lock();
        let _expired = entries.store.evict();
        GroupReport {
            entries: entries.store.cache_size(),
            bytes: self.bytes(),
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            oldest: CachedIter::iter(&entries.store)
                .map(|(_, entry)| entry.since.elapsed())
                .max(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn grow(&mut self, limit: usize) {
        let (size, now) = (self.store.cache_size(), self.store.capacity());
        if size == now && now < limit {
            self.store.set_max_size((now * 2).min(limit));
        }
    }
}
