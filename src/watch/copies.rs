//! The rule about backups: they were made, and are not made any more.

use super::rules::{Looked, values};
use crate::alerts::Kind;
use crate::app::App;
use crate::db;
use crate::db::backup::{self, Copy};
use crate::site::machine::{is_old, newest};
use crate::words::Severity;

/// Follows the rule. Where nobody ever made a copy in the data folder, copies are made in another way, or the page Health
/// says that there is none: an alert from the first day on would be an alert that everybody learns to overlook.
///
/// PostgreSQL's copies are its own business; and where the folder cannot be read, what was found before stays.
pub fn look(app: &App, looked: &mut Looked<'_>, now: i64) {
    if app.db.kind() != db::Kind::Sqlite {
        return;
    }
    let Ok(copies) = backup::list(&app.config.data_dir.join("backups")) else {
        return;
    };
    if !looked.follows(Kind::BackupOld) || copies.iter().all(Copy::was_made_by_itself) {
        return;
    }
    let old = newest(&copies, now).filter(|(_, days)| is_old(looked.site, *days));
    if let Some((copy, days)) = old {
        let values = values([("days", days.to_string()), ("name", copy.name.clone())]);
        looked.find(Kind::BackupOld, Severity::Medium, "", values);
    }
}
