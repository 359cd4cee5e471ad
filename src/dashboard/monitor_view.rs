//! Which calls the API monitor counts, as the address says it.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use serde::Deserialize;

use super::{PageError, labels, requests_view};
use crate::ids::CompanyId;
use crate::language::Said;
use crate::requests::stats::Window;
use crate::time::{day, rfc3339, rfc3339_ms};

/// Longest stretch, in seconds: five years.
const LONGEST: i64 = 5 * 366 * 86_400;

crate::words! {
    /// A stretch of time that ends now.
    Span {
        /// An hour.
        Hour = "1h",
        /// A day.
        Day = "24h",
        /// Seven days.
        Week = "7d",
        /// Thirty days.
        Month = "30d",
    }
}

impl Span {
    /// How long it is, in seconds.
    pub fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3600,
            Self::Day => 86_400,
            Self::Week => 7 * 86_400,
            Self::Month => 30 * 86_400,
        }
    }
}

crate::words! {
    /// What the tables are sorted by, the highest first.
    By {
        /// The number of calls.
        Calls = "calls",
        /// The number of errors.
        Errors = "errors",
        /// The 95th percentile of the durations.
        Duration = "duration",
        /// The cache hit rate.
        Hits = "hits",
        /// Bytes of the answers.
        Bytes = "bytes",
        /// The latest call.
        Latest = "latest",
        /// The name, from A to Z.
        Name = "name",
    }
}

/// The fields of the address, as they were typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct View {
    /// A [`Span`], or empty.
    pub window: String,
    /// A day or a time in the reader's zone, a moment as RFC 3339 says it, or empty; it goes before the window.
    pub from: String,
    /// The same for the end; a day is in it as a whole.
    pub to: String,
    /// A company's id, or empty.
    pub company: String,
    /// A [`By`], or empty.
    pub sort: String,
}

/// The address, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The stretch, in UTC seconds; it never ends in the future.
    pub stretch: (i64, i64),
    /// The span, where it is one.
    pub span: Option<Span>,
    /// Whose calls; `None` is all companies.
    pub company: Option<CompanyId>,
    /// The order of the tables.
    pub sort: By,
}

impl Wanted {
    /// The part of the log whose calls a report counted: those since a moment, UTC milliseconds, where it is given.
    pub fn counted(&self, since_ms: Option<i64>) -> requests_view::View {
        let from_ms = since_ms.unwrap_or(self.stretch.0 * 1000);
        let company = self.company.map(|company| company.to_string());
        requests_view::View {
            company: company.unwrap_or_default(),
            from: rfc3339_ms(from_ms).unwrap_or_default(),
            to: rfc3339(self.stretch.1).unwrap_or_default(),
            ..requests_view::View::default()
        }
    }

    /// The stretch as the log counts it, so many calls at most.
    pub fn window(&self, most: i64) -> Window {
        Window {
            from_ms: self.stretch.0 * 1000,
            until_ms: self.stretch.1 * 1000,
            most,
        }
    }
}

impl View {
    /// What it asks for at `now` (UTC seconds). A reader of one company gets that one, whatever the address says.
    pub fn checked(
        &self,
        now: i64,
        zone: Tz,
        only: Option<CompanyId>,
    ) -> Result<Wanted, PageError> {
        let span: Option<Span> = labels::chosen("the window", &self.window)?;
        let sort = labels::chosen("the order", &self.sort)?;
        let company = labels::chosen("the company", &self.company)?;
        let typed = !self.from.is_empty() || !self.to.is_empty();
        let span = (!typed).then(|| span.unwrap_or(Span::Day));
        let stretch = match span {
            Some(span) => (now + 1 - span.seconds(), now + 1),
            None => self.stretch(now, zone)?,
        };
        Ok(Wanted {
            stretch,
            span,
            company: only.or(company),
            sort: sort.unwrap_or(By::Calls),
        })
    }

    fn stretch(&self, now: i64, zone: Tz) -> Result<(i64, i64), PageError> {
        let until = match self.to.as_str() {
            "" => now + 1,
            text => read(text, zone, true)?.min(now + 1),
        };
        let from = match self.from.as_str() {
            "" => until - Span::Day.seconds(),
            text => read(text, zone, false)?,
        };
        if from >= until {
            let why = Said::new(
                "the end must come after the beginning, and the beginning must not lie ahead",
            );
            return Err(PageError::BadRequest(why));
        }
        Ok((from.max(until - LONGEST), until))
    }

    /// Beginning and end as fields for times show them, where they are more than days: a link to one hour brings moments.
    pub fn times(&self, zone: &Tz) -> Option<(String, String)> {
        let is_day = |text: &String| text.is_empty() || text.parse::<NaiveDate>().is_ok();
        if is_day(&self.from) && is_day(&self.to) {
            return None;
        }
        let shown = |text, later| requests_view::as_time(text, later, *zone);
        Some((shown(&self.from, 0), shown(&self.to, 1)))
    }

    /// An address with these fields, and others in the place of some.
    pub fn address(&self, path: &str, others: &[(&str, &str)]) -> String {
        let fields = [
            ("window", self.window.as_str()),
            ("from", &self.from),
            ("to", &self.to),
            ("company", &self.company),
            ("sort", &self.sort),
        ];
        let start = format!("{path}?");
        let length = start.len();
        let mut query = url::form_urlencoded::Serializer::for_suffix(start, length);
        for (name, value) in fields {
            let other = others.iter().find(|(other, _)| *other == name);
            let value = other.map_or(value, |(_, other)| other);
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish().trim_end_matches('?').to_owned()
    }
}

/// A moment that does not depend on a zone, as links to a part of the log have it.
pub(super) fn exactly(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()
}

/// A day or a time as a form sends it, or a moment, in UTC seconds; as the end of a stretch a day ends with its last moment.
pub(super) fn read(text: &str, zone: Tz, is_end: bool) -> Result<i64, PageError> {
    if let Some(at) = exactly(text) {
        return Ok(at.timestamp());
    }
    let found = match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(last) if is_end => Some(day::end(last, zone)),
        Ok(first) => Some(day::begin(first, zone)),
        Err(_) => time(text).and_then(|local| day::moment(local, zone)),
    };
    let within = found.filter(|at| DateTime::from_timestamp(*at, 0).is_some());
    let wrong = || {
        PageError::BadRequest(Said::new("“{text}” is no day such as 2026-11-22").with("text", text))
    };
    within.ok_or_else(wrong)
}

/// A time as browsers send it, without seconds where they are 0.
fn time(text: &str) -> Option<NaiveDateTime> {
    let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"];
    let mut read = formats
        .iter()
        .map(|format| NaiveDateTime::parse_from_str(text, format));
    read.find_map(Result::ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(from: &str, to: &str) -> View {
        View {
            from: from.into(),
            to: to.into(),
            ..View::default()
        }
    }

    #[test]
    fn days_are_those_of_the_reader_and_whole() {
        let now = 1_800_000_000;
        let berlin = Tz::Europe__Berlin;

        let day = view("2026-03-29", "2026-03-29").checked(now, berlin, None);

        let (from, until) = day.expect("a stretch").stretch;
        assert_eq!((from, until - from), (1_774_738_800, 23 * 3600));
    }

    #[test]
    fn nothing_is_asked_of_the_future_or_backwards() {
        let now = 1_774_742_400; // 2026-03-29 00:00 UTC
        let ahead = view("2026-03-28", "2027-01-01").checked(now, Tz::UTC, None);

        assert_eq!(ahead.expect("a stretch").stretch.1, now + 1);
        assert!(
            view("2026-03-28", "2026-03-27")
                .checked(now, Tz::UTC, None)
                .is_err()
        );
        assert!(view("2027-03-28", "").checked(now, Tz::UTC, None).is_err());
        assert!(view("yesterday", "").checked(now, Tz::UTC, None).is_err());
        assert!(
            view("99999999-01-01", "")
                .checked(now, Tz::UTC, None)
                .is_err()
        );
    }

    #[test]
    fn a_reader_of_one_company_gets_that_one() {
        let asked = View {
            company: "7".into(),
            ..View::default()
        };
        let wanted = asked.checked(0, Tz::UTC, Some(CompanyId(42)));

        assert_eq!(wanted.expect("a stretch").company, Some(CompanyId(42)));
    }
}
