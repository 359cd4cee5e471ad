//! `App`: what every request and every run works with.

mod address;
mod lanes;
mod meter;
mod pulse;
mod work;

pub use address::ours;
pub use lanes::{Lanes, LongPlace, Place};
pub use meter::Meter;
pub use pulse::Pulse;
pub use work::{Work, Worker};

use std::sync::Arc;

use crate::admins::SetupLink;
use crate::cache::{Groups, Limits};
use crate::config::Config;
use crate::db::{self, Conn, Db};
use crate::error::Result;
use crate::moodle::Moodle;
use crate::progress::Offsets;
use crate::requests::{Log, Quota};
use crate::settings::keeping::{self, Configured, Keeping};
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
    /// How many calls of today's limits are used.
    pub quota: Quota,
    /// Answered calls, on their way to the store.
    pub requests: Log,
    /// Where each thousand of a company's rows ends, for pages by offset.
    pub offsets: Offsets,
    /// Each company's share of the store, and of what lasts.
    pub lanes: Lanes,
    /// The runs that this process is busy with.
    pub work: Arc<Work>,
    /// When this process began and when its clock ticked last.
    pub pulse: Pulse,
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
            quota: Quota::default(),
            requests: Log::default(),
            offsets: Offsets::default(),
            lanes: Lanes::default(),
            work,
            pulse: Pulse::default(),
            setup: SetupLink::new(),
        }))
    }
}

impl App {
    /// How long things are kept. One look-up by key.
    pub async fn keeping(&self) -> Result<Keeping> {
        let configured = Configured::of(&self.config);
        let read = move |conn: &mut Conn| keeping::read(conn, configured);
        self.db.lookup(read).await
    }

    /// Whether the source is the demo Moodle, which may be clicked in.
    pub fn is_demo(&self) -> bool {
        self.config.demo.is_some()
    }
}
