//! A sheet: what a file is called, what its columns say of a row, and where its rows go.

use crate::error::Result;
use crate::export::{Cell, Rows};

/// The name of a column, and what it says of a row.
pub type Column<T> = (&'static str, fn(&T) -> Cell);

/// Rows read at a time where they are read page by page.
pub const BATCH: i64 = 1000;

/// One table of a page.
pub struct Sheet<T> {
    /// What the rows are: the name of the sheet, and how the name of the file begins.
    pub name: &'static str,
    /// Whose they are, for the name of the file; may be empty, may be hostile.
    pub whose: String,
    /// The columns, from left to right.
    pub columns: Vec<Column<T>>,
}

/// Where the rows of a sheet go.
pub struct Lines<'a, T> {
    rows: &'a mut dyn Rows,
    columns: Vec<Column<T>>,
    cells: Vec<Cell>,
}

impl<'a, T> Lines<'a, T> {
    /// Turns rows into cells and passes them on.
    pub fn new(rows: &'a mut dyn Rows, columns: Vec<Column<T>>) -> Self {
        let cells = Vec::with_capacity(columns.len());
        Self {
            rows,
            columns,
            cells,
        }
    }

    /// Says how many rows will come; a file that cannot hold so many is refused before work is done for it.
    pub fn expect(&mut self, rows: i64) -> Result<()> {
        self.rows.expect(rows)
    }

    /// Puts one row.
    pub fn put(&mut self, row: &T) -> Result<()> {
        self.cells.clear();
        let cells = self.columns.iter().map(|(_, value)| value(row));
        self.cells.extend(cells);
        self.rows.row(&self.cells)
    }

    /// Puts rows that are few enough to be held at once.
    pub fn put_all(&mut self, rows: impl IntoIterator<Item = T>) -> Result<()> {
        rows.into_iter().try_for_each(|row| self.put(&row))
    }

    /// Puts page after page, each read by how many rows came before it and how many it may have, until one is empty.
    pub fn put_pages(&mut self, mut load: impl FnMut(i64, i64) -> Result<Vec<T>>) -> Result<()> {
        let mut offset = 0;
        loop {
            let page = load(offset, BATCH)?;
            if page.is_empty() {
                return Ok(());
            }
            offset += page.len() as i64;
            self.put_all(page)?;
        }
    }
}
