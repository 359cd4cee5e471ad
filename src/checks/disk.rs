//! The disk of the data folder.

use super::said::Check;
use crate::app::App;
use crate::language::{Number, Said};

/// Room that is little, and room that is too little: bytes, and per cent of the disk.
const LITTLE: (u64, u64) = (5 << 30, 10);
const TOO_LITTLE: (u64, u64) = (512 << 20, 2);

/// Room on the disk of the data folder.
pub fn room(app: &App) -> Check {
    let name = "Disk of the data folder";
    let disk = match rustix::fs::statvfs(&app.config.data_dir) {
        Ok(disk) => disk,
        Err(cause) => {
            let found = Said::new("Failed: {why}.").with("why", cause.to_string());
            return Check::problem(name, found, "Is the data folder still there?");
        }
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let all = disk.f_blocks.saturating_mul(disk.f_frsize);
    let percent = free.saturating_mul(100).checked_div(all).unwrap_or(0);
    let found = Said::new("{free} free of {all} ({percent}).")
        .number(
            "free",
            Number::Bytes(i64::try_from(free).unwrap_or(i64::MAX)),
        )
        .number("all", Number::Bytes(i64::try_from(all).unwrap_or(i64::MAX)))
        .number("percent", Number::Percent(percent as f64));
    let below = |(bytes, share): (u64, u64)| free < bytes && percent < share;
    let advice = "Make room: a full disk stops every sync. Old backups and other programs' files are the first place to look.";
    if below(TOO_LITTLE) {
        Check::problem(name, found, advice)
    } else if below(LITTLE) {
        Check::warning(name, found, advice)
    } else {
        Check::ok(name, found)
    }
}
