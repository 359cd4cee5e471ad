//! `App`: what every request and every run works with.

use std::collections::HashMap;
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
    /// With each company, whether somebody asked again since its driver last looked.
    driven: Mutex<HashMap<CompanyId, bool>>,
    idle: Condvar,
}

impl Work {
    /// Makes the caller the driver of a company, or has the one that it has look once more.
    pub fn begin(&self, company: CompanyId) -> Option<Driving<'_>> {
        let mut driven = self.lock();
        if let Some(asked_again) = driven.get_mut(&company) {
            *asked_again = true;
            return None;
        }
        driven.insert(company, false);
        Some(Driving {
            work: self,
            company,
        })
    }

    /// Waits until no company is driven, at most so long, and says whether it came to that.
    pub fn finish(&self, at_most: Duration) -> bool {
        let busy = |driven: &mut HashMap<_, _>| !driven.is_empty();
        let waited = self.idle.wait_timeout_while(self.lock(), at_most, busy);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CompanyId, bool>> {
        self.driven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to drive a company's runs.
pub struct Driving<'a> {
    work: &'a Work,
    company: CompanyId,
}

impl Driving<'_> {
    /// Whether nobody asked again since the last look: then the driver may end.
    pub fn is_done(&self) -> bool {
        let mut driven = self.work.lock();
        let asked_again = driven.get_mut(&self.company).is_some_and(std::mem::take);
        if !asked_again {
            driven.remove(&self.company);
            self.work.idle.notify_all();
        }
        !asked_again
    }
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.work.lock().remove(&self.company);
            self.work.idle.notify_all();
        }
    }
}
