//! Phrases that filters and files share: sentences, ages, ends, times.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::language::Said;
use crate::time::rfc3339;

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

/// An email as an address in files, whose language is English. What Moodle puts there when it deletes somebody is not one.
pub fn mailbox_text(email: &str) -> &str {
    if hashed(email) {
        "deleted account"
    } else {
        email
    }
}

/// Moodle's email of a deleted person is 32 hex digits.
pub(super) fn hashed(email: &str) -> bool {
    email.len() == 32 && email.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `ends in 12 days`, in the largest fitting unit.
pub fn end(seconds: i64) -> Said {
    let ahead = Said::new("ends in {time}");
    match seconds {
        ..3600 => Said::new("ends within an hour"),
        3600..172_800 => ahead.counted("time", seconds / 3600, "hour"),
        _ => ahead.counted("time", seconds / 86_400, "distance|day"),
    }
}

/// A time to the minute, without markup.
pub fn time_text(seconds: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp(seconds, 0);
    time.map_or_else(
        || "an impossible time".into(),
        |time| time.format("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

/// A time for people and for programs.
pub(super) fn time_tag(seconds: i64, zone: Tz, pattern: &str) -> String {
    let Some(time) = DateTime::<Utc>::from_timestamp(seconds, 0) else {
        return "an impossible time".into();
    };
    let machine = rfc3339(seconds).unwrap_or_default();
    format!(
        "<time datetime=\"{machine}\">{}</time>",
        time.with_timezone(&zone).format(pattern)
    )
}

/// An age in words; the clock of another machine may be a little ahead.
pub fn age(seconds: i64) -> Said {
    let past = Said::new("{time} ago");
    match seconds {
        ..60 => Said::new("just now"),
        60..3600 => past.counted("time", seconds / 60, "minute"),
        3600..172_800 => past.counted("time", seconds / 3600, "hour"),
        _ => past.counted("time", seconds / 86_400, "distance|day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_deleted_person_is_not_an_address() {
        assert_eq!(
            mailbox_text("0123456789abcdef0123456789ABCDEF"),
            "deleted account"
        );
        assert_eq!(mailbox_text("ada@example.com"), "ada@example.com");
    }

    #[test]
    fn ends_are_told_as_people_say_them() {
        assert_eq!(end(12 * 86_400 + 5).to_string(), "ends in 12 days");
        assert_eq!(end(86_400).to_string(), "ends in 24 hours");
        assert_eq!(end(59).to_string(), "ends within an hour");
    }

    #[test]
    fn ages_are_told_in_the_largest_fitting_unit() {
        assert_eq!(age(-5).to_string(), "just now");
        assert_eq!(age(60).to_string(), "1 minute ago");
        assert_eq!(age(7200).to_string(), "2 hours ago");
        assert_eq!(age(3 * 86_400).to_string(), "3 days ago");
    }
}
