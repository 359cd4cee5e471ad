//! The plot of a chart over time: where numbers and buckets lie in it, and what is drawn there.

use super::scale::{Unit, ticks};
use crate::language::Said;

/// Where the plot begins and ends, in percent of the width: before it are the numbers of the axis.
const LEFT: f64 = 11.0;
pub(super) const RIGHT: f64 = 98.0;
/// Where the plot begins and ends, in pixels: below it are the times.
const TOP: f64 = 10.0;
const BOTTOM: f64 = 150.0;

/// A bar, a dot, or a stroke from one dot to the next.
pub struct Shape {
    /// `bar`, `dot` or `stroke`.
    pub kind: &'static str,
    /// The number of its series.
    pub series: usize,
    /// Left end, in percent.
    pub x: String,
    /// Upper end of a bar, place of a dot, beginning of a stroke, in pixels.
    pub y: String,
    /// Width of a bar, or where a stroke ends, in percent.
    pub across: String,
    /// Height of a bar, or where a stroke ends, in pixels.
    pub down: String,
    /// What a pointer over it is told.
    pub hint: Said,
}

/// Where a number and a bucket lie in the plot.
pub(super) struct Plot {
    top: f64,
    width: f64,
}

impl Plot {
    /// A plot of so many buckets, up to a number.
    pub(super) fn of(most: f64, unit: Unit, buckets: usize) -> Self {
        let last = ticks(most, unit).pop();
        Self {
            top: last.map_or(1.0, |tick| tick.value),
            width: (RIGHT - LEFT) / buckets.max(1) as f64,
        }
    }

    /// How far down a number lies, in pixels.
    pub(super) fn y(&self, value: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * (value / self.top).clamp(0.0, 1.0)
    }

    fn left(&self, place: usize) -> f64 {
        LEFT + self.width * place as f64
    }

    /// The middle of a bucket, in percent.
    pub(super) fn middle(&self, place: usize) -> f64 {
        self.left(place) + self.width / 2.0
    }

    /// A number that is there is seen, however small it is beside the others.
    pub(super) fn bar(&self, place: usize, (below, above): (f64, f64)) -> Shape {
        let (y, floor) = (self.y(above), self.y(below));
        let height = (floor - y).max(1.0);
        Shape {
            x: percent(self.left(place) + self.width * 0.1),
            y: pixels(floor - height),
            across: percent(self.width * 0.8),
            down: pixels(height),
            ..shape("bar")
        }
    }

    /// A number of a line.
    pub(super) fn dot(&self, place: usize, value: f64) -> Shape {
        Shape {
            x: percent(self.middle(place)),
            y: pixels(self.y(value)),
            ..shape("dot")
        }
    }

    /// From a number of a line to the next bucket's.
    pub(super) fn stroke(&self, place: usize, from: f64, to: f64) -> Shape {
        Shape {
            x: percent(self.middle(place)),
            y: pixels(self.y(from)),
            across: percent(self.middle(place + 1)),
            down: pixels(self.y(to)),
            ..shape("stroke")
        }
    }
}

fn shape(kind: &'static str) -> Shape {
    let none = String::new;
    Shape {
        kind,
        series: 0,
        x: none(),
        y: none(),
        across: none(),
        down: none(),
        hint: Said::new(""),
    }
}

/// As a length in percent.
pub(super) fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

/// As a length in pixels.
pub(super) fn pixels(value: f64) -> String {
    format!("{value:.1}")
}
