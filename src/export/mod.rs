//! Export: any table as a file that spreadsheets open, written row by row so that memory stays flat.

mod chunks;
mod csv;
mod xlsx;

pub use chunks::Body;

use std::path::PathBuf;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{Error, Result};

crate::words! {
    /// The kinds of files.
    Format {
        /// Comma-separated values, UTF-8 with a mark that Excel looks for.
        Csv = "csv",
        /// A workbook of Excel.
        Xlsx = "xlsx",
    }
}

impl Format {
    /// What a browser is told that the file is.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Hostile text; it never becomes a formula.
    Text(String),
    /// A whole number.
    Number(i64),
}

/// Where the rows of a table go, one at a time. Fails when nobody takes them any more.
pub trait Rows {
    /// Writes one row.
    fn row(&mut self, cells: &[Cell]) -> Result<()>;
}

/// What writes every row of a table.
pub type Source = Box<dyn FnOnce(&mut dyn Rows) -> Result<()> + Send>;

/// What the file is to hold.
pub struct Table {
    /// The name of the sheet, at most 20 letters.
    pub name: &'static str,
    /// The names of the columns.
    pub columns: &'static [&'static str],
    /// It runs on a thread of its own.
    pub rows: Source,
}

/// Files made at the same time: each holds a thread and a snapshot of the store.
const SEATS: usize = 4;
static FREE: Semaphore = Semaphore::const_new(SEATS);

/// Makes a file of a table and streams it. What does not fit in memory goes to a nameless file in `folder`.
///
/// CSV flows while it is read from the store; a workbook is made first. `Conflict` while four files are being made,
/// `Invalid` where a workbook would have more than 200,000 rows.
/// A failure after the first byte cuts the body short, so that no reader takes a part for the whole.
pub async fn stream(format: Format, table: Table, folder: PathBuf) -> Result<Body> {
    let seat = FREE.try_acquire().map_err(|_| {
        Error::Conflict("four exports are being made already; try again when one has ended".into())
    })?;
    match format {
        Format::Csv => csv::stream(table, seat).await,
        Format::Xlsx => xlsx::stream(table, folder, seat).await,
    }
}

/// The right to make one of few files.
type Seat = SemaphorePermit<'static>;

/// A text that no spreadsheet takes for a formula: what could be one gets an apostrophe in front.
fn defused(text: &str) -> std::borrow::Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

/// A file's name for a header: letters and digits of ASCII, everything else a hyphen.
pub fn file_name(parts: &[&str], format: Format) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let text: String = parts.join("-").chars().map(plain).collect();
    let words: Vec<&str> = text.split('-').filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(100).collect();
    format!("{name}.{format}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_formula_is_none() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(defused(formula), format!("'{formula}"));
        }
        for text in ["", "Ada", "a=b", "'=1", " x"] {
            assert_eq!(defused(text), text);
        }
    }

    #[test]
    fn a_file_name_holds_nothing_that_a_header_or_a_folder_could_trip_over() {
        let name = file_name(
            &["changes", "../Béta \"& Söhne\"\r\n", "2026-11-22"],
            Format::Csv,
        );

        assert_eq!(name, "changes-b-ta-s-hne-2026-11-22.csv");
    }
}
