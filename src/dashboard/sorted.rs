//! Tables that are sorted by their headings, and the address of a list that is searched, sorted and paged.

use std::str::FromStr;

use serde::Deserialize;

use super::{Downloads, PageError, labels};

/// One column: `shared/_columns.html` shows them as `columns`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What it shows.
    pub label: &'static str,
    /// Where its heading leads; `None` where it cannot be sorted by.
    pub address: Option<String>,
    /// `ascending` or `descending` where the table is sorted by it, else `none`.
    pub order: &'static str,
    /// Whether it holds numbers.
    pub numeric: bool,
}

impl Column {
    /// A column; `descending` where the table is sorted by it. `address` makes one from what `order` shall say there.
    pub fn new(
        label: &'static str,
        numeric: bool,
        descending: Option<bool>,
        address: impl Fn(&str) -> Option<String>,
    ) -> Self {
        Self {
            label,
            address: address(if descending == Some(false) {
                "down"
            } else {
                ""
            }),
            order: match descending {
                None => "none",
                Some(false) => "ascending",
                Some(true) => "descending",
            },
            numeric,
        }
    }
}

/// What part of a list is shown, as the address says it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ListView {
    /// Part of a name.
    pub search: String,
    /// A column, or empty for the name.
    pub sort: String,
    /// `down` for largest first.
    pub order: String,
    /// The wanted page, from 1.
    pub page: i64,
}

impl ListView {
    /// By what it is sorted, and whether the largest comes first.
    pub fn order<S: FromStr>(&self, usual: S) -> Result<(S, bool), PageError> {
        let sort = labels::chosen("sort", &self.sort)?;
        Ok((sort.unwrap_or(usual), self.order == "down"))
    }

    /// Whether it leaves anything out.
    pub fn is_filtered(&self) -> bool {
        !self.search.trim().is_empty()
    }

    /// The address of page one, sorted as wanted.
    pub fn address(&self, path: &str, sort: &str, order: &str) -> String {
        let path = format!("{path}?");
        let start = path.len();
        let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
        let fields = [
            ("search", self.search.trim()),
            ("sort", sort),
            ("order", order),
        ];
        query.extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }

    /// The address of page one as it is sorted now.
    pub fn base(&self, path: &str) -> String {
        self.address(path, &self.sort, &self.order)
    }

    /// The files of this list: all of its pages.
    pub fn downloads(&self, what: &'static str, path: &str) -> Downloads {
        Downloads::at(what, self.base(path)).filtered(self.is_filtered())
    }

    /// The headings of columns: each with what it is sorted by, and whether it holds numbers.
    pub fn columns<S: PartialEq + ToString>(
        &self,
        path: &str,
        (sort, descending): (S, bool),
        all: Vec<(&'static str, Option<S>, bool)>,
    ) -> Vec<Column> {
        let column = |(label, by, numeric): (&'static str, Option<S>, bool)| {
            let present = by.as_ref() == Some(&sort);
            let address = |turned: &str| {
                let by = by.as_ref()?;
                Some(self.address(path, &by.to_string(), turned))
            };
            Column::new(label, numeric, present.then_some(descending), address)
        };
        all.into_iter().map(column).collect()
    }
}
