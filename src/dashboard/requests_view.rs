//! What part of the log of calls is shown, as the address says it.

use std::str::FromStr;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use serde::Deserialize;

use super::PageError;
use super::labels;
use super::monitor_view::{exactly, read};
use crate::ids::CompanyId;
use crate::language::Said;
use crate::requests::list::{Filter, Mark};

/// The fields of the form, as they were typed, and the place of the page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct View {
    /// A company's id, or empty; the address of a company's own log has none.
    pub company: String,
    /// A token's id, or empty.
    pub token: String,
    /// `only`, or empty.
    pub errors: String,
    /// `only` for calls without a token that is known, or empty.
    pub stranger: String,
    /// Part of an address, or empty.
    pub route: String,
    /// `whole` where the route is all of the address, or empty.
    pub part: String,
    /// The data version that was shown, or empty.
    pub version: String,
    /// A status such as `404`, a kind of them such as `4xx`, or empty.
    pub status: String,
    /// A day or a time in the reader's zone, a moment as RFC 3339 says it, or empty.
    pub from: String,
    /// The same for the end, which is not in it; a day is in it as a whole.
    pub to: String,
    /// Where the page begins, or empty.
    pub before: String,
}

/// The first and the last of some statuses.
struct Statuses(i32, i32);

impl FromStr for Statuses {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some(kind) = text.strip_suffix("xx") {
            let first = kind.parse::<i32>().map_err(|_| ())?;
            return (1..=5)
                .contains(&first)
                .then_some(Self(first * 100, first * 100 + 99))
                .ok_or(());
        }
        let one = text.parse::<i32>().map_err(|_| ())?;
        (100..=599)
            .contains(&one)
            .then_some(Self(one, one))
            .ok_or(())
    }
}

impl View {
    /// What it asks for, checked; times are those of the zone.
    pub fn filter(&self, company: Option<CompanyId>, zone: Tz) -> Result<Filter, PageError> {
        let route = self.route.trim().to_lowercase(); // as patterns are
        let statuses = labels::chosen("the status", self.status.trim())?;
        Ok(Filter {
            company,
            token: labels::chosen("the token", &self.token)?,
            errors: !self.errors.is_empty(),
            stranger: !self.stranger.is_empty(),
            route: (!route.is_empty()).then_some(route),
            whole_route: self.is_whole(),
            version: labels::chosen("the version", self.version.trim())?,
            status: statuses.map(|Statuses(first, last)| (first, last)),
            from_ms: moment(&self.from, zone, false)?,
            until_ms: moment(&self.to, zone, true)?,
        })
    }

    /// The company that the form chose.
    pub fn company(&self) -> Result<Option<CompanyId>, PageError> {
        labels::chosen("the company", &self.company)
    }

    /// Where the page begins; `None` is the newest call.
    pub fn place(&self) -> Result<Option<Mark>, PageError> {
        if self.before.is_empty() {
            return Ok(None);
        }
        let mark = self.before.split_once('.').and_then(|(at_ms, id)| {
            Some(Mark {
                at_ms: at_ms.parse().ok()?,
                id: id.parse().ok()?,
            })
        });
        let wrong = || PageError::BadRequest(Said::new("this page of the log does not exist"));
        mark.map(Some).ok_or_else(wrong)
    }

    /// Whether the route is all of the address.
    pub fn is_whole(&self) -> bool {
        !self.part.is_empty()
    }

    /// The beginning as a field for a time shows it.
    pub fn begin(&self, zone: &Tz) -> String {
        as_time(&self.from, 0, *zone)
    }

    /// The end as a field for a time shows it.
    pub fn end(&self, zone: &Tz) -> String {
        as_time(&self.to, 1, *zone)
    }

    /// Whether it leaves anything out.
    pub fn is_filtered(&self) -> bool {
        self.fields().iter().any(|(_, value)| !value.is_empty())
    }

    /// An address with the fields of this view, and others in the place of some.
    pub fn narrowed(&self, path: &str, others: &[(&str, String)]) -> String {
        let path = format!("{path}?");
        let start = path.len();
        let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
        for (name, value) in self.fields() {
            let other = others.iter().find(|(other, _)| *other == name);
            let value = other.map_or(value, |(_, other)| other);
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }

    /// An address with the fields of this view, and those of a place.
    pub fn address(&self, path: &str, before: Option<Mark>) -> String {
        let path = format!("{path}?");
        let start = path.len();
        let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
        query.extend_pairs(self.fields().iter().filter(|(_, value)| !value.is_empty()));
        if let Some(Mark { at_ms, id }) = before {
            query.append_pair("before", &format!("{at_ms}.{id}"));
        }
        query.finish().trim_end_matches('?').to_owned()
    }

    fn fields(&self) -> [(&'static str, &str); 10] {
        [
            ("company", self.company.as_str()),
            ("token", &self.token),
            ("errors", &self.errors),
            ("stranger", &self.stranger),
            ("route", self.route.trim()),
            ("part", self.part.trim()),
            ("version", self.version.trim()),
            ("status", self.status.trim()),
            ("from", self.from.trim()),
            ("to", self.to.trim()),
        ]
    }
}

/// A day as its first moment, or that of a later day; a moment as the zone's clocks show it, and a time as it is.
pub(super) fn as_time(typed: &str, later: u64, zone: Tz) -> String {
    if let Some(at) = exactly(typed.trim()) {
        let here = at.with_timezone(&zone);
        return here.format("%Y-%m-%dT%H:%M:%S%.f").to_string();
    }
    let day = NaiveDate::parse_from_str(typed.trim(), "%Y-%m-%d").ok();
    let day = day.and_then(|day| day.checked_add_days(Days::new(later)));
    day.map_or_else(|| typed.trim().to_owned(), |day| format!("{day}T00:00"))
}

/// A day or a time, in UTC milliseconds; nothing where nothing was typed.
fn moment(typed: &str, zone: Tz, is_end: bool) -> Result<Option<i64>, PageError> {
    let typed = typed.trim();
    if let Some(at) = exactly(typed) {
        return Ok(Some(at.timestamp_millis()));
    }
    let read = (!typed.is_empty()).then(|| read(typed, zone, is_end));
    Ok(read.transpose()?.map(|seconds| seconds * 1000))
}
