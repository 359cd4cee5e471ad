//! Old entries are let go once a day: closed alerts, the audit log, and what nobody can use any more.
//!
//! The calls of the API and the details of syncs have more rows; their rooms do the same with them.

mod going;

pub use going::going;

use std::sync::Arc;

use crate::admins;
use crate::alerts;
use crate::app::App;
use crate::audit::{self, Part};
use crate::error::Result;
use crate::settings::keeping::{self, Configured};
use crate::time::now_ms;
use crate::windows;

const DAY_MS: i64 = 86_400_000;
/// Rows per transaction: the writer is free again after milliseconds.
const BATCH: i64 = 2_000;

/// What was let go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gone {
    /// Closed alerts; the messages about them went with them.
    pub alerts: usize,
    /// Entries of the audit log.
    pub entries: usize,
    /// Sessions, links and attempts that are over, and what tokens paged through that open nothing any more.
    pub over: usize,
}

/// Lets go what is older than what is kept. Blocking.
///
/// The same again finds nothing; killed half-way, the next time goes on.
pub fn let_go(app: &App, now_ms: i64) -> Result<Gone> {
    let kept = app
        .db
        .read(|conn| keeping::read(conn, Configured::of(&app.config)))?;
    let before_ms = |days: i64| now_ms - days * DAY_MS;
    let entries = |part, days| {
        all(|| {
            app.db
                .write(|conn| audit::forget(conn, part, before_ms(days), BATCH))
        })
    };
    let mut gone = Gone {
        entries: entries(Part::All, kept.audit_days)? + entries(Part::SignIns, kept.sign_ins_days)?,
        ..Gone::default()
    };
    if let Some(days) = kept.alerts_days {
        let before = before_ms(days).div_euclid(1000);
        gone.alerts = all(|| {
            app.db
                .write(|conn| alerts::retention::forget(conn, before, BATCH))
        })?;
    }
    let now = now_ms.div_euclid(1000);
    gone.over = app.db.write(|conn| {
        let windows = windows::store::forget_ended(conn, now)?;
        Ok(windows + admins::retention::forget(conn, now)?)
    })?;
    Ok(gone)
}

/// Batch after batch until none is left.
fn all(mut some: impl FnMut() -> Result<usize>) -> Result<usize> {
    let mut gone = 0;
    loop {
        match some()? {
            0 => return Ok(gone),
            more => gone += more,
        }
    }
}

/// Starts [`let_go`] on a thread of its own: there may be years to let go.
pub fn begin(app: &Arc<App>) -> Result<()> {
    let app = app.clone();
    let work = move || match let_go(&app, now_ms()) {
        Ok(gone) if gone == Gone::default() => {}
        Ok(gone) => {
            log::info!(alerts = gone.alerts, entries = gone.entries, over = gone.over; "old entries were let go");
        }
        Err(error) => {
            log::warn!(error:? = error; "old entries could not be let go; trying again tomorrow");
        }
    };
    std::thread::Builder::new()
        .name("retention".into())
        .spawn(work)?;
    Ok(())
}
