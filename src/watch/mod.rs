//! Watching: what needs somebody is found every minute, becomes an alert, and somebody is told.

mod calls;
mod copies;
pub mod decide;
mod machine;
mod mail;
pub mod message;
mod rules;
pub mod send;
mod settle;
mod source;
mod syncs;
mod tell;
mod tokens;
mod turn;
mod used;
mod webhook;

pub use rules::switch;
pub use turn::take as take_turn;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::app::App;
use crate::db::Conn;
use crate::error::Result;
use crate::settings::site::{self, Setting, Site};
use crate::time::now;

/// Whether this process looks already: Moodle may take long to say that it is away.
static LOOKING: AtomicBool = AtomicBool::new(false);

/// Looks on a thread of its own, unless another instance has this minute, or the last look still lasts.
pub fn begin(app: &Arc<App>) -> Result<()> {
    let Some(busy) = Busy::with(&LOOKING) else {
        return Ok(());
    };
    let app = app.clone();
    let work = move || {
        let _busy = busy;
        let looked = take_turn(&app.db, now()).and_then(|ours| match ours {
            true => look(&app, now()),
            false => Ok(()),
        });
        if let Err(error) = looked {
            log::warn!(error:? = error; "it could not be looked for alerts; trying again in a minute");
        }
    };
    std::thread::Builder::new()
        .name("watch".into())
        .spawn(work)?;
    Ok(())
}

/// That something is under way, until it is dropped, however that happens.
struct Busy(&'static AtomicBool);

impl Busy {
    /// Begins; `None` while it is under way already.
    fn with(flag: &'static AtomicBool) -> Option<Self> {
        (!flag.swap(true, Ordering::AcqRel)).then(|| Self(flag))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Looks once: opens, raises and closes alerts, and owes messages about them. Blocking.
///
/// Nothing is looked for while alerts are off; whether anybody is to be told makes no difference.
pub fn look(app: &App, now: i64) -> Result<()> {
    let site = app.db.read(site::read)?;
    if !site.is_on(Setting::AlertsOn) {
        return Ok(());
    }
    let of_store = app.db.snapshot(|conn| in_store(conn, app, &site, now))?;
    app.db
        .write(|conn| settle::settle(conn, &of_store, &site, now))?;
    let of_source = source::look(app, &site);
    app.db
        .write(|conn| settle::settle(conn, &of_source, &site, now))
}

/// Everything that the store and this machine know.
fn in_store<'a>(conn: &mut Conn, app: &App, site: &'a Site, now: i64) -> Result<rules::Looked<'a>> {
    let mut looked = rules::Looked::with(site);
    calls::look(conn, &mut looked, now)?;
    used::look(conn, &mut looked, now)?;
    syncs::look(conn, &mut looked, now)?;
    tokens::look(conn, &mut looked, now)?;
    machine::store(conn, &mut looked)?;
    machine::disk(&app.config.data_dir, &mut looked);
    copies::look(app, &mut looked, now);
    Ok(looked)
}
