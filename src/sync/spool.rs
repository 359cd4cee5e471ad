//! Changes on their way from the plan to the store: in memory while few, in a nameless file when many.

use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};

use std::path::Path;

use tempfile::SpooledTempFile;

use super::plan::{Change, Kind, Step, Unread};
use super::tally::Tally;
use crate::app::Meter;
use crate::error::{Error, Result};
use crate::ids::Key;
use crate::progress::Row;

/// Bytes kept in memory before the rest goes to a file.
const IN_MEMORY: usize = 8 << 20;

/// What a plan found, ready to be written.
pub struct Spool {
    file: SpooledTempFile,
    line: Vec<u8>,
    /// Rows that were right already.
    pub same: i64,
    /// Rows to add.
    pub added: i64,
    /// Rows to update.
    pub updated: i64,
    /// Keys that are not active any more, in order.
    pub removed: Vec<Key>,
    /// Rows of Moodle that could not be read, in order.
    pub unread: Vec<Unread>,
    /// The same by course.
    pub tally: Tally,
}

impl Spool {
    /// Takes in every step of a plan; fails with it. What does not fit in memory goes to a nameless file in `folder`.
    pub fn collect(
        steps: impl Iterator<Item = Result<Step>>,
        folder: &Path,
        meter: &Meter,
    ) -> Result<Self> {
        let mut spool = Self {
            file: tempfile::spooled_tempfile_in(IN_MEMORY, folder),
            line: Vec::with_capacity(1024),
            same: 0,
            added: 0,
            updated: 0,
            removed: Vec::new(),
            unread: Vec::new(),
            tally: Tally::default(),
        };
        for step in steps {
            let step = step?;
            spool.tally.count(&step);
            match step {
                Step::Same(_) => spool.same += 1,
                Step::Change(change) => {
                    spool.push(&change)?;
                    Meter::add(&meter.rows_planned, 1);
                }
                Step::Unread(unread) => spool.unread.push(*unread),
            }
        }
        Ok(spool)
    }

    /// Takes in a tombstone whose reason is another one now.
    pub fn restate(&mut self, row: Row, meter: &Meter) -> Result<()> {
        Meter::add(&meter.rows_planned, 1);
        let key = row.key();
        self.push(&Change {
            key,
            old: Some(row.into()),
            new: None,
            last: None,
        })
    }

    fn push(&mut self, change: &Change) -> Result<()> {
        match change.kind() {
            Kind::Added => self.added += 1,
            Kind::Updated => self.updated += 1,
            Kind::Removed => self.removed.push(change.key),
        }
        self.line.clear();
        serde_json::to_writer(&mut self.line, change).map_err(spoiled)?;
        self.line.push(b'\n');
        self.file.write_all(&self.line)?;
        Ok(())
    }

    /// How many changes there are.
    pub fn len(&self) -> i64 {
        self.added + self.updated + self.removed.len() as i64
    }

    /// The changes from the beginning, in key order.
    pub fn changes(&mut self) -> Result<impl Iterator<Item = Result<Change>>> {
        self.file.seek(SeekFrom::Start(0))?;
        let lines = BufReader::with_capacity(64 << 10, &mut self.file).split(b'\n');
        Ok(lines.map(|line| serde_json::from_slice(&line?).map_err(spoiled)))
    }
}

fn spoiled(cause: serde_json::Error) -> Error {
    Error::Machine(cause.into())
}
