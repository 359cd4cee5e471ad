//! `App`: what every request and every run works with.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::admins::SetupLink;
use crate::cache::{Groups, Limits};
use crate::config::Config;
use crate::db::{self, Db};
use crate::error::Result;
use crate::ids::CompanyId;
use crate::moodle::Moodle;
use crate::tokens::{SecretKey, Usage};

/// One instance: its settings, its store, its source and its cache.
pub struct App {
    /// What the operator set.
    pub config: Config,
    /// The store.
    pub db: Db,
    /// The source; `None` while no address is set.
    pub moodle: Option<Moodle>,
    /// Cached responses, one group per company.
    pub cache: Groups,
    /// What tokens and cursors are signed with.
    pub key: SecretKey,
    /// When tokens were used last, on its way to the store.
    pub usage: Usage,
    /// Runs that this process is busy with.
    pub work: Work,
    /// The link that makes the first admin.
    pub setup: SetupLink,
}

impl App {
    /// Opens everything and brings the store's tables up to date. Blocking.
    ///
    /// Fails with a sentence for the operator. Moodle itself is not asked: it may be away when we start.
    pub fn open(config: Config) -> Result<Arc<Self>> {
        let db = Db::open(&config.store_url())?;
        for version in db::migrate::forward(&db, &config.data_dir.join("backups"))? {
            log::info!("migrated the store to {version}");
        }
        let key = SecretKey::load(&config)?;
        key.adopt(&db)?;
        let moodle = config
            .moodle_url
            .as_ref()
            .map(|url| Moodle::new(url, &config))
            .transpose()?;
        let cache = Groups::new(Limits::of_megabytes(config.cache_mb));
        Ok(Arc::new(Self {
            config,
            db,
            moodle,
            cache,
            key,
            usage: Usage::default(),
            work: Work::default(),
            setup: SetupLink::new(),
        }))
    }
}

impl App {
    /// Whether the source is the demo Moodle, which may be clicked in.
    pub fn is_demo(&self) -> bool {
        self.config.demo.is_some()
    }
}

/// The companies whose runs this process drives now: one driver each, and all of them end before the process does.
#[derive(Default)]
pub struct Work {
    busy: Mutex<HashSet<CompanyId>>,
    idle: Condvar,
}

impl Work {
    /// Makes the caller the driver of a company, or says that it has one.
    pub fn begin(&self, company: CompanyId) -> Option<Driving<'_>> {
        let begun = self.lock().insert(company);
        begun.then_some(Driving {
            work: self,
            company,
            ended: false,
        })
    }

    /// Waits until no company is driven, at most so long, and says whether it came to that.
    pub fn finish(&self, at_most: Duration) -> bool {
        let driven = |busy: &mut HashSet<_>| !busy.is_empty();
        let waited = self.idle.wait_timeout_while(self.lock(), at_most, driven);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<CompanyId>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to drive a company's runs; it ends when dropped.
pub struct Driving<'a> {
    work: &'a Work,
    company: CompanyId,
    ended: bool,
}

impl Driving<'_> {
    /// Ends it unless there is more to drive. Nobody can be told "it has a driver" between the look and the end.
    pub fn end_unless(&mut self, more: impl FnOnce() -> bool) -> bool {
        let mut busy = self.work.lock();
        self.ended = !more();
        if self.ended {
            busy.remove(&self.company);
            self.work.idle.notify_all();
        }
        self.ended
    }
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.work.lock().remove(&self.company);
            self.work.idle.notify_all();
        }
    }
}
