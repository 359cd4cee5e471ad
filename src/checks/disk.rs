//! The disk of the data folder.

use super::said::Check;
use crate::app::App;
use crate::language::{Number, Said};
use crate::settings::site;
use crate::site::machine::Disk;

/// Megabytes below which a low disk is about to stop everything.
const NEARLY_NONE: i64 = 512;
const MEGABYTE: i64 = 1 << 20;

/// Room on the disk of the data folder; the rule of the alert `disk_low` says when it is low.
pub fn room(app: &App) -> Check {
    let name = "Disk of the data folder";
    let disk = match Disk::of(&app.config.data_dir) {
        Ok(disk) => disk,
        Err(cause) => {
            let found = Said::new("Failed: {why}.").with("why", cause.to_string());
            return Check::problem(name, found, "Is the data folder still there?");
        }
    };
    let site = match app.db.read(site::read) {
        Ok(site) => site,
        Err(error) => return Check::failed(name, &error, "Is the data folder still there?"),
    };
    let bytes = |megabytes: i64| Number::Bytes(megabytes.saturating_mul(MEGABYTE));
    let found = Said::new("{free} free of {all} ({percent}).")
        .number("free", bytes(disk.free))
        .number("all", bytes(disk.all))
        .number("percent", Number::Percent(disk.percent() as f64));
    let advice = "Make room: a full disk stops every sync. Old backups and other programs' files are the first place to look.";
    match disk.is_low(&site) {
        true if disk.free < NEARLY_NONE => Check::problem(name, found, advice),
        true => Check::warning(name, found, advice),
        false => Check::ok(name, found),
    }
}
