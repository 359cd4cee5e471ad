//! Export: any table as a file, written row by row so that memory stays flat.
//!
//! A table is a list of columns and whatever writes its rows; a writer for each format takes them. CSV and NDJSON flow
//! while the store is read. A workbook is made first, in nameless files, because its directory comes last.

mod cells;
mod chunks;
mod csv;
mod ndjson;
mod xlsx;

pub use cells::{Cell, defused};
pub use chunks::{Body, Pieces, written};
pub use xlsx::workbook;

use std::path::PathBuf;

use crate::error::Result;

crate::words! {
    /// The kinds of files.
    Format {
        /// Comma-separated values, UTF-8 with a mark that Excel looks for.
        Csv = "csv",
        /// A workbook of Excel.
        Xlsx = "xlsx",
        /// A JSON object on each line.
        NdJson = "ndjson",
    }
}

impl Format {
    /// What a browser is told that the file is.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::NdJson => "application/x-ndjson",
        }
    }
}

/// Where the rows of a table go, one at a time. Fails when nobody takes them any more.
pub trait Rows {
    /// Says how many rows will come, where that is known; fails where the file cannot hold them.
    fn expect(&mut self, _rows: i64) -> Result<()> {
        Ok(())
    }

    /// Writes one row: a cell for each column.
    fn row(&mut self, cells: &[Cell]) -> Result<()>;
}

/// What writes every row of a table.
pub type Source = Box<dyn FnOnce(&mut dyn Rows) -> Result<()> + Send>;

/// What the file is to hold.
pub struct Table {
    /// The name of the sheet, at most 20 letters.
    pub name: &'static str,
    /// The names of the columns; those of times end in `(UTC)`. NDJSON has `_` for blanks and leaves `(UTC)` out.
    pub columns: Vec<&'static str>,
    /// It runs on a thread of its own.
    pub rows: Source,
}

/// Makes a file of a table and streams it. What does not fit in memory goes to a nameless file in `folder`. `seat` is the
/// right to do so; it is dropped when the file is made.
///
/// `Invalid` where a workbook would have more rows than Excel can hold. A failure after the first byte cuts the body
/// short, so that no reader takes a part for the whole.
pub async fn stream(
    format: Format,
    table: Table,
    folder: PathBuf,
    seat: impl Send + 'static,
) -> Result<Body> {
    match format {
        Format::Csv => csv::stream(table, seat).await,
        Format::Xlsx => xlsx::stream(table, folder, seat).await,
        Format::NdJson => ndjson::stream(table, seat).await,
    }
}
