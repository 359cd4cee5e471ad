//! The companies of the overview: found, sorted, and one page of them.

use serde::Deserialize;

use super::PageError;
use super::labels::{self, Choice};
use super::paging::Pages;
use crate::sync::health::{Health, Standing};

/// Companies on one page.
pub const PER_PAGE: i64 = 50;
/// What the filter of health says in place of a [`Health`] for companies that are in use.
const IN_USE: &str = "in_use";

crate::words! {
    /// What the companies are sorted by.
    Sort {
        /// Who needs somebody first; of those alike, the oldest data first.
        Need = "need",
        /// By name.
        Name = "name",
        /// The oldest data first.
        Age = "age",
        /// The most learners first.
        Learners = "learners",
        /// The lowest completion rate first.
        Completion = "completion",
    }
}

/// What the address asks for, as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct View {
    /// Part of a name or short name, or an id.
    pub search: String,
    /// A [`Health`], `in_use`, or empty.
    pub health: String,
    /// A [`Sort`], or empty.
    pub sort: String,
    page: i64,
}

impl View {
    /// Whether it leaves any company out.
    pub fn is_filtered(&self) -> bool {
        !self.search.trim().is_empty() || !self.health.is_empty()
    }

    /// Whether it leaves out companies that Moodle does not have, or has suspended.
    pub fn is_of_those_in_use(&self) -> bool {
        self.health == IN_USE
    }

    /// The choices of health.
    pub fn healths(&self) -> Vec<Choice> {
        labels::choices(Health::ALL, self.health.parse().ok())
    }

    /// The choices of sorting.
    pub fn sorts(&self) -> Vec<Choice> {
        labels::choices(Sort::ALL, Some(self.sort.parse().unwrap_or(Sort::Need)))
    }

    /// One page of the companies that it asks for, in its order.
    pub fn page(&self, all: Vec<Standing>) -> Result<(Vec<Standing>, Pages), PageError> {
        let in_use = self.is_of_those_in_use();
        let health = if in_use { "" } else { self.health.as_str() };
        let health: Option<Health> = labels::chosen("the health", health)?;
        let sort: Option<Sort> = labels::chosen("the order", &self.sort)?;
        let search = self.search.trim().to_lowercase();
        let mut found = all;
        found.retain(|one| {
            let fits = health.is_none_or(|health| one.health == health);
            fits && (!in_use || one.company.is_in_use()) && matches(one, &search)
        });
        sorted(&mut found, sort.unwrap_or(Sort::Need));
        let pages = Pages::new(self.page, PER_PAGE, found.len() as i64, self.base());
        let before = Pages::offset(pages.number, PER_PAGE) as usize;
        let shown = found.into_iter().skip(before).take(PER_PAGE as usize);
        Ok((shown.collect(), pages))
    }

    fn base(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::for_suffix("/?".to_owned(), 2);
        let fields = [
            ("search", self.search.trim()),
            ("health", &self.health),
            ("sort", &self.sort),
        ];
        query.extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }
}

fn matches(one: &Standing, search: &str) -> bool {
    let company = &one.company;
    search.is_empty()
        || company.id.to_string() == search
        || company.name.to_lowercase().contains(search)
        || company.shortname.to_lowercase().contains(search)
}

/// Companies that are alike stay in the order of their names.
fn sorted(found: &mut [Standing], sort: Sort) {
    let age = |one: &Standing| one.state.synced_at.unwrap_or(i64::MIN);
    match sort {
        Sort::Name => {}
        Sort::Need => found.sort_by_key(|one| (one.health as u8, age(one))),
        Sort::Age => found.sort_by_key(age),
        Sort::Learners => found.sort_by_key(|one| -one.state.totals.learners),
        Sort::Completion => found.sort_by(|one, next| {
            let rate = |one: &Standing| one.state.totals.completion_rate().unwrap_or(101.0);
            rate(one).total_cmp(&rate(next))
        }),
    }
}
