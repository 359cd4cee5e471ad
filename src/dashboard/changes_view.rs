//! What part of the change log is shown, as the address says it.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Deserialize;

use super::PageError;
use super::labels;
use crate::ids::{CompanyId, RunId};
use crate::language::Said;
use crate::sync::log::{Filter, From, Mark};
use crate::time::day;

/// The fields of the form, as they were typed, and the place of the page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct View {
    /// Part of a name, e-mail or user name, or an id.
    pub learner: String,
    /// Part of a course's name, or its id.
    pub course: String,
    /// A kind, or empty.
    pub kind: String,
    /// A company's id, or empty; the address of a company's own log has none.
    pub company: String,
    /// A run's id, or empty.
    pub run: String,
    /// The first day in the reader's zone, or empty.
    pub from: String,
    /// The last day, or empty.
    pub to: String,
    before: String,
    after: String,
}

impl View {
    /// What it asks for, checked. Days are those of the zone.
    pub fn filter(&self, zone: Tz) -> Result<Filter, PageError> {
        let from: Option<NaiveDate> = labels::chosen("the first day", &self.from)?;
        let to: Option<NaiveDate> = labels::chosen("the last day", &self.to)?;
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return Err(PageError::BadRequest(Said::new(
                "the first day is after the last day",
            )));
        }
        Ok(Filter {
            learner: self.learner.clone(),
            course: self.course.clone(),
            kind: labels::chosen("the kind", &self.kind)?,
            run: (!self.run.is_empty()).then(|| RunId(self.run.clone())),
            from_ms: from.map(|first| day::begin(first, zone) * 1000),
            until_ms: to.map(|last| day::end(last, zone) * 1000),
        })
    }

    /// The company that the form chose.
    pub fn company(&self) -> Result<Option<CompanyId>, PageError> {
        labels::chosen("the company", &self.company)
    }

    /// Where the page lies.
    pub fn place(&self) -> Result<From, PageError> {
        let wrong =
            || PageError::BadRequest(Said::new("this page of the change log does not exist"));
        Ok(match (self.before.as_str(), self.after.as_str()) {
            ("", "") => From::Newest,
            (before, "") => From::Before(parse(before).ok_or_else(wrong)?),
            ("", after) => From::After(parse(after).ok_or_else(wrong)?),
            _ => return Err(wrong()),
        })
    }

    /// Whether it leaves anything out.
    pub fn is_filtered(&self) -> bool {
        self.fields().iter().any(|(_, value)| !value.is_empty())
    }

    /// An address with the fields of this view, and those of a place.
    pub fn address(&self, path: &str, place: Option<(&str, Mark)>) -> String {
        let path = format!("{path}?");
        let start = path.len();
        let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
        query.extend_pairs(self.fields().iter().filter(|(_, value)| !value.is_empty()));
        if let Some((side, mark)) = place {
            let Mark {
                at_ms,
                company,
                seq,
            } = mark;
            query.append_pair(side, &format!("{at_ms}.{company}.{seq}"));
        }
        query.finish().trim_end_matches('?').to_owned()
    }

    fn fields(&self) -> [(&'static str, &str); 7] {
        [
            ("learner", self.learner.trim()),
            ("course", self.course.trim()),
            ("kind", &self.kind),
            ("company", &self.company),
            ("run", &self.run),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }
}

fn parse(text: &str) -> Option<Mark> {
    let mut numbers = text.split('.').map(str::parse::<i64>);
    let mut next = || numbers.next()?.ok();
    let mark = Mark {
        at_ms: next()?,
        company: CompanyId(next()?),
        seq: next()?,
    };
    numbers.next().is_none().then_some(mark)
}
