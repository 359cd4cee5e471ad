//! Buckets: a stretch of time cut at the minutes, hours, days, weeks or months of a zone.

use chrono::{DateTime, Datelike as _, Days, Months};
use chrono_tz::Tz;

use super::day;

/// Every bucket of every zone begins at a multiple of so many seconds since 1970: sums of such slots make any bucket.
pub const SLOT: i64 = 900;
/// The slots of [`Step::Minutes`].
pub const SMALL_SLOT: i64 = 300;
/// Most buckets of one stretch.
const MOST: usize = 2000;

/// How long a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Five minutes.
    Minutes,
    /// An hour.
    Hour,
    /// A day of the zone: 23 or 25 hours where its clocks change.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
}

/// A part of a stretch of time: UTC seconds, the end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// When it begins, or the stretch does.
    pub from: i64,
    /// When it ends, or the stretch does.
    pub until: i64,
}

impl Step {
    /// A length that makes a readable chart of so many seconds.
    pub fn for_seconds(seconds: i64) -> Self {
        const DAY: i64 = 86_400;
        match seconds {
            ..=7200 => Self::Minutes,
            7201..=259_200 => Self::Hour,
            259_201..=7_948_800 => Self::Day,
            _ if seconds <= 730 * DAY => Self::Week,
            _ => Self::Month,
        }
    }

    /// How long the slots are that its buckets are made of, in seconds.
    pub fn slot(self) -> i64 {
        match self {
            Self::Minutes => SMALL_SLOT,
            _ => SLOT,
        }
    }

    /// When the bucket that follows begins, for a moment within its neighbour.
    fn next(self, moment: i64, zone: Tz) -> Option<i64> {
        let here = DateTime::from_timestamp(moment, 0)?.with_timezone(&zone);
        let today = here.date_naive();
        match self {
            Self::Minutes => Some((moment.div_euclid(SMALL_SLOT) + 1) * SMALL_SLOT),
            Self::Hour => next_hour(moment, &here),
            Self::Day => Some(day::end(today, zone)),
            Self::Week => {
                let left = 7 - u64::from(today.weekday().num_days_from_monday());
                Some(day::begin(today.checked_add_days(Days::new(left))?, zone))
            }
            Self::Month => {
                let next = today.with_day(1)?.checked_add_months(Months::new(1))?;
                Some(day::begin(next, zone))
            }
        }
    }
}

/// The buckets of a stretch, in order, without gaps and never beyond its end. The first and the last may be parts.
pub fn buckets((from, until): (i64, i64), step: Step, zone: Tz) -> Vec<Bucket> {
    let mut found = Vec::new();
    let mut start = from;
    while start < until && found.len() < MOST {
        let next = step.next(start, zone).unwrap_or(until).max(start + 1);
        found.push(Bucket {
            from: start,
            until: next.min(until),
        });
        start = next;
    }
    found
}

/// The next moment at which the zone's clocks show a full hour.
fn next_hour(moment: i64, here: &DateTime<Tz>) -> Option<i64> {
    let zone = here.timezone();
    let first = (moment.div_euclid(SLOT) + 1) * SLOT;
    (0..12).map(|slot| first + slot * SLOT).find(|candidate| {
        let at = DateTime::from_timestamp(*candidate, 0);
        at.is_some_and(|at| at.with_timezone(&zone).format("%M").to_string() == "00")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPRING: i64 = 1_774_652_400; // 2026-03-28 00:00 in Berlin, the day before summer time

    fn lengths(stretch: (i64, i64), step: Step, zone: Tz) -> Vec<i64> {
        let cut = buckets(stretch, step, zone);
        assert!(cut.windows(2).all(|two| two[0].until == two[1].from));
        cut.iter().map(|one| (one.until - one.from) / 60).collect()
    }

    #[test]
    fn days_are_those_of_the_zone_also_where_its_clocks_change() {
        let three = (SPRING, SPRING + 71 * 3600);
        assert_eq!(
            lengths(three, Step::Day, Tz::Europe__Berlin),
            [1440, 1380, 1440]
        );
        let autumn = 1_792_879_200; // 2026-10-25 00:00 in Berlin
        let day = (autumn, autumn + 25 * 3600);
        assert_eq!(lengths(day, Step::Day, Tz::Europe__Berlin), [1500]);
        assert_eq!(buckets(day, Step::Hour, Tz::Europe__Berlin).len(), 25);
    }

    #[test]
    fn a_zone_that_is_a_quarter_off_has_hours_of_its_own() {
        let cut = buckets((0, 7200), Step::Hour, Tz::Asia__Kathmandu); // 05:30 in 1970
        assert_eq!(cut[0].until, 1800);
        let now = 1_790_000_000;
        let cut = buckets((now, now + 7200), Step::Hour, Tz::Asia__Kathmandu);
        assert_eq!(cut[0].until % 3600, 900, "UTC+5:45");
    }

    #[test]
    fn nothing_lies_in_the_future_and_parts_stay_parts() {
        let now = SPRING + 90 * 60;
        let cut = buckets((SPRING + 60, now), Step::Hour, Tz::Europe__Berlin);
        assert_eq!(
            (cut.len(), cut[0].from, cut[1].until),
            (2, SPRING + 60, now)
        );
        assert!(buckets((now, now), Step::Day, Tz::UTC).is_empty());
        assert!(buckets((now, now - 5), Step::Day, Tz::UTC).is_empty());
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_their_first() {
        let cut = buckets(
            (SPRING, SPRING + 40 * 86_400),
            Step::Week,
            Tz::Europe__Berlin,
        );
        assert_eq!(cut[0].until, 1_774_821_600, "2026-03-30 is a Monday");
        let cut = buckets((SPRING, SPRING + 40 * 86_400), Step::Month, Tz::UTC);
        assert_eq!(cut[0].until, 1_775_001_600, "2026-04-01");
    }

    #[test]
    fn a_day_without_midnight_is_a_bucket_too() {
        let cut = buckets(
            (1_757_131_200, 1_757_304_000),
            Step::Day,
            Tz::America__Santiago,
        );
        assert!(cut.iter().all(|one| one.until > one.from));
    }
}
