//! The links under a table that lead to its files.

use crate::export::Format;

/// The files of one table: `shared/_downloads.html` shows them as `download`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloads {
    /// What the table lists, for people who hear the page.
    pub what: &'static str,
    /// Whether the filters of the page leave some of them out.
    pub filtered: bool,
    path: String,
    query: String,
}

impl Downloads {
    /// The files below an address; its query, the filters of the page, is kept.
    pub fn at(what: &'static str, address: impl AsRef<str>) -> Self {
        let (path, query) = address
            .as_ref()
            .split_once('?')
            .unwrap_or((address.as_ref(), ""));
        Self {
            what,
            filtered: false,
            path: path.to_owned(),
            query: query.to_owned(),
        }
    }

    /// The same files, where the page shows a part of its list only.
    pub fn filtered(self, filtered: bool) -> Self {
        Self { filtered, ..self }
    }

    /// Each format's name and address.
    pub fn files(&self) -> Vec<(&'static str, String)> {
        let file = |format: &Format| {
            let joint = if self.query.is_empty() { "" } else { "?" };
            let address = format!("{}/export.{format}{joint}{}", self.path, self.query);
            (name(*format), address)
        };
        Format::ALL.iter().map(file).collect()
    }
}

fn name(format: Format) -> &'static str {
    match format {
        Format::Csv => "CSV",
        Format::Xlsx => "Excel",
        Format::NdJson => "NDJSON",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_of_the_page_are_kept() {
        let plain = Downloads::at("rows", "/a").files();
        let filtered = Downloads::at("rows", "/a?b=c&d=e").files();

        assert_eq!(plain[0], ("CSV", "/a/export.csv".into()));
        assert_eq!(filtered[1], ("Excel", "/a/export.xlsx?b=c&d=e".to_owned()));
    }
}
