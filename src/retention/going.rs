//! What would be let go if less were kept, so that nobody loses it by a slip.

use super::DAY_MS;
use crate::alerts;
use crate::app::App;
use crate::audit::{self, Part};
use crate::db::{Conn, backup};
use crate::error::Result;
use crate::requests;
use crate::settings::site::Setting;
use crate::sync;

/// How many rows, or files, go with so many days, or copies. 0 keeps all. Blocking.
pub fn going(app: &App, setting: Setting, kept: i64, now_ms: i64) -> Result<i64> {
    if kept == 0 {
        return Ok(0);
    }
    if setting == Setting::BackupsKept {
        return copies(app, kept);
    }
    app.db
        .snapshot(|conn| rows(conn, setting, now_ms - kept * DAY_MS))
}

fn rows(conn: &mut Conn, setting: Setting, before_ms: i64) -> Result<i64> {
    match setting {
        Setting::RequestsDays => requests::store::count_before(conn, before_ms),
        Setting::ChangesDays => sync::retention::count_before(conn, before_ms),
        Setting::AlertsDays => alerts::retention::count(conn, before_ms.div_euclid(1000)),
        Setting::AuditDays => audit::count_before(conn, Part::All, before_ms),
        Setting::SignInsDays => audit::count_before(conn, Part::SignIns, before_ms),
        _ => Ok(0),
    }
}

/// Copies that the next backup removes beside the one that it takes the place of, see [`backup::let_go`].
fn copies(app: &App, kept: i64) -> Result<i64> {
    let asked = backup::list(&app.config.data_dir.join("backups"))?.into_iter();
    let there = asked.filter(backup::Copy::was_asked_for).count() as i64;
    Ok((there - kept).max(0))
}
