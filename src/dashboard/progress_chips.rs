//! The filters of the progress table that are in use, each with the way out of it.

use super::labels::Label as _;
use super::progress_view::View;
use crate::ids::{CompanyId, CourseId};
use crate::progress::list::Filter;

/// One filter in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    /// What it is about.
    pub label: &'static str,
    /// What it asks for; may be hostile.
    pub value: String,
    /// Whether the value is a word of ours, which can be translated.
    pub is_word: bool,
    /// The page without it.
    pub remove: String,
}

/// A chip for each filter of a view.
pub fn chips(
    view: &View,
    company: CompanyId,
    filter: &Filter,
    courses: &[(CourseId, String)],
) -> Vec<Chip> {
    let chip = |(name, typed): (&'static str, &str)| {
        let word = word(name, typed, filter);
        Chip {
            label: label(name),
            is_word: word.is_some(),
            value: word.unwrap_or_else(|| value(name, typed, courses)),
            remove: view.without(company, name),
        }
    };
    view.filters().map(chip).collect()
}

fn label(name: &str) -> &'static str {
    match name {
        "search" => "Name, email or course",
        "status" => "Status",
        "course" => "Course",
        "state" => "State",
        "band" => "Progress",
        "enrolled_from" => "Enrolled from",
        "enrolled_to" => "Enrolled until",
        "completed_from" => "Completed from",
        _ => "Completed until",
    }
}

fn word(name: &str, typed: &str, filter: &Filter) -> Option<String> {
    match (name, filter.states.list()) {
        ("status", _) => filter.status.map(|status| status.label().to_owned()),
        ("band", _) => filter.band.map(|band| band.label().to_owned()),
        ("state", _) if typed == "any" => Some("Any".to_owned()),
        ("state", [state]) => Some(state.label().to_owned()),
        _ => None,
    }
}

fn value(name: &str, typed: &str, courses: &[(CourseId, String)]) -> String {
    let of_course = |id: &CourseId| name == "course" && id.to_string() == typed;
    let found = courses.iter().find(|(id, _)| of_course(id));
    found.map_or_else(|| typed.to_owned(), |(_, name)| name.clone())
}
