//! The charts about calls, for the overview and the API monitor.

use chrono_tz::Tz;

use super::charts::{OverTime, Plan, Point, Share, Shares, Unit};
use crate::requests::stats::Report;
use crate::requests::sums::Glance;
use crate::requests::tally::Tally;
use crate::time::buckets::{Bucket, Step};

/// Addresses that are drawn; the table has all of them.
const ROUTES: usize = 8;

/// Calls over time: those without an error, and the errors on top of them.
pub fn calls(glance: &Glance, buckets: &[Bucket], (step, zone): (Step, Tz)) -> OverTime {
    let plan = Plan {
        id: "calls",
        title: "Calls and errors",
        nothing: "No call in this time.",
        unit: Unit::Count,
        series: &["Without an error", "Errors"],
        step,
        zone,
    };
    let values = |tally: &Tally| vec![Some(tally.answered() as f64), Some(tally.errors as f64)];
    OverTime::bars(plan, &points(&glance.over_time, buckets, values))
}

/// How long calls took over time; a bucket without calls that were looked at has no number.
pub fn durations(report: &Report, buckets: &[Bucket], (step, zone): (Step, Tz)) -> OverTime {
    let plan = Plan {
        id: "durations",
        title: "Duration in milliseconds",
        nothing: "No call in this time was timed.",
        unit: Unit::Milliseconds,
        series: &["p50", "p95", "p99"],
        step,
        zone,
    };
    let milliseconds = |found: i64| found as f64 / 1000.0;
    let values = |tally: &Tally| {
        let quantiles = [50, 95, 99].map(|percent| tally.quantile(percent).map(milliseconds));
        quantiles.to_vec()
    };
    OverTime::lines(plan, &points(&report.over_time, buckets, values))
}

/// The hit rate over time; a bucket without answers has no number.
pub fn hit_rate(glance: &Glance, buckets: &[Bucket], (step, zone): (Step, Tz)) -> OverTime {
    let plan = Plan {
        id: "hits",
        title: "Cache hit rate",
        nothing: "No answer in this time that could come from the cache.",
        unit: Unit::Percent,
        series: &["Hit rate"],
        step,
        zone,
    };
    let values = |tally: &Tally| vec![tally.hit_rate()];
    OverTime::lines(plan, &points(&glance.over_time, buckets, values))
}

/// The addresses that were called most.
pub fn routes(report: &Report) -> Shares {
    let mut most: Vec<(&String, i64)> = report
        .routes
        .iter()
        .map(|(route, tally)| (route, tally.calls))
        .collect();
    most.sort_by_key(|(route, calls)| (-calls, route.as_str()));
    let share = |(route, calls): (&String, i64)| Share {
        name: route.clone(),
        value: Some(calls as f64),
    };
    let shares = most.into_iter().take(ROUTES).map(share).collect();
    let texts = [
        "Calls by address",
        "Address",
        "Calls",
        "No call in this time.",
    ];
    Shares::new("routes", texts, Unit::Count, shares)
}

fn points(
    tallies: &[Tally],
    buckets: &[Bucket],
    values: impl Fn(&Tally) -> Vec<Option<f64>>,
) -> Vec<Point> {
    let point = |(bucket, tally): (&Bucket, &Tally)| Point {
        bucket: *bucket,
        values: values(tally),
    };
    buckets.iter().zip(tallies).map(point).collect()
}
