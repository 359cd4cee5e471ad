//! `App`: what every request and every run works with.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::admins::SetupLink;
use crate::cache::{Groups, Limits};
use crate::config::Config;
use crate::db::{self, Db};
use crate::error::Result;
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

/// Counts what must end before the process does.
#[derive(Default)]
pub struct Work {
    busy: Mutex<usize>,
    idle: Condvar,
}

impl Work {
    /// Counts one more until the guard is dropped.
    pub fn begin(&self) -> Busy<'_> {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Busy(self)
    }

    /// Waits until nothing is busy, at most so long, and says whether it came to that.
    pub fn finish(&self, at_most: Duration) -> bool {
        let until = Instant::now() + at_most;
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        while *busy > 0 && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            busy = self
                .idle
                .wait_timeout(busy, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *busy == 0
    }
}

/// Something that must end first.
pub struct Busy<'a>(&'a Work);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        *self.0.busy.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.idle.notify_all();
    }
}
