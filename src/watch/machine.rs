//! Rules about this machine: its disk, and how fast its store answers.

use std::path::Path;

use super::rules::{Looked, values};
use crate::alerts::Kind;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::site::machine::{Disk, slowness};
use crate::words::Severity;

/// Follows the rule about the disk. Where it cannot be asked, what was found before stays.
pub fn disk(folder: &Path, looked: &mut Looked<'_>) {
    let Ok(disk) = Disk::of(folder) else {
        return;
    };
    if looked.follows(Kind::DiskLow) && disk.is_low(looked.site) {
        let values = values([
            ("free", disk.free.to_string()),
            ("percent", disk.percent().to_string()),
        ]);
        looked.find(Kind::DiskLow, Severity::High, "", values);
    }
}

/// Follows the rule about the store.
pub fn store(conn: &mut Conn, looked: &mut Looked<'_>) -> Result<()> {
    if !looked.follows(Kind::SlowStore) {
        return Ok(());
    }
    let took_us = db::answer_us(conn)?;
    if let Some(severity) = slowness(looked.site, took_us) {
        let values = values([("ms", (took_us / 1000).to_string())]);
        looked.find(Kind::SlowStore, severity, "", values);
    }
    Ok(())
}
