//! Rhythms where clocks are changed, years end and zones are half an hour off.

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
