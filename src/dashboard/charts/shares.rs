//! Shares: one bar for each of some things, from the left, such as the bands of a percentage.

use super::scale::Unit;
use crate::language::Said;

/// Letters of a name that fit a small screen; the table has all of them.
const LETTERS: usize = 34;
/// Pixels of one thing: its name above, its bar below.
const HEIGHT: usize = 36;

/// One thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// Hostile text.
    pub name: String,
    /// How much; `None` where nothing is known.
    pub value: Option<f64>,
}

/// A chart, ready to be drawn.
pub struct Shares {
    /// Its name in the page.
    pub id: &'static str,
    /// Its title, a text of the source.
    pub title: &'static str,
    /// What the things are called, a text of the source.
    pub what: &'static str,
    /// What is measured, a text of the source.
    pub measure: &'static str,
    /// What it says where there is nothing to draw, a text of the source.
    pub nothing: &'static str,
    /// The bars, from above.
    pub bars: Vec<Bar>,
}

/// One thing, as it is drawn.
pub struct Bar {
    /// Its whole name, hostile text.
    pub name: String,
    /// The same, as far as there is room.
    pub short: String,
    /// How much; `None` is no data.
    pub text: Option<Said>,
    /// Where the name stands, in pixels.
    pub label_y: usize,
    /// Where the bar begins, in pixels.
    pub y: usize,
    /// How long the bar is, in percent.
    pub width: String,
}

impl Shares {
    /// Each against the whole: a hundred for percentages, else the largest of them.
    pub fn new(id: &'static str, texts: [&'static str; 4], unit: Unit, shares: Vec<Share>) -> Self {
        let values = shares.iter().filter_map(|share| share.value);
        let whole = match unit {
            Unit::Percent => 100.0,
            _ => values.fold(0.0, f64::max),
        };
        let [title, what, measure, nothing] = texts;
        let bar = |(place, share)| bar(place, share, (whole, unit));
        Self {
            id,
            title,
            what,
            measure,
            nothing,
            bars: shares.into_iter().enumerate().map(bar).collect(),
        }
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.bars.iter().all(|bar| bar.text.is_none())
    }

    /// In pixels.
    pub fn height(&self) -> usize {
        self.bars.len() * HEIGHT
    }
}

fn bar(place: usize, share: Share, (whole, unit): (f64, Unit)) -> Bar {
    let value = share.value.filter(|value| value.is_finite());
    let part = value.map_or(0.0, |value| if whole > 0.0 { value / whole } else { 0.0 });
    let mut short: String = share.name.chars().take(LETTERS).collect();
    if short.len() < share.name.len() {
        short.push('…');
    }
    Bar {
        short,
        text: value.map(|value| unit.told(value)),
        label_y: place * HEIGHT + 14,
        y: place * HEIGHT + 20,
        width: format!("{:.2}%", 100.0 * part.clamp(0.0, 1.0)),
        name: share.name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(unit: Unit, values: &[Option<f64>]) -> Vec<String> {
        let share = |value: &Option<f64>| Share {
            name: "one".into(),
            value: *value,
        };
        let shares = values.iter().map(share).collect();
        let chart = Shares::new(
            "test",
            ["Title", "What", "Measure", "Nothing"],
            unit,
            shares,
        );
        chart.bars.into_iter().map(|bar| bar.width).collect()
    }

    #[test]
    fn percentages_are_parts_of_a_hundred_and_counts_of_the_largest() {
        assert_eq!(
            widths(Unit::Percent, &[Some(25.0), Some(0.0)]),
            ["25.00%", "0.00%"]
        );
        assert_eq!(
            widths(Unit::Count, &[Some(5.0), Some(20.0)]),
            ["25.00%", "100.00%"]
        );
        assert_eq!(widths(Unit::Count, &[Some(0.0)]), ["0.00%"]);
        assert_eq!(
            widths(Unit::Count, &[None, Some(9e18)]),
            ["0.00%", "100.00%"]
        );
    }
}
