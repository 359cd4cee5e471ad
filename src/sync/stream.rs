//! Moodle's rows on their way to the plan: counted, without people who were erased, and stopped by a cancelled run.

use std::collections::HashSet;
use std::sync::atomic::Ordering::Relaxed;

use super::plan::Seen;
use crate::app::Meter;
use crate::error::{Error, Result};
use crate::ids::{Key, UserId};
use crate::moodle::{Facts, Pages};
use crate::progress::derive::{derive, flaw};

/// A stream of Moodle's that tells a meter how far it is.
pub struct Metered<'a, T> {
    pages: Pages<'a, T>,
    meter: &'a Meter,
    erased: &'a HashSet<UserId>,
    counts: bool,
}

/// Whose row it is.
pub trait Owned {
    /// The person.
    fn user(&self) -> UserId;
}

impl Owned for Facts {
    fn user(&self) -> UserId {
        self.key.user
    }
}

impl Owned for Key {
    fn user(&self) -> UserId {
        self.user
    }
}

/// Counts what `pages` give; leaves out people in `erased`; ends with `Cancelled` when the meter says so.
pub fn metered<'a, T>(
    pages: Pages<'a, T>,
    meter: &'a Meter,
    erased: &'a HashSet<UserId>,
) -> Metered<'a, T> {
    Metered {
        pages,
        meter,
        erased,
        counts: true,
    }
}

impl<T> Metered<'_, T> {
    /// The same uncounted: for a list that is read before the rows themselves.
    pub fn uncounted(self) -> Self {
        Self {
            counts: false,
            ..self
        }
    }
}

impl<T: Owned> Iterator for Metered<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        loop {
            if self.meter.has_to_stop() {
                return Some(Err(Error::Cancelled));
            }
            let item = self.pages.next();
            if self.counts {
                let (read, total) = self.pages.people();
                self.meter.people_read.store(read as i64, Relaxed);
                self.meter.people_total.store(total as i64, Relaxed);
            }
            match item {
                Some(Ok(row)) if self.erased.contains(&row.user()) => {}
                Some(Ok(row)) => {
                    Meter::add(&self.meter.rows_read, usize::from(self.counts));
                    return Some(Ok(row));
                }
                other => return other,
            }
        }
    }
}

/// What the plan sees of a row's facts.
pub fn seen(facts: Facts) -> Seen {
    let key = facts.key;
    let content = derive(facts);
    match flaw(&content) {
        Some(flaw) => (key, Err(flaw)),
        None => (key, Ok(content)),
    }
}
