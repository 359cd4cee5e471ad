//! `App`: what every request and every run works with.

mod meter;
mod work;

pub use meter::Meter;
pub use work::{Work, Worker};

use std::sync::Arc;

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
    /// The runs that this process is busy with.
    pub work: Arc<Work>,
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
        let work = Arc::new(Work::new(config.sync_parallel as usize));
        Ok(Arc::new(Self {
            config,
            db,
            moodle,
            cache,
            key,
            usage: Usage::default(),
            work,
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
