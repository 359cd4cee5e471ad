//! Scales: where an axis has its ticks, and how its numbers are written in little room.

use crate::language::{Number, Said};

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things: whole numbers.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Parts of a hundred.
    Percent,
}

impl Unit {
    /// A number as a table says it.
    pub fn told(self, value: f64) -> Said {
        match self {
            Self::Count => Said::figure(value as i64),
            Self::Milliseconds => {
                let microseconds = (value * 1000.0) as i64;
                Said::new("{n} ms").number("n", Number::Milliseconds(microseconds))
            }
            Self::Percent => Said::figure(Number::Percent(value)),
        }
    }

    /// A number as an axis says it.
    fn short(self, value: f64) -> Number {
        match self {
            Self::Percent => Number::Percent(value),
            _ => Number::Short(value),
        }
    }
}

/// A line across the chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Its number.
    pub value: f64,
    /// How it is written.
    pub label: Number,
}

/// The ticks of an axis from 0 to at least `most`: two to six, whole steps of 1, 2 or 5 times a power of ten.
pub fn ticks(most: f64, unit: Unit) -> Vec<Tick> {
    let most = if most.is_finite() && most > 0.0 {
        most
    } else {
        1.0
    };
    let step = match unit {
        Unit::Percent => 25.0,
        Unit::Count => nice(most / 4.0).max(1.0),
        Unit::Milliseconds => nice(most / 4.0),
    };
    let last = match unit {
        Unit::Percent => 4,
        _ => (most / step).ceil() as i32,
    };
    let tick = |place: i32| {
        let value = f64::from(place) * step;
        let label = unit.short(value);
        Tick { value, label }
    };
    (0..=last).map(tick).collect()
}

/// The next of 1, 2, 5 or 10 times a power of ten.
fn nice(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    let fraction = raw / power;
    let steps = [1.0, 2.0, 5.0];
    let step = steps.iter().find(|step| fraction <= **step + 1e-9);
    step.map_or(10.0 * power, |step| step * power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn labels(most: f64, unit: Unit) -> Vec<String> {
        ticks(most, unit)
            .into_iter()
            .map(|tick| tick.label.in_language(Language::English))
            .collect()
    }

    #[test]
    fn counts_have_whole_ticks_from_nothing_to_very_many() {
        assert_eq!(labels(0.0, Unit::Count), ["0", "1"]);
        assert_eq!(labels(1.0, Unit::Count), ["0", "1"]);
        assert_eq!(labels(3.0, Unit::Count), ["0", "1", "2", "3"]);
        assert_eq!(labels(7.0, Unit::Count), ["0", "2", "4", "6", "8"]);
        assert_eq!(labels(1234.0, Unit::Count), ["0", "500", "1k", "1.5k"]);
        let huge = labels(i64::MAX as f64, Unit::Count);
        assert_eq!(huge.last().map(String::as_str), Some("10E"));
        assert!((2..=6).contains(&huge.len()));
    }

    #[test]
    fn ticks_reach_the_highest_number_and_are_few() {
        for power in 0..19 {
            for lead in [1.0, 1.01, 2.5, 4.0, 4.01, 7.3, 9.99] {
                let most = lead * 10_f64.powi(power);
                let found = ticks(most, Unit::Count);
                assert!((2..=6).contains(&found.len()), "{most}: {found:?}");
                assert!(found[found.len() - 1].value >= most, "{most}: {found:?}");
            }
        }
    }

    #[test]
    fn times_may_be_parts_and_shares_go_to_a_hundred() {
        assert_eq!(
            labels(0.8, Unit::Milliseconds),
            ["0", "0.2", "0.4", "0.6", "0.8"]
        );
        assert_eq!(
            labels(3.0, Unit::Percent),
            ["0 %", "25 %", "50 %", "75 %", "100 %"]
        );
        assert_eq!(labels(f64::NAN, Unit::Count), ["0", "1"]);
        assert_eq!(labels(-4.0, Unit::Count), ["0", "1"]);
        assert_eq!(labels(f64::INFINITY, Unit::Count), ["0", "1"]);
    }
}
