//! When the machine needs somebody: one rule each for disk, backups and store, which the alert and the page Health ask.

use std::path::Path;

use crate::db::backup::Copy;
use crate::settings::site::{Setting, Site};
use crate::words::Severity;

const DAY: i64 = 86_400;
const MEGABYTE: u128 = 1024 * 1024;

/// Room on a disk, megabytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// That is free for us.
    pub free: i64,
    /// All of it.
    pub all: i64,
}

impl Disk {
    /// The disk of a folder; an error where it cannot be asked.
    pub fn of(folder: &Path) -> std::io::Result<Self> {
        let disk = rustix::fs::statvfs(folder)?;
        let megabytes = |blocks: u64| {
            let bytes = u128::from(blocks) * u128::from(disk.f_frsize);
            i64::try_from(bytes / MEGABYTE).unwrap_or(i64::MAX)
        };
        Ok(Self {
            free: megabytes(disk.f_bavail),
            all: megabytes(disk.f_blocks),
        })
    }

    /// Free megabytes of a hundred, rounded down; 0 of a disk without room.
    pub fn percent(&self) -> i64 {
        self.free
            .saturating_mul(100)
            .checked_div(self.all)
            .unwrap_or(0)
    }

    /// Whether less is free than one of the thresholds says.
    pub fn is_low(&self, site: &Site) -> bool {
        let share = site.number(Setting::DiskFreePercent);
        self.free < site.number(Setting::DiskFreeMegabytes)
            || self.free.saturating_mul(100) < self.all.saturating_mul(share)
    }
}

/// The newest copy of the store, and how many whole days ago it was made; `None` where there is none.
pub fn newest(copies: &[Copy], now: i64) -> Option<(&Copy, i64)> {
    let newest = copies.iter().max_by_key(|copy| copy.at)?;
    Some((newest, (now - newest.at).div_euclid(DAY)))
}

/// Whether the newest copy was made too many days ago.
pub fn is_old(site: &Site, days: i64) -> bool {
    days >= site.number(Setting::BackupOldDays)
}

/// How much it matters that the store takes so many microseconds to answer; `None` where that is quick enough.
pub fn slowness(site: &Site, answer_us: i64) -> Option<Severity> {
    let above = |setting| answer_us > site.number(setting).saturating_mul(1000);
    match () {
        () if above(Setting::StoreHighMs) => Some(Severity::High),
        () if above(Setting::StoreMediumMs) => Some(Severity::Medium),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_low_below_a_tenth_or_a_gigabyte() {
        let site = Site::default();
        let is_low = |free, all| Disk { free, all }.is_low(&site);

        assert!(!is_low(1024, 10_240) && is_low(1023, 10_230));
        assert!(!is_low(50_000, 500_000) && is_low(49_999, 500_000));
        assert!(Disk::of(Path::new(".")).is_ok_and(|disk| disk.free <= disk.all && disk.all > 0));
    }

    #[test]
    fn a_store_is_slow_above_its_thresholds_and_not_at_them() {
        let site = Site::default();
        let of = |milliseconds: i64| slowness(&site, milliseconds * 1000);

        assert_eq!([of(200), of(1000)], [None, Some(Severity::Medium)]);
        assert_eq!(of(201), Some(Severity::Medium));
        assert_eq!(of(1001), Some(Severity::High));
    }
}
