//! A workbook, row by row into a nameless file: what Excel cannot hold in one sheet goes on in the next.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Format as Look, Workbook, XlsxError};

use super::chunks::{self, Body, Pieces};
use super::{Cell, Rows, Seat, Table, defused};
use crate::error::{Error, Result};

/// Rows of a sheet, its head among them: Excel's limit.
const MOST_ROWS: u32 = 1_048_576;
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
    let mut book = Book::new(table.name, table.columns, folder, MOST_ROWS)?;
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
    name: &'static str,
    columns: &'static [&'static str],
    sheets: usize,
    next_row: u32,
    most_rows: u32,
}

impl Book {
    fn new(
        name: &'static str,
        columns: &'static [&'static str],
        folder: &Path,
        most_rows: u32,
    ) -> Result<Self> {
        let mut book = Workbook::new();
        book.set_tempdir(folder).map_err(failed)?;
        let mut book = Self {
            book,
            name,
            columns,
            sheets: 0,
            next_row: 0,
            most_rows,
        };
        book.begin_sheet()?;
        Ok(book)
    }

    fn begin_sheet(&mut self) -> Result<()> {
        self.sheets += 1;
        let name = match self.sheets {
            1 => self.name.to_owned(),
            number => format!("{} {number}", self.name),
        };
        let sheet = self
            .book
            .add_worksheet_with_constant_memory()
            .map_err(failed)?;
        sheet.set_name(name).map_err(failed)?;
        let bold = Look::new().set_bold();
        for (place, column) in (0..).zip(self.columns) {
            sheet
                .write_string_with_format(0, place, *column, &bold)
                .map_err(failed)?;
        }
        self.next_row = 1;
        Ok(())
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
        if self.next_row == self.most_rows {
            self.begin_sheet()?;
        }
        let sheet = self
            .book
            .worksheet_from_index(self.sheets - 1)
            .map_err(failed)?;
        for (place, cell) in (0..).zip(cells) {
            match cell {
                Cell::Text(text) if text.is_empty() => continue,
                Cell::Text(text) => sheet.write_string(self.next_row, place, fitting(text)),
                Cell::Number(number) => sheet.write_number(self.next_row, place, *number as f64),
            }
            .map_err(failed)?;
        }
        self.next_row += 1;
        Ok(())
    }
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
    fn a_full_sheet_goes_on_in_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut book = Book::new("Rows", &["number"], folder.path(), 3).expect("a book");

        for number in 0..5 {
            book.row(&[Cell::Number(number)]).expect("a row");
        }

        let names: Vec<String> = book
            .book
            .worksheets()
            .iter()
            .map(rust_xlsxwriter::Worksheet::name)
            .collect();
        assert_eq!(
            (names, book.next_row),
            (vec!["Rows".into(), "Rows 2".into(), "Rows 3".into()], 2)
        );
    }
}
