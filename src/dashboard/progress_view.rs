//! What part of a company's progress is shown, as the address says it.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::progress_columns::Shown;
use super::settings_form::Pairs;
use super::typed::Typed;
use super::{Downloads, PageError, labels};
use crate::ids::{CompanyId, CourseId};
use crate::language::Said;
use crate::progress::list::{Filter, Order, Sort, Span};
use crate::progress::{Band, States, Status};
use crate::time::day;

/// The fields that leave rows out, in the order of the address.
const FILTERS: [&str; 9] = [
    "search",
    "status",
    "course",
    "state",
    "band",
    "enrolled_from",
    "enrolled_to",
    "completed_from",
    "completed_to",
];

/// The filters, the order and the columns of the page, as they were typed.
#[derive(Debug, Clone)]
pub struct View {
    typed: Typed,
    /// The chosen columns; none means the usual ones.
    pub columns: Vec<Shown>,
    /// The wanted page, from 1.
    pub page: i64,
}

impl View {
    /// Reads an address; fails for a column or a page that is none.
    pub fn read(pairs: Pairs) -> Result<Self, PageError> {
        let ticked = pairs.iter().filter(|(name, _)| name == "column");
        let parsed = ticked.map(|(_, value)| labels::chosen::<Shown>("the column", value));
        let parsed: Vec<Option<Shown>> = parsed.collect::<Result<_, _>>()?;
        let typed = Typed::new(pairs);
        let all = Shown::ALL.iter().copied();
        Ok(Self {
            columns: all.filter(|one| parsed.contains(&Some(*one))).collect(),
            page: labels::chosen("the page", typed.text("page"))?.unwrap_or(1),
            typed,
        })
    }

    /// What stands in a field.
    pub fn text(&self, name: &str) -> &str {
        self.typed.text(name)
    }

    /// The address of this view on page one, ordered as wanted.
    pub fn address(&self, company: CompanyId, sort: &str, order: &str) -> String {
        let kept = self.filters().chain([("sort", sort), ("order", order)]);
        self.with(&format!("/companies/{company}"), kept)
    }

    /// Its query: what a saved view keeps.
    pub fn query(&self) -> String {
        let query = self.with("", self.filters().chain(self.order_fields()));
        query.trim_start_matches('?').to_owned()
    }

    /// The address of this view without one of its filters.
    pub fn without(&self, company: CompanyId, filter: &str) -> String {
        let others = self.filters().filter(|(name, _)| *name != filter);
        let address = self.with(
            &format!("/companies/{company}"),
            others.chain(self.order_fields()),
        );
        address.trim_end_matches('?').to_owned()
    }

    /// The address without any filter, in the same order and columns.
    pub fn unfiltered(&self, company: &CompanyId) -> String {
        let address = self.with(
            &format!("/companies/{company}"),
            self.order_fields().into_iter(),
        );
        address.trim_end_matches('?').to_owned()
    }

    /// The files of this view: all of its pages, with its columns.
    pub fn downloads(&self, company: &CompanyId) -> Downloads {
        let path = format!("/companies/{company}/progress");
        let address = self.with(&path, self.filters().chain(self.order_fields()));
        Downloads::at("rows", address).filtered(self.is_filtered())
    }

    fn with<'a>(
        &self,
        path: &str,
        fields: impl Iterator<Item = (&'static str, &'a str)>,
    ) -> String {
        let path = format!("{path}?");
        let start = path.len();
        let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
        query.extend_pairs(fields.filter(|(_, value)| !value.is_empty()));
        query.extend_pairs(
            self.columns
                .iter()
                .map(|column| ("column", column.as_str())),
        );
        query.finish()
    }

    /// The filters that are in use, with what was typed.
    pub fn filters(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = FILTERS.iter().map(|name| (*name, self.text(name)));
        all.filter(|(_, value)| !value.is_empty())
    }

    fn order_fields(&self) -> [(&'static str, &str); 2] {
        [("sort", self.text("sort")), ("order", self.text("order"))]
    }

    /// Which rows it asks for, checked; days begin and end in this zone.
    pub fn filter(&self, zone: Tz) -> Result<Filter, PageError> {
        let states: Option<States> = labels::chosen("state", self.text("state"))?;
        Ok(Filter {
            search: self.text("search").to_owned(),
            status: labels::chosen::<Status>("status", self.text("status"))?,
            course: labels::chosen::<CourseId>("course", self.text("course"))?,
            states: states.unwrap_or_default(),
            band: labels::chosen::<Band>("band", self.text("band"))?,
            enrolled: self.span(zone, "enrolled_from", "enrolled_to")?,
            completed: self.span(zone, "completed_from", "completed_to")?,
        })
    }

    fn span(&self, zone: Tz, from: &'static str, to: &'static str) -> Result<Span, PageError> {
        let first: Option<NaiveDate> = labels::chosen(from, self.text(from))?;
        let last: Option<NaiveDate> = labels::chosen(to, self.text(to))?;
        if let (Some(first), Some(last)) = (first, last)
            && first > last
        {
            let why = Said::new("the first day is after the last day");
            return Err(PageError::BadRequest(why));
        }
        Ok(Span {
            from: first.map(|first| day::begin(first, zone)),
            until: last.map(|last| day::end(last, zone)),
        })
    }

    /// How it orders them, checked.
    pub fn order(&self) -> Result<Order, PageError> {
        let sort: Option<Sort> = labels::chosen("sort", self.text("sort"))?;
        Ok(Order {
            sort: sort.unwrap_or(Sort::Name),
            descending: self.text("order") == "down",
        })
    }

    /// Whether it leaves active rows out, or shows others.
    pub fn is_filtered(&self) -> bool {
        self.filters().next().is_some()
    }

    /// Whether one of the filters that are folded away is in use.
    pub fn is_narrowed(&self) -> bool {
        self.filters().any(|(name, _)| FILTERS[4..].contains(&name))
    }

    /// Whether rows are asked for that are not active any more.
    pub fn shows_ended(&self) -> bool {
        !self.text("state").is_empty()
    }

    /// The columns that the table shows beside the learner.
    pub fn shown(&self) -> &[Shown] {
        if self.columns.is_empty() {
            Shown::USUAL
        } else {
            &self.columns
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(query: &str) -> View {
        let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
        View::read(pairs.collect()).unwrap_or_else(|_| panic!("{query}"))
    }

    #[test]
    fn the_address_keeps_filters_order_and_columns_and_nothing_else() {
        let view = view("column=changed&column=course&x=1&search=+a%26b+&sort=name&page=3&status=");

        assert_eq!(
            view.query(),
            "search=a%26b&sort=name&column=course&column=changed"
        );
        assert_eq!(
            view.without(CompanyId(7), "search"),
            "/companies/7?sort=name&column=course&column=changed"
        );
        assert_eq!(view.page, 3);
    }
}
