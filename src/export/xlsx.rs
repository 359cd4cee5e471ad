//! A workbook, row by row into a nameless file, before its first byte is sent.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Format as Look, Workbook, Worksheet, XlsxError};

use super::chunks::{self, Body, Pieces};
use super::{Cell, Rows, Seat, Table, defused};
use crate::error::{Error, Result};

/// Rows of a workbook: it is made as a whole before its first byte is sent, and browsers and proxies wait a minute or so.
const MOST: u32 = 200_000;
/// Letters of a cell: Excel's limit.
const MOST_LETTERS: usize = 32_767;

/// Makes the whole file, then streams it.
pub async fn stream(table: Table, folder: PathBuf, seat: Seat) -> Result<Body> {
    chunks::written(seat, move |pieces| {
        let mut file = file(table, &folder, pieces)?;
        std::io::copy(&mut file, pieces)?;
        Ok(())
    })
    .await
}

fn file(table: Table, folder: &Path, pieces: &Pieces) -> Result<File> {
    let mut book = Book::new(table.name, table.columns, folder, MOST)?;
    (table.rows)(&mut Wanted {
        book: &mut book,
        pieces,
    })?;
    let mut file = tempfile::tempfile_in(folder)?;
    let mut buffer = BufWriter::new(&mut file);
    book.book.save_to_writer(&mut buffer).map_err(failed)?;
    buffer.flush()?;
    drop(buffer);
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

struct Book {
    book: Workbook,
    rows: u32,
    most: u32,
}

impl Book {
    fn new(
        name: &'static str,
        columns: &'static [&'static str],
        folder: &Path,
        most: u32,
    ) -> Result<Self> {
        let mut book = Workbook::new();
        book.set_tempdir(folder).map_err(failed)?;
        let sheet = book.add_worksheet_with_constant_memory();
        sheet.map_err(failed)?.set_name(name).map_err(failed)?;
        let mut book = Self {
            book,
            rows: 0,
            most,
        };
        let bold = Look::new().set_bold();
        for (place, column) in (0..).zip(columns) {
            let sheet = book.sheet()?;
            sheet
                .write_string_with_format(0, place, *column, &bold)
                .map_err(failed)?;
        }
        Ok(book)
    }

    fn sheet(&mut self) -> Result<&mut Worksheet> {
        self.book.worksheet_from_index(0).map_err(failed)
    }
}

/// A book while somebody waits for it.
struct Wanted<'a> {
    book: &'a mut Book,
    pieces: &'a Pieces,
}

impl Rows for Wanted<'_> {
    fn row(&mut self, cells: &[Cell]) -> Result<()> {
        self.pieces.still_wanted()?;
        self.book.row(cells)
    }
}

impl Rows for Book {
    fn row(&mut self, cells: &[Cell]) -> Result<()> {
        if self.rows == self.most {
            return Err(too_many(self.most));
        }
        self.rows += 1;
        let row = self.rows;
        let sheet = self.sheet()?;
        for (place, cell) in (0..).zip(cells) {
            match cell {
                Cell::Text(text) if text.is_empty() => continue,
                Cell::Text(text) => sheet.write_string(row, place, fitting(text)),
                Cell::Number(number) => sheet.write_number(row, place, *number as f64),
            }
            .map_err(failed)?;
        }
        Ok(())
    }
}

fn too_many(most: u32) -> Error {
    let most = most / 1000;
    Error::Invalid(format!(
        "an Excel file holds at most {most},000 rows here; choose fewer days or a narrower filter, or download CSV, which \
         has no limit"
    ))
}

/// As much of a text as a cell can hold, without the control characters that XML has no way to write.
fn fitting(text: &str) -> String {
    let whole = |letter: &char| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r');
    defused(text)
        .chars()
        .filter(whole)
        .take(MOST_LETTERS)
        .collect()
}

fn failed(cause: XlsxError) -> Error {
    Error::Machine(std::io::Error::other(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workbook_that_is_too_large_is_refused_with_a_way_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut book = Book::new("Rows", &["number"], folder.path(), 1000).expect("a book");
        for number in 0..1000 {
            book.row(&[Cell::Number(number)]).expect("a row");
        }

        let refused = book.row(&[Cell::Number(1000)]).expect_err("too many");

        let text = refused.to_string();
        assert!(
            text.contains("at most 1,000 rows") && text.contains("CSV"),
            "{text}"
        );
    }
}
