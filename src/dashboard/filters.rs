//! Wording that repeats in templates: counts, times, ages, percentages, people.

use std::borrow::Borrow;

use askama::filters::Safe;
use askama::{Result, Values};
use chrono::{DateTime, Utc};

use super::assets;
use super::labels::Label;
use crate::moodle::RowState;
use crate::progress::Row;
use crate::time::rfc3339;

/// `1 change`, `2 changes`, `1,204 entries`.
#[askama::filter_fn]
pub fn counted(count: impl Count, _: &dyn Values, noun: &str) -> Result<String> {
    Ok(counted_text(count.number(), noun))
}

/// `8,245`.
#[askama::filter_fn]
pub fn number(count: impl Count, _: &dyn Values) -> Result<String> {
    Ok(grouped(count.number()))
}

/// A time in UTC seconds, to the minute, for people and for programs.
#[askama::filter_fn]
pub fn moment(seconds: &i64, _: &dyn Values) -> Result<Safe<String>> {
    Ok(Safe(time_tag(*seconds, "%Y-%m-%d %H:%M UTC")))
}

/// A time in UTC milliseconds, to the second.
#[askama::filter_fn]
pub fn moment_ms(milliseconds: &i64, _: &dyn Values) -> Result<Safe<String>> {
    Ok(Safe(time_tag(
        milliseconds.div_euclid(1000),
        "%Y-%m-%d %H:%M:%S UTC",
    )))
}

/// A day in UTC, or a dash that is read as “none”.
#[askama::filter_fn]
pub fn day(seconds: &Option<i64>, _: &dyn Values) -> Result<Safe<String>> {
    let none = || "<span class=\"none\" aria-label=\"none\">–</span>".to_owned();
    Ok(Safe(
        seconds.map_or_else(none, |at| time_tag(at, "%Y-%m-%d")),
    ))
}

/// How long ago: `just now`, `5 minutes ago`, `3 days ago`.
#[askama::filter_fn]
pub fn ago(seconds: &i64, _: &dyn Values, now: &i64) -> Result<String> {
    Ok(age(now - seconds))
}

/// `41.67 %`, or `not tracked` where Moodle tracks nothing.
#[askama::filter_fn]
pub fn percent(value: impl Borrow<Option<f64>>, _: &dyn Values) -> Result<String> {
    Ok(value.borrow().map_or("not tracked".into(), percent_text))
}

/// An email as an address. What Moodle puts there when it deletes somebody is not one.
#[askama::filter_fn]
pub fn mailbox(email: &str, _: &dyn Values) -> Result<String> {
    Ok(mailbox_text(email).to_owned())
}

/// A message as a sentence.
#[askama::filter_fn]
pub fn sentence(text: &str, _: &dyn Values) -> Result<String> {
    Ok(sentence_text(text))
}

/// Who a row is about, as hostile text.
#[askama::filter_fn]
pub fn person(row: &Row, _: &dyn Values) -> Result<String> {
    Ok(person_text(row))
}

/// What a word of the store is called.
#[askama::filter_fn]
pub fn label(word: &impl Label, _: &dyn Values) -> Result<&'static str> {
    Ok(word.label())
}

/// The address of a file under `static/`.
#[askama::filter_fn]
pub fn asset(name: &str, _: &dyn Values) -> Result<String> {
    assets::address(name).map_err(|cause| askama::Error::Custom(Box::new(cause)))
}

/// Whatever counts things.
pub trait Count {
    /// How many.
    fn number(&self) -> i64;
}

impl<T: Count> Count for &T {
    fn number(&self) -> i64 {
        (*self).number()
    }
}

macro_rules! counts {
    ($($kind:ty),+) => {$(
        impl Count for $kind {
            fn number(&self) -> i64 {
                *self as i64
            }
        }
    )+};
}

counts!(i64, i32, u64, u32, usize);

/// `1 change`, `2 changes`.
pub fn counted_text(count: i64, noun: &str) -> String {
    let number = grouped(count);
    let stem = noun
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match stem {
        _ if count == 1 => format!("{number} {noun}"),
        Some(stem) => format!("{number} {stem}ies"),
        None => format!("{number} {noun}s"),
    }
}

/// `8,245`.
pub fn grouped(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if count < 0 {
        format!("−{text}")
    } else {
        text
    }
}

/// A message as a sentence: a capital first, a full stop last.
pub fn sentence_text(text: &str) -> String {
    format!("{}.", capital(text.trim_end_matches('.')))
}

/// A text with a capital first.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}

/// The name of a row's person, or what is left to say of somebody who was erased.
pub fn person_text(row: &Row) -> String {
    if row.state == RowState::Erased {
        return format!("Erased person {}", row.user_id);
    }
    format!("{} {}", row.content.firstname, row.content.lastname)
}

/// `41.67 %`, at most two digits after the point. Only 100 itself reads `100 %`, only 0 itself `0 %`.
pub fn percent_text(value: f64) -> String {
    let between = value > 0.0 && value < 100.0;
    let honest = if between {
        value.clamp(0.01, 99.99)
    } else {
        value
    };
    let text = format!("{honest:.2}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    format!("{short} %")
}

/// Moodle's email of a deleted person is 32 hex digits.
pub fn mailbox_text(email: &str) -> &str {
    let hashed = email.len() == 32 && email.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hashed { "deleted account" } else { email }
}

/// A time to the minute, without markup.
pub fn time_text(seconds: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp(seconds, 0);
    time.map_or_else(
        || "an impossible time".into(),
        |time| time.format("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

fn time_tag(seconds: i64, pattern: &str) -> String {
    let Some(time) = DateTime::<Utc>::from_timestamp(seconds, 0) else {
        return "an impossible time".into();
    };
    let machine = rfc3339(seconds).unwrap_or_default();
    format!(
        "<time datetime=\"{machine}\">{}</time>",
        time.format(pattern)
    )
}

/// An age in words; the clock of another machine may be a little ahead.
pub fn age(seconds: i64) -> String {
    match seconds {
        ..60 => "just now".into(),
        60..3600 => format!("{} ago", counted_text(seconds / 60, "minute")),
        3600..172_800 => format!("{} ago", counted_text(seconds / 3600, "hour")),
        _ => format!("{} ago", counted_text(seconds / 86_400, "day")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_carry_their_noun_and_group_their_digits() {
        assert_eq!(counted_text(0, "change"), "0 changes");
        assert_eq!(counted_text(1, "entry"), "1 entry");
        assert_eq!(counted_text(8245, "entry"), "8,245 entries");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(grouped(-1000), "−1,000");
    }

    #[test]
    fn percentages_are_rounded_to_two_digits_and_unknown_is_not_zero() {
        assert_eq!(percent_text(100.0 / 3.0), "33.33 %");
        assert_eq!(percent_text(100.0), "100 %");
        assert_eq!(percent_text(0.0), "0 %");
    }

    #[test]
    fn almost_everything_is_not_all_and_almost_nothing_is_something() {
        assert_eq!(percent_text(99.9967), "99.99 %");
        assert_eq!(percent_text(99.99), "99.99 %");
        assert_eq!(percent_text(0.0001), "0.01 %");
        assert_eq!(percent_text(0.014), "0.01 %");
    }

    #[test]
    fn the_hash_of_a_deleted_person_is_not_an_address() {
        assert_eq!(
            mailbox_text("0123456789abcdef0123456789ABCDEF"),
            "deleted account"
        );
        assert_eq!(mailbox_text("ada@example.com"), "ada@example.com");
    }

    #[test]
    fn ages_are_told_in_the_largest_fitting_unit() {
        assert_eq!(age(-5), "just now");
        assert_eq!(age(60), "1 minute ago");
        assert_eq!(age(7200), "2 hours ago");
        assert_eq!(age(3 * 86_400), "3 days ago");
    }
}
