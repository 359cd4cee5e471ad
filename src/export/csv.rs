//! CSV as RFC 4180 has it, with the mark that tells Excel it is UTF-8.

use std::io::Write;

use csv::Writer;

use super::cells::{defused, moment};
use super::chunks::{self, Body};
use super::{Cell, Rows, Table};
use crate::error::{Error, Result};

/// Without it Excel reads the letters of other alphabets wrongly; readers that know UTF-8 skip it.
const MARK: &str = "\u{feff}";

/// Streams a table while it is read.
pub async fn stream(table: Table, seat: impl Send + 'static) -> Result<Body> {
    chunks::written(seat, move |pieces| {
        pieces.write_all(MARK.as_bytes())?;
        let writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(pieces);
        let mut lines = Lines(writer);
        lines.0.write_record(table.columns).map_err(failed)?;
        (table.rows)(&mut lines)?;
        Ok(lines.0.flush()?)
    })
    .await
}

struct Lines<W: Write>(Writer<W>);

impl<W: Write> Rows for Lines<W> {
    fn row(&mut self, cells: &[Cell]) -> Result<()> {
        for cell in cells {
            self.field(cell).map_err(failed)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(failed)
    }
}

impl<W: Write> Lines<W> {
    fn field(&mut self, cell: &Cell) -> csv::Result<()> {
        match cell {
            Cell::Text(text) => self.0.write_field(defused(text).as_bytes()),
            Cell::Number(number) => self.0.write_field(number.to_string()),
            Cell::Fraction(number) => self.0.write_field(number.to_string()),
            Cell::Time(at) => self.0.write_field(moment(*at).unwrap_or_default()),
            Cell::Flag(flag) => self.0.write_field(flag.to_string()),
            Cell::None => self.0.write_field(""),
        }
    }
}

fn failed(cause: csv::Error) -> Error {
    Error::Machine(std::io::Error::other(cause))
}
