//! The head of the progress table: each column is a link that sorts by it, or turns its order round.

use super::company::View;
use crate::ids::CompanyId;
use crate::progress::list::Sort;

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What it shows.
    pub label: &'static str,
    /// Where its heading leads.
    pub address: String,
    /// `ascending` or `descending` where the table is sorted by it, else `none`.
    pub order: &'static str,
    /// Whether it holds numbers.
    pub numeric: bool,
}

/// The columns of a view, with the present order marked.
pub fn columns(view: &View, company: CompanyId, sort: Sort, descending: bool) -> Vec<Column> {
    let all = [
        ("Learner", Sort::Name),
        ("Course", Sort::Course),
        ("Status", Sort::Status),
        ("Progress", Sort::Percentage),
        ("Completed", Sort::Completed),
        ("Changed", Sort::Changed),
    ];
    let column = |(label, by): (&'static str, Sort)| {
        let present = by == sort;
        Column {
            label,
            address: view.address(
                company,
                by.as_str(),
                if present && !descending { "down" } else { "" },
            ),
            order: match (present, descending) {
                (false, _) => "none",
                (true, false) => "ascending",
                (true, true) => "descending",
            },
            numeric: by == Sort::Percentage,
        }
    };
    all.into_iter().map(column).collect()
}
