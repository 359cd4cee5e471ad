//! Limits on calls: counted exactly, per token and per company, from midnight to midnight of the company's zone.
//!
//! An embedded store has one process: the counts live in its memory and are written down within a second, so that no call
//! waits for the writer. PostgreSQL can have several: it counts itself, in one statement per limit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::Datelike as _;
use chrono_tz::Tz;

use super::store;
use crate::db::{Conn, Db, Kind};
use crate::error::Result;
use crate::ids::{CompanyId, TokenId};
use crate::language::Said;
use crate::time::day;
use crate::words::per_hundred;

/// The token that stands for all of a company's.
pub const ALL_TOKENS: TokenId = TokenId(0);

/// What a token may call. 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Whose token.
    pub company: CompanyId,
    /// The token.
    pub token: TokenId,
    /// Calls per day of this token.
    pub per_token: u32,
    /// Calls per day of all tokens of the company.
    pub per_company: u32,
    /// Whose midnight ends the day.
    pub zone: Tz,
}

/// How much of a limit is used: of the one that is nearest to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Calls per day.
    pub limit: u32,
    /// Whether it is the limit of the whole company.
    pub of_company: bool,
    /// Calls of this day that counted.
    pub used: i64,
    /// Seconds until the next day begins.
    pub resets_in: i64,
}

impl Standing {
    /// Calls that are left today.
    pub fn left(&self) -> i64 {
        (i64::from(self.limit) - self.used).max(0)
    }

    /// Calls of this day per hundred of the limit.
    pub fn percent(&self) -> Option<f64> {
        per_hundred(self.used, self.limit.into())
    }

    /// Whether so many per hundred of the limit are used, or more.
    pub fn reaches(&self, percent: &i64) -> bool {
        reaches(self.used, self.limit.into(), *percent)
    }

    /// How short calls are, where so many per hundred of the limit are used or more; `None` below.
    pub fn shortage(&self, near: &i64) -> Option<Said> {
        match self.left() {
            0 => Some(Said::new("used up")),
            _ => self.reaches(near).then(|| Said::new("nearly used up")),
        }
    }
}

/// Whether so many calls are so many per hundred of a limit, or more: the pages and the alert ask here.
pub fn reaches(used: i64, limit: i64, percent: i64) -> bool {
    used.saturating_mul(100) >= limit.saturating_mul(percent)
}

/// Whether a call may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It counts, or there is no limit.
    Granted(Option<Standing>),
    /// The day's calls are used up.
    Spent(Standing),
}

/// One count: a company's token, on a day.
pub type Slot = (CompanyId, TokenId, i64);

/// The counts of this process. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Quota(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    used: HashMap<Slot, i64>,
    unwritten: HashMap<Slot, i64>,
}

impl Limits {
    fn slots(&self, day: i64) -> impl Iterator<Item = (Slot, u32)> {
        let both = [
            ((self.company, self.token, day), self.per_token),
            ((self.company, ALL_TOKENS, day), self.per_company),
        ];
        both.into_iter().filter(|(_, limit)| *limit > 0)
    }

    /// The day that a moment (UTC seconds) lies in, and the seconds until the next one.
    pub fn day(&self, now: i64) -> (i64, i64) {
        let today = day::of(now, self.zone).unwrap_or_default();
        let day = i64::from(today.num_days_from_ce()) - 719_163;
        (day, (day::end(today, self.zone) - now).max(1))
    }

    fn standing(
        &self,
        used: impl Fn(&Slot) -> i64,
        (day, resets_in): (i64, i64),
    ) -> Option<Standing> {
        let standings = self.slots(day).map(|(slot, limit)| Standing {
            limit,
            of_company: slot.1 == ALL_TOKENS,
            used: used(&slot),
            resets_in,
        });
        standings.min_by_key(Standing::left)
    }
}

impl Quota {
    /// Counts a call at `now` (UTC seconds), unless a limit is used up: then neither limit is touched. Keeps `place` until
    /// the store has counted, also where nobody waits for it any more.
    pub async fn take(
        &self,
        db: &Db,
        limits: Limits,
        now: i64,
        place: impl Send + 'static,
    ) -> Result<Taken> {
        let day = limits.day(now);
        let slots: Vec<(Slot, u32)> = limits.slots(day.0).collect();
        if slots.is_empty() {
            return Ok(Taken::Granted(None));
        }
        let (counted, used) = if db.kind() == Kind::Sqlite {
            self.know(db, &slots).await?;
            self.lock().take(&slots)
        } else {
            let count = move |conn: &mut Conn| {
                let _kept = &place;
                store::take(conn, &slots)
            };
            db.change(count).await?
        };
        let standing = limits.standing(|slot| used.get(slot).copied().unwrap_or(0), day);
        Ok(match standing {
            Some(standing) if !counted => Taken::Spent(standing),
            standing => Taken::Granted(standing),
        })
    }

    /// Takes a count back: the call failed, and not by its own fault. Keeps `place` as [`Quota::take`] does.
    pub async fn give_back(
        &self,
        db: &Db,
        limits: Limits,
        now: i64,
        place: impl Send + 'static,
    ) -> Result<()> {
        let slots: Vec<Slot> = limits
            .slots(limits.day(now).0)
            .map(|(slot, _)| slot)
            .collect();
        if db.kind() == Kind::Sqlite {
            let mut counts = self.lock();
            slots.iter().for_each(|slot| counts.add(*slot, -1));
            return Ok(());
        }
        let count = move |conn: &mut Conn| {
            let _kept = &place;
            store::give_back(conn, &slots)
        };
        db.change(count).await
    }

    /// How the limits stand at `now`, without counting.
    pub async fn standing(&self, db: &Db, limits: Limits, now: i64) -> Result<Option<Standing>> {
        let day = limits.day(now);
        let slots: Vec<(Slot, u32)> = limits.slots(day.0).collect();
        if slots.is_empty() {
            return Ok(None);
        }
        if db.kind() == Kind::Sqlite {
            self.know(db, &slots).await?;
            let counts = self.lock();
            return Ok(limits.standing(|slot| counts.get(slot), day));
        }
        let used = db.lookup(move |conn| store::used(conn, &slots)).await?;
        Ok(limits.standing(|slot| used.get(slot).copied().unwrap_or(0), day))
    }

    /// Reads the counts of a day that this process has not met yet.
    async fn know(&self, db: &Db, slots: &[(Slot, u32)]) -> Result<()> {
        let unknown: Vec<_> = {
            let counts = self.lock();
            let new = slots
                .iter()
                .filter(|(slot, _)| !counts.used.contains_key(slot));
            new.copied().collect()
        };
        if unknown.is_empty() {
            return Ok(());
        }
        let asked = unknown.clone();
        let stored = db.lookup(move |conn| store::used(conn, &asked)).await?;
        let mut counts = self.lock();
        let today = unknown.iter().map(|((.., day), _)| *day).max().unwrap_or(0);
        counts.used.retain(|(.., day), _| *day >= today - 2);
        for (slot, _) in unknown {
            counts
                .used
                .entry(slot)
                .or_insert(stored.get(&slot).copied().unwrap_or(0));
        }
        Ok(())
    }

    /// The counts that moved since they were last written.
    pub(super) fn unwritten(&self) -> HashMap<Slot, i64> {
        std::mem::take(&mut self.lock().unwritten)
    }

    /// Counts that could not be written wait for the next time, as they are now.
    pub(super) fn still_unwritten(&self, counts: &HashMap<Slot, i64>) {
        let mut waiting = self.lock();
        for slot in counts.keys() {
            let used = waiting.get(slot);
            waiting.unwritten.insert(*slot, used);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn get(&self, slot: &Slot) -> i64 {
        self.used.get(slot).copied().unwrap_or(0)
    }

    fn add(&mut self, slot: Slot, more: i64) {
        let used = self.used.entry(slot).or_insert(0);
        *used = (*used + more).max(0);
        self.unwritten.insert(slot, *used);
    }

    fn take(&mut self, slots: &[(Slot, u32)]) -> (bool, HashMap<Slot, i64>) {
        let spent = slots
            .iter()
            .any(|(slot, limit)| self.get(slot) >= i64::from(*limit));
        if !spent {
            slots.iter().for_each(|(slot, _)| self.add(*slot, 1));
        }
        let used = slots.iter().map(|(slot, _)| (*slot, self.get(slot)));
        (!spent, used.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(zone: Tz) -> Limits {
        Limits {
            company: CompanyId(42),
            token: TokenId(1),
            per_token: 5,
            per_company: 0,
            zone,
        }
    }

    #[test]
    fn a_day_ends_at_midnight_of_the_zone() {
        let before = 1_774_738_799; // 2026-03-28 22:59:59 UTC, one second before midnight in Berlin
        let (day, left) = limits(Tz::Europe__Berlin).day(before);
        let (next, long) = limits(Tz::Europe__Berlin).day(before + 1);

        assert_eq!((left, next), (1, day + 1));
        assert_eq!(
            long,
            23 * 3600,
            "the day on which summer time begins is short"
        );
        assert_eq!(limits(Tz::UTC).day(0), (0, 86_400));
    }

    #[test]
    fn the_limit_that_is_nearest_to_its_end_is_told() {
        let both = Limits {
            per_company: 100,
            ..limits(Tz::UTC)
        };
        let used = |slot: &Slot| if slot.1 == ALL_TOKENS { 98 } else { 1 };

        let standing = both.standing(used, (0, 60)).expect("limits");

        assert!(standing.of_company);
        assert_eq!((standing.left(), standing.limit), (2, 100));
    }
}
