//! The rule about this machine's disk.

use std::path::Path;

use super::rules::{Looked, percent, values};
use crate::alerts::Kind;
use crate::settings::site::Setting;
use crate::words::Severity;

const MEGABYTE: u64 = 1024 * 1024;

/// Follows the rule. Where the disk cannot be asked, what was found before stays.
pub fn look(folder: &Path, looked: &mut Looked<'_>) {
    let Some((free, all)) = room(folder) else {
        return;
    };
    if looked.follows(Kind::DiskLow) && is_low(looked, free, all) {
        let values = values([
            ("free", free.to_string()),
            ("percent", percent(free, all).to_string()),
        ]);
        looked.find(Kind::DiskLow, Severity::High, "", values);
    }
}

/// Megabytes that are free for us, and all, of the disk of a folder.
fn room(folder: &Path) -> Option<(i64, i64)> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let megabytes = |blocks: u64| {
        let bytes = u128::from(blocks) * u128::from(disk.f_frsize);
        i64::try_from(bytes / u128::from(MEGABYTE)).ok()
    };
    Some((megabytes(disk.f_bavail)?, megabytes(disk.f_blocks)?))
}

fn is_low(looked: &Looked<'_>, free: i64, all: i64) -> bool {
    let least = looked.number(Setting::DiskFreePercent);
    free < looked.number(Setting::DiskFreeMegabytes) || free * 100 < all * least
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::site::Site;

    #[test]
    fn a_disk_is_low_below_a_tenth_or_a_gigabyte() {
        let site = Site::default();
        let looked = Looked::with(&site);

        assert!(!is_low(&looked, 1024, 10_240) && is_low(&looked, 1023, 10_230));
        assert!(!is_low(&looked, 50_000, 500_000) && is_low(&looked, 49_999, 500_000));
        assert!(room(Path::new(".")).is_some_and(|(free, all)| free <= all && all > 0));
    }
}
