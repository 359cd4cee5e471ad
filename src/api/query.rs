//! Query strings, taken at their word: what is unknown or malformed is named, not ignored.

use std::borrow::Cow;
use std::str::FromStr;

use chrono::DateTime;
use url::form_urlencoded;

use super::{ApiError, BadParameter};

/// Most items of a page.
pub const MOST: i64 = 1000;
/// Items of a page whose size nobody chose.
const USUAL: i64 = 100;

/// The parameters of one request and what is wrong with them.
pub struct Query<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    wrong: Vec<BadParameter>,
}

impl<'a> Query<'a> {
    /// Reads a query string in which only these names may stand, each once.
    pub fn read(text: &'a str, known: &[&str]) -> Self {
        let pairs: Vec<_> = form_urlencoded::parse(text.as_bytes()).collect();
        let mut query = Self {
            pairs: Vec::new(),
            wrong: Vec::new(),
        };
        for (name, value) in pairs {
            if !known.contains(&name.as_ref()) {
                let reason = match known {
                    [] => "this address takes no parameters".into(),
                    known => format!("unknown; this address takes {}", known.join(", ")),
                };
                query.blame(&name, &reason);
            } else if query.text(&name).is_some() {
                query.blame(&name, "given more than once");
            } else {
                query.pairs.push((name, value));
            }
        }
        query
    }

    /// The value of a parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        let pair = self.pairs.iter().find(|(known, _)| known == name)?;
        Some(&pair.1)
    }

    /// The whole number of a parameter between two bounds, or its default.
    pub fn number(&mut self, name: &str, bounds: (i64, i64), default: i64) -> i64 {
        let Some(text) = self.text(name) else {
            return default;
        };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        let fitting = number.filter(|number| (bounds.0..=bounds.1).contains(number));
        fitting.unwrap_or_else(|| {
            let reason = format!("use a whole number from {} to {}", bounds.0, bounds.1);
            self.blame(name, &reason);
            default
        })
    }

    /// The id in a parameter.
    pub fn id(&mut self, name: &str) -> Option<i64> {
        self.text(name)?;
        Some(self.number(name, (1, i64::MAX), 1))
    }

    /// What a parameter says, where its type can read it.
    pub fn parsed<T: FromStr<Err = String>>(&mut self, name: &str) -> Option<T> {
        match self.text(name)?.parse() {
            Ok(value) => Some(value),
            Err(reason) => {
                self.blame(name, &reason);
                None
            }
        }
    }

    /// The moment of a parameter in RFC 3339, as the first whole UTC second that is not before it.
    pub fn moment(&mut self, name: &str) -> Option<i64> {
        let parsed = DateTime::parse_from_rfc3339(self.text(name)?);
        let Ok(moment) = parsed else {
            let reason = "use a time of RFC 3339, such as 2026-11-22T10:42:00Z; write + as %2B";
            self.blame(name, reason);
            return None;
        };
        let begun = i64::from(moment.timestamp_subsec_nanos() > 0);
        Some(moment.timestamp() + begun)
    }

    /// The size of a page: `limit`, 1 to 1000, 100 when not given.
    pub fn limit(&mut self) -> i64 {
        self.number("limit", (1, MOST), USUAL)
    }

    /// What `read` makes of `cursor`; `None` without one.
    pub fn cursor<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let read = self.text("cursor").map(read);
        if let Some(None) = read {
            let reason = "not a cursor of this list with these filters; begin again without one";
            self.blame("cursor", reason);
        }
        read.flatten()
    }

    /// Notes what is wrong with a parameter.
    pub fn blame(&mut self, name: &str, reason: &str) {
        let short: String = name.chars().take(100).collect();
        if self.wrong.len() < 20 && !self.wrong.iter().any(|wrong| wrong.name == short) {
            self.wrong.push(BadParameter {
                name: short,
                reason: reason.to_owned(),
            });
        }
    }

    /// Goes on only when nothing was wrong.
    pub fn finish(self) -> Result<(), ApiError> {
        if self.wrong.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Parameters(self.wrong))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(query: Query<'_>) -> Vec<String> {
        match query.finish() {
            Err(ApiError::Parameters(wrong)) => wrong.into_iter().map(|bad| bad.name).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let mut query = Query::read("limit=0&page=2&cursor=x&foo[]=1", &["limit", "cursor"]);

        query.limit();
        query.cursor(|_| None::<()>);

        assert_eq!(names(query), ["page", "foo[]", "limit", "cursor"]);
    }

    #[test]
    fn numbers_are_plain_digits_within_bounds_and_moments_are_rfc_3339() {
        for (text, limit) in [
            ("", 100),
            ("limit=1", 1),
            ("limit=1000", 1000),
            ("limit=007", 7),
        ] {
            let mut query = Query::read(text, &["limit"]);
            assert_eq!(query.limit(), limit);
            assert!(query.finish().is_ok());
        }
        for (text, second) in [
            ("1970-01-01T00:00:07Z", Some(7)),
            ("1970-01-01T00:00:06.001Z", Some(7)),
            ("1970-01-01T02:00:07%2B02:00", Some(7)),
            ("1970-01-01T02:00:07+02:00", None),
            ("1970-01-01", None),
            ("7", None),
            ("", None),
        ] {
            let text = format!("since={text}");
            let mut query = Query::read(&text, &["since"]);
            assert_eq!(query.moment("since"), second, "{text}");
            assert_eq!(query.finish().is_ok(), second.is_some(), "{text}");
        }
        for text in [
            "limit=",
            "limit=+5",
            "limit=-1",
            "limit=1001",
            "limit=1.0",
            "limit=99999999999999999999",
            "limit=1&limit=1",
        ] {
            let mut query = Query::read(text, &["limit"]);
            query.limit();
            assert_eq!(names(query), ["limit"], "{text}");
        }
    }
}
