//! Days of a zone: when one begins and ends. Nothing else decides this.

use chrono::{
    DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _,
};
use chrono_tz::Tz;

/// When a day begins in a zone, UTC seconds; where the clocks leave midnight out, at the first moment that it has.
pub fn begin(day: NaiveDate, zone: Tz) -> i64 {
    let midnight = day.and_time(NaiveTime::MIN);
    moment(midnight, zone).unwrap_or_else(|| midnight.and_utc().timestamp())
}

/// When the day after a day begins.
pub fn end(day: NaiveDate, zone: Tz) -> i64 {
    begin(day.succ_opt().unwrap_or(day), zone)
}

/// The day of a moment (UTC seconds) in a zone; `None` beyond the years that there are.
pub fn of(moment: i64, zone: Tz) -> Option<NaiveDate> {
    let here = DateTime::from_timestamp(moment, 0)?.with_timezone(&zone);
    Some(here.date_naive())
}

/// When the day of a moment began in a zone, so many days earlier.
pub fn start(moment: i64, days_before: u64, zone: Tz) -> Option<i64> {
    let day = of(moment, zone)?.checked_sub_days(Days::new(days_before))?;
    Some(begin(day, zone))
}

/// When the clocks of a zone show a time: of two moments the first, and of none the next there is.
pub fn moment(local: NaiveDateTime, zone: Tz) -> Option<i64> {
    (0..100).find_map(|quarter| {
        let local = local.checked_add_signed(TimeDelta::minutes(15 * quarter))?;
        match zone.from_local_datetime(&local) {
            LocalResult::Single(found) => Some(found.timestamp()),
            LocalResult::Ambiguous(first, _) => Some(first.timestamp()),
            LocalResult::None => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins(day: &str, zone: Tz) -> i64 {
        begin(day.parse().expect("a day"), zone)
    }

    #[test]
    fn a_day_begins_where_the_zone_is() {
        assert_eq!(begins("2026-03-29", Tz::UTC), 1_774_742_400);
        assert_eq!(begins("2026-03-29", Tz::Europe__Berlin), 1_774_738_800);
    }

    #[test]
    fn a_day_without_midnight_begins_at_its_first_moment() {
        let sao_paulo = begins("2018-11-04", Tz::America__Sao_Paulo);
        assert_eq!(sao_paulo, 1_541_300_400, "01:00, as 00:00 is left out");
        let santiago = begins("2026-09-06", Tz::America__Santiago);
        assert_eq!(santiago, 1_788_667_200);
        let samoa = begins("2011-12-30", Tz::Pacific__Apia);
        assert_eq!(
            samoa,
            begins("2011-12-31", Tz::Pacific__Apia),
            "there was no such day"
        );
    }

    #[test]
    fn every_day_ends_where_the_next_begins() {
        let spring: NaiveDate = "2026-03-29".parse().expect("a day");
        let next = spring.succ_opt().expect("a day");
        let berlin = Tz::Europe__Berlin;

        assert_eq!(end(spring, berlin), begin(next, berlin));
        assert_eq!(end(spring, berlin) - begin(spring, berlin), 23 * 3600);
        assert_eq!(of(end(spring, berlin), berlin), Some(next));
        assert_eq!(of(end(spring, berlin) - 1, berlin), Some(spring));
        assert!(begin(NaiveDate::MAX, berlin) > 0 && end(NaiveDate::MAX, berlin) > 0);
    }
}
