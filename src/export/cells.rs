//! The values of a table, as texts that nothing mistakes for a formula or a path.

use std::borrow::Cow;

use crate::time::{rfc3339, rfc3339_ms};

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Hostile text; it never becomes a formula.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A number with a fraction.
    Fraction(f64),
    /// A moment in UTC milliseconds.
    Time(i64),
    /// Yes or no.
    Flag(bool),
    /// Nothing is known.
    None,
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A moment in UTC seconds.
    pub fn at(seconds: impl Into<Option<i64>>) -> Self {
        let ms = |seconds: i64| Self::Time(seconds.saturating_mul(1000));
        seconds.into().map_or(Self::None, ms)
    }

    /// A moment in UTC milliseconds.
    pub fn at_ms(milliseconds: impl Into<Option<i64>>) -> Self {
        milliseconds.into().map_or(Self::None, Self::Time)
    }

    /// A number with a fraction, where it is known.
    pub fn fraction(number: impl Into<Option<f64>>) -> Self {
        number.into().map_or(Self::None, Self::Fraction)
    }

    /// A whole number, where it is known.
    pub fn number(number: impl Into<Option<i64>>) -> Self {
        number.into().map_or(Self::None, Self::Number)
    }
}

/// A moment as RFC 3339, to the second or to the millisecond; `None` beyond the years that it can write.
pub fn moment(milliseconds: i64) -> Option<String> {
    let whole = rfc3339(milliseconds.div_euclid(1000))?;
    if milliseconds.rem_euclid(1000) == 0 {
        Some(whole)
    } else {
        rfc3339_ms(milliseconds)
    }
}

/// A text that no spreadsheet takes for a formula: what could be one gets an apostrophe in front.
pub fn defused(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_formula_is_none() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(defused(formula), format!("'{formula}"));
        }
        for text in ["", "Ada", "a=b", "'=1", " x"] {
            assert_eq!(defused(text), text);
        }
    }

    #[test]
    fn a_moment_shows_milliseconds_where_it_has_any() {
        assert_eq!(
            moment(1_759_309_200_000).as_deref(),
            Some("2025-10-01T09:00:00Z")
        );
        assert_eq!(
            moment(1_759_309_200_007).as_deref(),
            Some("2025-10-01T09:00:00.007Z")
        );
        assert_eq!(moment(i64::MAX), None);
    }
}
