//! CSV as RFC 4180 has it, with the mark that tells Excel it is UTF-8.

use std::io::Write;

use csv::Writer;

use super::chunks::{self, Body};
use super::{Cell, Rows, Seat, Table, defused};
use crate::error::{Error, Result};

const MARK: &str = "\u{feff}";

/// Streams a table while it is read.
pub async fn stream(table: Table, seat: Seat) -> Result<Body> {
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
            match cell {
                Cell::Text(text) => self.0.write_field(defused(text).as_bytes()),
                Cell::Number(number) => self.0.write_field(number.to_string()),
            }
            .map_err(failed)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(failed)
    }
}

fn failed(cause: csv::Error) -> Error {
    Error::Machine(std::io::Error::other(cause))
}
