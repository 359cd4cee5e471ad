//! Rhythms: the moments at which a schedule asks for a run.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, Timelike, Utc};
use chrono::{LocalResult, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::error::{Error, Result};

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
            known.map_err(|_| Error::Invalid(format!("there is no time zone “{zone}”")))
        };
        let within = |value: i32, range: std::ops::RangeInclusive<i32>| {
            let wrong = || Error::Invalid(format!("{value} is not within {range:?}"));
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
    pub fn in_words(self) -> String {
        match self {
            Self::Off => "off".into(),
            Self::Minutes(every) => format!("every {every} minutes"),
            Self::Hourly(minute, zone) => format!("hourly at minute {minute:02} ({zone})"),
            Self::Daily(minute, zone) => format!("daily at {} ({zone})", clock(minute)),
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
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        let moment = DateTime::parse_from_rfc3339(text).expect(text);
        moment.timestamp()
    }

    fn daily(clock: &str, zone: Tz) -> Rhythm {
        let (hours, minutes) = clock.split_once(':').expect(clock);
        let number = |text: &str| text.parse::<i32>().expect(clock);
        Rhythm::Daily(number(hours) * 60 + number(minutes), zone)
    }

    /// The moments after a moment, as RFC 3339.
    fn next(rhythm: Rhythm, after: &str, count: usize) -> Vec<String> {
        let first = rhythm.next_after(at(after));
        let rest = |moment: &i64| rhythm.next_after(*moment);
        std::iter::successors(first, rest)
            .take(count)
            .filter_map(crate::time::rfc3339)
            .collect()
    }

    #[test]
    fn every_so_many_minutes_is_the_same_on_every_instance() {
        assert_eq!(
            next(Rhythm::Minutes(15), "2026-03-01T10:07:31Z", 2),
            ["2026-03-01T10:15:00Z", "2026-03-01T10:30:00Z"]
        );
        assert_eq!(
            next(Rhythm::Minutes(15), "2026-03-01T10:15:00Z", 1),
            ["2026-03-01T10:30:00Z"]
        );
        assert_eq!(
            next(Rhythm::Minutes(1440), "2026-12-31T23:59:59Z", 1),
            ["2027-01-01T00:00:00Z"]
        );
        assert_eq!(Rhythm::Off.next_after(0), None);
    }

    #[test]
    fn hourly_follows_the_clocks_of_zones_that_are_half_an_hour_off() {
        let india = Rhythm::Hourly(0, Tz::Asia__Kolkata);
        assert_eq!(
            next(india, "2026-06-01T10:30:00Z", 2),
            ["2026-06-01T11:30:00Z", "2026-06-01T12:30:00Z"]
        );
        let nepal = Rhythm::Hourly(15, Tz::Asia__Kathmandu); // 5:45 ahead
        assert_eq!(
            next(nepal, "2026-06-01T10:00:00Z", 1),
            ["2026-06-01T10:30:00Z"]
        );
        // Lord Howe moves by half an hour: local minute 15 comes after 90 minutes, not after 60.
        let howe = Rhythm::Hourly(15, Tz::Australia__Lord_Howe);
        assert_eq!(
            next(howe, "2026-10-03T14:00:00Z", 3),
            [
                "2026-10-03T14:45:00Z",
                "2026-10-03T16:15:00Z",
                "2026-10-03T17:15:00Z"
            ]
        );
    }

    #[test]
    fn a_time_that_a_day_does_not_have_is_the_next_moment_it_has() {
        assert_eq!(
            next(
                daily("02:30", Tz::Europe__Berlin),
                "2026-03-28T12:00:00Z",
                2
            ),
            ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
        );
        assert_eq!(
            next(
                daily("02:30", Tz::America__New_York),
                "2026-03-07T12:00:00Z",
                2
            ),
            ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]
        );
        // Samoa left out the whole of 30 December 2011; the two days' moments stay two runs at most.
        assert_eq!(
            next(daily("10:00", Tz::Pacific__Apia), "2011-12-29T20:00:01Z", 2),
            ["2011-12-30T10:00:00Z", "2011-12-30T20:00:00Z"]
        );
    }

    #[test]
    fn a_time_that_a_day_has_twice_comes_once() {
        assert_eq!(
            next(
                daily("02:30", Tz::Europe__Berlin),
                "2026-10-24T12:00:00Z",
                2
            ),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        assert_eq!(
            next(
                daily("01:30", Tz::America__New_York),
                "2026-10-31T12:00:00Z",
                2
            ),
            ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]
        );
        // Between the two: the first is past, so it is tomorrow's turn.
        assert_eq!(
            next(
                daily("01:30", Tz::America__New_York),
                "2026-11-01T06:00:00Z",
                1
            ),
            ["2026-11-02T06:30:00Z"]
        );
    }

    #[test]
    fn a_year_ends_where_the_zone_is() {
        assert_eq!(
            next(
                daily("00:00", Tz::Pacific__Auckland),
                "2026-12-31T00:00:00Z",
                2
            ),
            ["2026-12-31T11:00:00Z", "2027-01-01T11:00:00Z"]
        );
        assert_eq!(
            next(
                daily("23:59", Tz::America__New_York),
                "2026-12-31T23:00:00Z",
                2
            ),
            ["2027-01-01T04:59:00Z", "2027-01-02T04:59:00Z"]
        );
        assert_eq!(
            next(daily("02:00", Tz::UTC), "2028-02-28T02:00:00Z", 2),
            ["2028-02-29T02:00:00Z", "2028-03-01T02:00:00Z"]
        );
    }

    #[test]
    fn a_rhythm_out_of_range_is_refused() {
        for (kind, every, at, zone) in [
            (RhythmKind::Minutes, 4, 0, "UTC"),
            (RhythmKind::Minutes, 1441, 0, "UTC"),
            (RhythmKind::Hourly, 0, 60, "UTC"),
            (RhythmKind::Daily, 0, 1440, "UTC"),
            (RhythmKind::Daily, 0, -1, "UTC"),
            (RhythmKind::Daily, 0, 0, "Mars/Olympus"),
        ] {
            assert!(
                Rhythm::of(kind, every, at, zone).is_err(),
                "{kind} {every} {at} {zone}"
            );
        }
    }
}
