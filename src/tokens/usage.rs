//! When each token was last used: noted once a minute, beside the requests and never in their way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Caller, store};
use crate::db::Db;
use crate::ids::TokenId;

/// Seconds within which a use is not noted again.
const STEP: i64 = 60;

/// Uses that wait to be written. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Usage(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    uses: HashMap<TokenId, i64>,
    writing: bool,
}

impl Usage {
    /// Notes a use at `now` (UTC seconds) and returns at once; one task writes for all.
    ///
    /// A use that cannot be written is dropped: the next one is noted instead.
    pub fn note(&self, db: &Db, caller: &Caller, now: i64) {
        if caller.last_used_at.is_some_and(|last| now - last < STEP) {
            return;
        }
        let mut waiting = self.lock();
        waiting.uses.insert(caller.token, now);
        if !std::mem::replace(&mut waiting.writing, true) {
            drop(waiting);
            actix_web::rt::spawn(self.clone().write(db.clone()));
        }
    }

    async fn write(self, db: Db) {
        while let Some(used) = self.take() {
            let written = db.change(move |conn| store::record_use(conn, &used)).await;
            if let Err(cause) = written {
                log::warn!("the last use of some tokens was not noted: {cause}");
            }
        }
    }

    fn take(&self) -> Option<Vec<(TokenId, i64)>> {
        let mut waiting = self.lock();
        waiting.writing = !waiting.uses.is_empty();
        waiting.writing.then(|| {
            let mut uses: Vec<_> = waiting.uses.drain().collect();
            uses.sort_unstable(); // servers that write the same tokens lock them in one order
            uses
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
