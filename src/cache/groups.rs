//! All groups of this process and the memory they share.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use super::group::{Group, GroupReport};
use super::{Answer, Found, Key, Loaded};
use crate::ids::CompanyId;

/// How much the groups may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most entries of one company.
    pub entries_per_group: usize,
    /// Most bytes over all companies. An answer of more than a quarter of it is not kept.
    pub bytes: usize,
}

impl Limits {
    /// 1,000 entries per company within so many megabytes.
    pub fn of_megabytes(megabytes: u64) -> Self {
        let bytes = usize::try_from(megabytes.saturating_mul(1 << 20)).unwrap_or(usize::MAX);
        Self {
            entries_per_group: 1000,
            bytes,
        }
    }
}

/// The groups of all companies. An entry of one company cannot be reached through another.
#[derive(Debug)]
pub struct Groups {
    groups: RwLock<HashMap<CompanyId, Arc<Group>>>,
    limits: Limits,
    bytes: Arc<AtomicUsize>,
    loads: AtomicU64,
}

impl Groups {
    /// No groups yet, within these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            groups: RwLock::default(),
            limits,
            bytes: Arc::default(),
            loads: AtomicU64::new(0),
        }
    }

    /// The company's answer to a key: its live entry, else what `load` gives, kept for `ttl`.
    ///
    /// Requests that miss the same key at once share one load; its error reaches only the one that loaded, and
    /// the next one loads. What was loaded is kept under the stamp that the load read, not under the one asked
    /// for. A load whose group is purged meanwhile reaches its reader but is not kept; a `ttl` of zero keeps
    /// nothing.
    pub async fn answer<F, Fut, E>(
        &self,
        company: CompanyId,
        ttl: Duration,
        key: Key,
        load: F,
    ) -> Result<(Answer, Found), E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Loaded, E>>,
    {
        let group = self.group(company);
        if let Some(answer) = group.find(&key, ttl) {
            group.hits.fetch_add(1, Ordering::Relaxed);
            return Ok((answer, Found::Hit));
        }
        group.misses.fetch_add(1, Ordering::Relaxed);
        let loaded = group
            .flights
            .join(&key, || self.load(&group, ttl, &key, load));
        Ok((loaded.await?.answer, Found::Miss))
    }

    async fn load<F, Fut, E>(
        &self,
        group: &Group,
        ttl: Duration,
        key: &Key,
        load: F,
    ) -> Result<Loaded, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Loaded, E>>,
    {
        if let Some(answer) = group.find(key, ttl) {
            let stamp = key.stamp.clone();
            return Ok(Loaded { stamp, answer }); // another flight landed between our look and our seat
        }
        let purges = group.purges();
        self.loads.fetch_add(1, Ordering::Relaxed);
        let loaded = load().await?;
        if loaded.answer.size() <= self.limits.bytes / 4 {
            let kept = Key {
                stamp: loaded.stamp.clone(),
                ..key.clone()
            };
            group.keep(kept, loaded.answer.clone(), ttl, purges);
            self.fit();
        }
        Ok(loaded)
    }

    /// Drops every entry of the company's group and returns how many live ones there were.
    ///
    /// A response still loading when its group is purged reaches its reader but is not kept.
    pub fn purge(&self, company: CompanyId) -> usize {
        self.find(company).map_or(0, |group| group.purge())
    }

    /// Removes every expired entry and returns how many that were.
    pub fn sweep(&self) -> usize {
        self.all().iter().map(|group| group.sweep()).sum()
    }

    /// What the company's group holds and did; all zero for a company nobody asked about.
    pub fn report(&self, company: CompanyId) -> GroupReport {
        self.find(company)
            .map_or_else(GroupReport::default, |group| group.report())
    }

    /// How many answers were computed from the store since the start of this process.
    pub fn loads(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }

    /// What all groups hold now and did since the start of this process; `oldest` is that of all.
    pub fn report_all(&self) -> GroupReport {
        let reports = self.all().into_iter().map(|group| group.report());
        reports.fold(GroupReport::default(), |all, one| GroupReport {
            entries: all.entries + one.entries,
            bytes: all.bytes + one.bytes,
            hits: all.hits + one.hits,
            misses: all.misses + one.misses,
            oldest: all.oldest.max(one.oldest),
        })
    }

    /// Bytes that the groups may hold together.
    pub fn limit(&self) -> usize {
        self.limits.bytes
    }

    /// Bytes that all groups hold now.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Makes room: first what expired goes, then the coldest entries of the group that holds most.
    fn fit(&self) {
        if self.bytes() <= self.limits.bytes {
            return;
        }
        self.sweep();
        let groups = self.all();
        while self.bytes() > self.limits.bytes {
            let largest = groups.iter().max_by_key(|group| group.bytes());
            if !largest.is_some_and(|group| group.drop_coldest()) {
                return;
            }
        }
    }

    fn find(&self, company: CompanyId) -> Option<Arc<Group>> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups.get(&company).cloned()
    }

    fn group(&self, company: CompanyId) -> Arc<Group> {
        self.find(company).unwrap_or_else(|| {
            let new = || {
                Arc::new(Group::new(
                    self.limits.entries_per_group,
                    self.bytes.clone(),
                ))
            };
            self.write().entry(company).or_insert_with(new).clone()
        })
    }

    fn all(&self) -> Vec<Arc<Group>> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups.values().cloned().collect()
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<CompanyId, Arc<Group>>> {
        self.groups.write().unwrap_or_else(PoisonError::into_inner)
    }
}
