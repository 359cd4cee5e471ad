//! A workbook, row by row into nameless files, before its first byte is sent.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Format as Look, Workbook, Worksheet, XlsxError};

use super::cells::{defused, moment};
use super::chunks::{self, Body, Pieces};
use super::{Cell, Rows, Table};
use crate::error::{Error, Result};

/// Rows of a sheet below its header: Excel's limit.
const MOST: u32 = 1_048_575;
/// Letters of a cell: Excel's limit.
const MOST_LETTERS: usize = 32_767;
/// The largest number up to which a sheet holds every whole one.
const MOST_EXACT: u64 = 1 << 53;
/// Days from Excel's day 0 to 1970.
const EPOCH: f64 = 25_569.0;
/// Excel's dates: from March 1900, before which it knows a day that never was, to the end of 9999.
const DATES: std::ops::Range<f64> = 61.0..2_958_466.0;

/// Makes the whole file of a table, then streams it.
pub async fn stream(table: Table, folder: PathBuf, seat: impl Send + 'static) -> Result<Body> {
    let write = move |pieces: &mut Pieces| {
        workbook((table.name, &table.columns), &folder, pieces, table.rows)
    };
    chunks::written(seat, write).await
}

/// Makes a workbook of one sheet in a nameless file in `folder`, then hands all of it over.
pub fn workbook(
    (name, columns): (&'static str, &[&'static str]),
    folder: &Path,
    pieces: &mut Pieces,
    rows: impl FnOnce(&mut dyn Rows) -> Result<()>,
) -> Result<()> {
    let mut book = Book::new(name, columns, folder, MOST)?;
    rows(&mut Wanted {
        book: &mut book,
        pieces,
    })?;
    let mut file = tempfile::tempfile_in(folder)?;
    let mut buffer = BufWriter::new(Stoppable {
        file: &mut file,
        pieces,
    });
    book.end()?.save_to_writer(&mut buffer).map_err(failed)?;
    buffer.flush()?;
    drop(buffer);
    file.seek(SeekFrom::Start(0))?;
    std::io::copy(&mut file, pieces)?;
    Ok(())
}

struct Book {
    book: Workbook,
    columns: u16,
    rows: u32,
    most: u32,
    dates: Look,
}

impl Book {
    fn new(name: &'static str, columns: &[&'static str], folder: &Path, most: u32) -> Result<Self> {
        let mut book = Workbook::new();
        book.set_tempdir(folder).map_err(failed)?;
        let sheet = book.add_worksheet_with_constant_memory();
        let sheet = sheet.map_err(failed)?.set_name(name).map_err(failed)?;
        head(sheet, columns).map_err(failed)?;
        Ok(Self {
            book,
            columns: columns.len() as u16,
            rows: 0,
            most,
            dates: Look::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        })
    }

    /// The book with a filter over all its rows.
    fn end(&mut self) -> Result<&mut Workbook> {
        let (rows, columns) = (self.rows, self.columns.saturating_sub(1));
        let sheet = self.book.worksheet_from_index(0).map_err(failed)?;
        sheet.autofilter(0, 0, rows, columns).map_err(failed)?;
        Ok(&mut self.book)
    }
}

/// The names of the columns, which stay in sight, and room for what the columns hold.
fn head(sheet: &mut Worksheet, columns: &[&str]) -> std::result::Result<(), XlsxError> {
    let bold = Look::new().set_bold();
    for (place, column) in (0..).zip(columns) {
        let letters = column
            .chars()
            .count()
            .max(if column.ends_with("(UTC)") { 19 } else { 8 });
        sheet.set_column_width(place, letters as f64 + 3.0)?;
        sheet.write_string_with_format(0, place, *column, &bold)?;
    }
    sheet.set_freeze_panes(1, 0).map(drop)
}

/// A book while somebody waits for it.
struct Wanted<'a> {
    book: &'a mut Book,
    pieces: &'a Pieces,
}

impl Rows for Wanted<'_> {
    fn expect(&mut self, rows: i64) -> Result<()> {
        self.book.expect(rows)
    }

    fn row(&mut self, cells: &[Cell]) -> Result<()> {
        self.pieces.still_wanted()?;
        self.book.row(cells)
    }
}

/// The file of a book while somebody waits for it.
struct Stoppable<'a> {
    file: &'a mut File,
    pieces: &'a Pieces,
}

impl Write for Stoppable<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.pieces.still_wanted()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Stoppable<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}

impl Rows for Book {
    fn expect(&mut self, rows: i64) -> Result<()> {
        if rows > i64::from(self.most) {
            return Err(too_many());
        }
        Ok(())
    }

    fn row(&mut self, cells: &[Cell]) -> Result<()> {
        if self.rows == self.most {
            return Err(too_many());
        }
        self.rows += 1;
        let sheet = self.book.worksheet_from_index(0).map_err(failed)?;
        for (place, cell) in (0..).zip(cells) {
            write(sheet, (self.rows, place), cell, &self.dates).map_err(failed)?;
        }
        Ok(())
    }
}

fn write(
    sheet: &mut Worksheet,
    (row, place): (u32, u16),
    cell: &Cell,
    dates: &Look,
) -> std::result::Result<(), XlsxError> {
    match cell {
        Cell::None => return Ok(()),
        Cell::Text(text) if text.is_empty() => return Ok(()),
        Cell::Text(text) => sheet.write_string(row, place, fitting(text)),
        Cell::Number(number) if number.unsigned_abs() > MOST_EXACT => {
            sheet.write_string(row, place, number.to_string())
        }
        Cell::Number(number) => sheet.write_number(row, place, *number as f64),
        Cell::Fraction(number) => sheet.write_number(row, place, *number),
        Cell::Flag(flag) => sheet.write_boolean(row, place, *flag),
        Cell::Time(at) => {
            let day = *at as f64 / 86_400_000.0 + EPOCH;
            if DATES.contains(&day) {
                sheet.write_number_with_format(row, place, day, dates)
            } else {
                sheet.write_string(row, place, moment(*at).unwrap_or_default())
            }
        }
    }
    .map(drop)
}

fn too_many() -> Error {
    let why = "an Excel file holds at most 1,048,575 rows; choose a narrower filter, or download CSV or NDJSON, which have no \
               limit";
    Error::Invalid(why.into())
}

/// As much of a text as a cell can hold, without the control characters that XML has no way to write. Excel counts as UTF-16
/// does.
fn fitting(text: &str) -> String {
    let whole = |letter: &char| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r');
    let mut length = 0;
    let fits = |letter: &char| {
        length += letter.len_utf16();
        length <= MOST_LETTERS
    };
    defused(text)
        .chars()
        .filter(whole)
        .take_while(fits)
        .collect()
}

fn failed(cause: XlsxError) -> Error {
    Error::Machine(std::io::Error::other(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(folder: &Path, most: u32) -> Book {
        Book::new("Rows", &["number", "at (UTC)"], folder, most).expect("a book")
    }

    #[test]
    fn a_workbook_that_is_too_large_is_refused_with_a_way_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut book = book(folder.path(), 1000);
        for number in 0..1000 {
            book.row(&[Cell::Number(number)]).expect("a row");
        }

        let refused = book.row(&[Cell::Number(1000)]).expect_err("too many");
        let foreseen = book.expect(1001).expect_err("too many");

        let text = refused.to_string();
        assert!(
            text.contains("at most 1,048,575 rows") && text.contains("CSV"),
            "{text}"
        );
        assert_eq!(foreseen.to_string(), text);
        assert!(book.expect(1000).is_ok());
    }

    #[test]
    fn a_text_that_no_cell_can_hold_is_cut_where_excel_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut book = book(folder.path(), MOST);
        let long = "😀".repeat(20_000);

        book.row(&[Cell::Number(1), Cell::text(&long)])
            .expect("a row");

        assert!(book.end().is_ok());
        assert_eq!(fitting(&long).chars().count(), MOST_LETTERS / 2);
    }

    #[test]
    fn nothing_of_a_workbook_stays_in_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut book = book(folder.path(), MOST);
        for number in 0..10_000 {
            book.row(&[Cell::Number(number), Cell::at(number)])
                .expect("a row");
        }

        let bytes = book
            .end()
            .expect("an end")
            .save_to_buffer()
            .expect("a file");

        assert!(bytes.starts_with(b"PK"));
        let left = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 0);
    }
}
