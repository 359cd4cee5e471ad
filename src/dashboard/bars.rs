//! Small bars: numbers as parts of a width.

/// One part of a bar, in hundredths of its width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Which of the numbers it shows, from 0.
    pub place: usize,
    /// Where it begins.
    pub x: f64,
    /// How wide it is; at least half a hundredth, so that it can be seen.
    pub width: f64,
}

/// The numbers above 0 side by side; together they fill the width.
pub fn bars(numbers: &[i64]) -> Vec<Bar> {
    let all: i64 = numbers.iter().sum();
    let mut x = 0.0;
    let mut bars = Vec::new();
    for (place, number) in numbers
        .iter()
        .enumerate()
        .filter(|(_, number)| **number > 0)
    {
        let width = 100.0 * *number as f64 / all as f64;
        bars.push(Bar {
            place,
            x: rounded(x),
            width: rounded(width).max(0.5),
        });
        x += width;
    }
    bars
}

/// How wide one number is beside the largest, in hundredths.
pub fn share(number: i64, largest: i64) -> f64 {
    if number <= 0 || largest <= 0 {
        return 0.0;
    }
    rounded(100.0 * number as f64 / largest as f64).max(0.5)
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_what_is_there_and_nothing_for_zero() {
        let bars = bars(&[1, 0, 3]);

        let parts: Vec<_> = bars
            .iter()
            .map(|bar| (bar.place, bar.x, bar.width))
            .collect();
        assert_eq!(parts, [(0, 0.0, 25.0), (2, 25.0, 75.0)]);
        assert_eq!(super::bars(&[0, 0]), []);
        assert_eq!(
            (share(0, 9), share(1, 100_000), share(9, 9)),
            (0.0, 0.5, 100.0)
        );
    }
}
