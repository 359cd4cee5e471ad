//! Charts over time: stacked bars, or one line per series.

use chrono::DateTime;
use chrono_tz::Tz;

use super::plot::{Plot, RIGHT, Shape, percent, pixels};
use super::scale::{Tick, Unit, ticks};
use crate::language::{Number, Said};
use crate::time::buckets::{Bucket, Step};
use crate::time::rfc3339;

/// Most times below the plot.
const MOST_MARKS: usize = 6;

/// What a chart is about.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Its name in the page.
    pub id: &'static str,
    /// Its title, a text of the source.
    pub title: &'static str,
    /// What it says where there is nothing to draw, a text of the source.
    pub nothing: &'static str,
    /// What its numbers count.
    pub unit: Unit,
    /// What its series are called, texts of the source; four at most.
    pub series: &'static [&'static str],
    /// How long its buckets are.
    pub step: Step,
    /// The reader's zone.
    pub zone: Tz,
}

/// What is known of one bucket: a number for each series, `None` where nothing is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// When.
    pub bucket: Bucket,
    /// In the order of the series.
    pub values: Vec<Option<f64>>,
}

/// A chart, ready to be drawn.
pub struct OverTime {
    /// What it is about.
    pub plan: Plan,
    /// Its series: number from 1, and name.
    pub series: Vec<(usize, &'static str)>,
    /// The lines across, from below: the place of each and what it says.
    pub ticks: Vec<(String, Number)>,
    /// The times below: place, anchor, and what they say.
    pub marks: Vec<(String, &'static str, String)>,
    /// What is drawn.
    pub shapes: Vec<Shape>,
    /// The rows of the table.
    pub rows: Vec<Row>,
    /// The highest number.
    pub most: Said,
    is_empty: bool,
}

/// One bucket in the table.
pub struct Row {
    /// When it begins, for programs.
    pub machine: String,
    /// When it begins, in the zone.
    pub label: String,
    /// A number for each series; `None` is no data.
    pub values: Vec<Option<Said>>,
}

impl OverTime {
    /// Stacked bars, the first series below.
    pub fn bars(plan: Plan, points: &[Point]) -> Self {
        let sum = |point: &Point| point.values.iter().flatten().sum::<f64>();
        let most = points.iter().map(sum).fold(0.0, f64::max);
        let mut chart = Self::empty(plan, points, most);
        chart.is_empty = most <= 0.0;
        let plot = Plot::of(most, plan.unit, points.len());
        for (place, point) in points.iter().enumerate() {
            let mut below = 0.0;
            for (series, value) in point.values.iter().enumerate() {
                let value = value.unwrap_or(0.0);
                if value > 0.0 {
                    let bar = plot.bar(place, (below, below + value));
                    chart.shapes.push(chart.told(bar, series, place, value));
                }
                below += value;
            }
        }
        chart
    }

    /// One line per series; where a bucket has no number, the line has a gap.
    pub fn lines(plan: Plan, points: &[Point]) -> Self {
        let all = points
            .iter()
            .flat_map(|point| point.values.iter().flatten());
        let most = all.copied().fold(0.0, f64::max);
        let mut chart = Self::empty(plan, points, most);
        let plot = Plot::of(most, plan.unit, points.len());
        for series in 0..plan.series.len() {
            let value = |place: usize| points.get(place)?.values.get(series).copied().flatten();
            for place in 0..points.len() {
                let Some(here) = value(place) else { continue };
                chart.is_empty = false;
                if let Some(next) = value(place + 1) {
                    let stroke = plot.stroke(place, here, next);
                    chart.shapes.push(chart.told(stroke, series, place, here));
                }
                let dot = plot.dot(place, here);
                chart.shapes.push(chart.told(dot, series, place, here));
            }
        }
        chart
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    fn empty(plan: Plan, points: &[Point], most: f64) -> Self {
        let plot = Plot::of(most, plan.unit, points.len());
        let tick = |tick: Tick| (pixels(plot.y(tick.value)), tick.label);
        Self {
            series: (1..).zip(plan.series.iter().copied()).collect(),
            ticks: ticks(most, plan.unit).into_iter().map(tick).collect(),
            marks: marks(&plan, points, &plot),
            shapes: Vec::new(),
            rows: points.iter().map(|point| row(&plan, point)).collect(),
            most: plan.unit.told(most),
            is_empty: true,
            plan,
        }
    }

    fn told(&self, shape: Shape, series: usize, place: usize, value: f64) -> Shape {
        let label = self.rows.get(place).map_or("", |row| &row.label);
        let hint = Said::new("{label}: {number}")
            .with("label", label)
            .saying("number", self.plan.unit.told(value));
        Shape {
            series: series + 1,
            hint,
            ..shape
        }
    }
}

/// The times below the plot: evenly spread, few enough for a small screen.
fn marks(plan: &Plan, points: &[Point], plot: &Plot) -> Vec<(String, &'static str, String)> {
    let stride = points.len().div_ceil(MOST_MARKS).max(1);
    let spread = points.iter().enumerate().step_by(stride);
    let mark = |(place, point): (usize, &Point)| {
        let x = plot.middle(place);
        let anchor = if x > 93.0 { "end" } else { "middle" };
        let x = if x > 93.0 { RIGHT + 1.0 } else { x };
        (
            percent(x),
            anchor,
            said(plan, point.bucket.from, short(plan.step)),
        )
    };
    spread.map(mark).collect()
}

fn row(plan: &Plan, point: &Point) -> Row {
    let text = |value: &Option<f64>| value.map(|value| plan.unit.told(value));
    Row {
        machine: rfc3339(point.bucket.from).unwrap_or_default(),
        label: said(plan, point.bucket.from, long(plan.step)),
        values: point.values.iter().map(text).collect(),
    }
}

fn short(step: Step) -> &'static str {
    match step {
        Step::Minutes | Step::Hour => "%H:%M",
        Step::Day | Step::Week => "%m-%d",
        Step::Month => "%Y-%m",
    }
}

fn long(step: Step) -> &'static str {
    match step {
        Step::Minutes | Step::Hour => "%Y-%m-%d %H:%M %Z",
        Step::Day | Step::Week => "%Y-%m-%d",
        Step::Month => "%Y-%m",
    }
}

fn said(plan: &Plan, at: i64, pattern: &str) -> String {
    let moment = DateTime::from_timestamp(at, 0);
    let here = moment.map(|moment| moment.with_timezone(&plan.zone).format(pattern).to_string());
    here.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::buckets::buckets;

    const PLAN: Plan = Plan {
        id: "calls",
        title: "Calls",
        nothing: "No call",
        unit: Unit::Count,
        series: &["Answered", "Errors"],
        step: Step::Hour,
        zone: Tz::Europe__Berlin,
    };

    fn points(values: &[(Option<f64>, Option<f64>)]) -> Vec<Point> {
        let hours = (0, 3600 * values.len() as i64);
        let cut = buckets(hours, Step::Hour, Tz::UTC);
        let point = |(bucket, (one, two)): (Bucket, &(_, _))| Point {
            bucket,
            values: vec![*one, *two],
        };
        cut.into_iter().zip(values).map(point).collect()
    }

    #[test]
    fn bars_stand_on_one_another_and_nothing_leaves_the_plot() {
        let chart = OverTime::bars(PLAN, &points(&[(Some(3.0), Some(1.0)), (Some(0.0), None)]));

        assert!(!chart.is_empty());
        assert_eq!(chart.shapes.len(), 2, "zero draws nothing");
        let (lower, upper) = (&chart.shapes[0], &chart.shapes[1]);
        assert_eq!((lower.y.as_str(), lower.down.as_str()), ("45.0", "105.0"));
        assert_eq!((upper.y.as_str(), upper.down.as_str()), ("10.0", "35.0"));
        assert_eq!(chart.rows[1].values, [Some(Said::figure(0)), None]);
        assert_eq!(chart.rows[0].label, "1970-01-01 01:00 CET");
    }

    #[test]
    fn zero_and_nothing_are_no_data_and_huge_numbers_fit() {
        assert!(OverTime::bars(PLAN, &points(&[(Some(0.0), Some(0.0))])).is_empty());
        assert!(OverTime::bars(PLAN, &[]).is_empty());
        assert!(OverTime::lines(PLAN, &points(&[(None, None)])).is_empty());
        let huge = OverTime::bars(PLAN, &points(&[(Some(9e18), Some(1.0))]));
        assert_eq!(
            huge.shapes[1].down, "1.0",
            "one error is seen beside very many calls"
        );
        let top: f64 = huge.shapes[1].y.parse().expect("a number");
        assert!(top >= 0.0 && huge.shapes.iter().all(|shape| !shape.y.contains("NaN")));
    }

    #[test]
    fn a_line_has_a_gap_where_nothing_is_known() {
        let values = [
            (Some(1.0), None),
            (None, None),
            (Some(0.0), None),
            (Some(2.0), None),
        ];
        let chart = OverTime::lines(PLAN, &points(&values));
        let count = |kind| chart.shapes.iter().filter(|one| one.kind == kind).count();

        assert_eq!((count("dot"), count("stroke")), (3, 1));
        assert_eq!(chart.rows[1].values, [None, None]);
    }

    #[test]
    fn a_small_screen_has_few_times() {
        let many = vec![(Some(1.0), None); 168];
        assert!(OverTime::bars(PLAN, &points(&many)).marks.len() <= MOST_MARKS);
    }
}
