//! Rhythms: the moments at which a schedule asks for a run.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, Timelike, Utc};
use chrono::{LocalResult, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::error::{Error, Result};
use crate::language::Said;

/// The minutes that a rhythm can count.
pub const EVERY_MINUTES: std::ops::RangeInclusive<i32> = 5..=1440;

/// Longest stretch of local time that a change of a zone's clock ever left out: a day, in Samoa.
const LONGEST_GAP_MINUTES: i64 = 25 * 60;

crate::words! {
    /// The kinds of rhythm.
    RhythmKind {
        /// Never.
        Off = "off",
        /// Every so many minutes.
        Minutes = "minutes",
        /// Once an hour.
        Hourly = "hourly",
        /// Once a day.
        Daily = "daily",
    }
}

/// When a schedule asks for runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// Never.
    Off,
    /// Every so many minutes, 5 to 1440, counted from midnight UTC of the first day of 1970: all instances agree.
    Minutes(i32),
    /// When the clocks of a zone show this minute, 0 to 59.
    Hourly(i32, Tz),
    /// When the clocks of a zone show this minute of the day, 0 to 1439. A time that a day does not have is the next
    /// moment it has; one that it has twice is the first.
    Daily(i32, Tz),
}

impl Rhythm {
    /// A rhythm of its parts; `Invalid` says which one is out of range.
    pub fn of(kind: RhythmKind, every: i32, at: i32, zone: &str) -> Result<Self> {
        let zone = || {
            let known = zone.parse::<Tz>();
            let why = || Said::new("there is no time zone “{zone}”").with("zone", zone);
            known.map_err(|_| Error::Invalid(why()))
        };
        let within = |value: i32, range: std::ops::RangeInclusive<i32>| {
            let wrong = || {
                let why = Said::new("{n} is not within {least} to {most}").number("n", value);
                let why = why.number("least", range.start());
                Error::Invalid(why.number("most", range.end()))
            };
            range.contains(&value).then_some(value).ok_or_else(wrong)
        };
        Ok(match kind {
            RhythmKind::Off => Self::Off,
            RhythmKind::Minutes => Self::Minutes(within(every, EVERY_MINUTES)?),
            RhythmKind::Hourly => Self::Hourly(within(at, 0..=59)?, zone()?),
            RhythmKind::Daily => Self::Daily(within(at, 0..=1439)?, zone()?),
        })
    }

    /// Its kind.
    pub fn kind(self) -> RhythmKind {
        match self {
            Self::Off => RhythmKind::Off,
            Self::Minutes(_) => RhythmKind::Minutes,
            Self::Hourly(..) => RhythmKind::Hourly,
            Self::Daily(..) => RhythmKind::Daily,
        }
    }

    /// The zone whose clocks it follows; `None` where it follows none.
    pub fn zone(self) -> Option<Tz> {
        match self {
            Self::Hourly(_, zone) | Self::Daily(_, zone) => Some(zone),
            Self::Off | Self::Minutes(_) => None,
        }
    }

    /// The first moment after a moment, both in UTC seconds; `None` for [`Rhythm::Off`].
    pub fn next_after(self, moment: i64) -> Option<i64> {
        match self {
            Self::Off => None,
            Self::Minutes(every) => {
                let step = i64::from(every) * 60;
                Some((moment.div_euclid(step) + 1) * step)
            }
            Self::Hourly(minute, zone) => next_hourly(moment, minute, zone),
            Self::Daily(minute, zone) => next_daily(moment, minute, zone),
        }
    }

    /// In words: `every 15 minutes`, `daily at 02:00 (Europe/Berlin)`.
    pub fn in_words(self) -> Said {
        match self {
            Self::Off => Said::new("off"),
            Self::Minutes(every) => Said::new("every {n} minutes").number("n", every),
            Self::Hourly(minute, zone) => Said::new("hourly at minute {minute} ({zone})")
                .with("minute", format!("{minute:02}"))
                .with("zone", zone.to_string()),
            Self::Daily(minute, zone) => Said::new("daily at {time} ({zone})")
                .with("time", clock(minute))
                .with("zone", zone.to_string()),
        }
    }
}

/// A minute of the day as clocks show it: `02:30`.
pub fn clock(minute: i32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Every time zone by its IANA name, in their order.
pub fn zone_names() -> impl Iterator<Item = &'static str> {
    TZ_VARIANTS.iter().map(|zone| zone.name())
}

/// Looks minute by minute: some zones are half an hour or a quarter off, and some move by half an hour.
fn next_hourly(moment: i64, minute: i32, zone: Tz) -> Option<i64> {
    let first = (moment.div_euclid(60) + 1) * 60;
    (0..180).map(|step| first + step * 60).find(|moment| {
        let local = utc(*moment).map(|utc| utc.with_timezone(&zone).minute());
        local.is_some_and(|local| local as i32 == minute)
    })
}

fn next_daily(moment: i64, minute: i32, zone: Tz) -> Option<i64> {
    let today = utc(moment)?.with_timezone(&zone).date_naive();
    let days = (0..5).filter_map(|day| {
        today
            .checked_sub_days(Days::new(1))?
            .checked_add_days(Days::new(day))
    });
    days.filter_map(|day| of_day(day, minute, zone))
        .filter(|found| *found > moment)
        .min()
}

/// The moment of a day: of two the first, and of none the next there is.
fn of_day(day: NaiveDate, minute: i32, zone: Tz) -> Option<i64> {
    let wanted: NaiveDateTime = day.and_hms_opt(minute as u32 / 60, minute as u32 % 60, 0)?;
    (0..=LONGEST_GAP_MINUTES).find_map(|later| {
        let local = wanted.checked_add_signed(chrono::TimeDelta::minutes(later))?;
        match zone.from_local_datetime(&local) {
            LocalResult::Single(found) => Some(found.timestamp()),
            LocalResult::Ambiguous(first, second) => {
                Some(first.timestamp().min(second.timestamp()))
            }
            LocalResult::None => None,
        }
    })
}

fn utc(moment: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(moment, 0)
}

#[cfg(test)]
mod tests;
