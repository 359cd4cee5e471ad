//! Every row of a snapshot in the form that a client wants, read batch after batch so that memory stays flat.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::accept::Form;
use super::rows::{ProgressItem, cells, columns};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::export::{self, Pieces};
use crate::fields::Fields;
use crate::ids::CompanyId;
use crate::progress::Row;
use crate::progress::feed::{self, Filter};

/// Rows per look into the store.
const BATCH: i64 = 1000;

/// Which rows go where.
pub struct Lines {
    /// Whose rows.
    pub company: CompanyId,
    /// Which of them.
    pub filter: Filter,
    /// What shows of them.
    pub fields: Fields,
    /// How they are written.
    pub form: Form,
    /// Whether lines are compressed.
    pub gzip: bool,
    /// Where a workbook is made.
    pub folder: PathBuf,
    /// How many there were so far.
    pub written: Arc<AtomicI64>,
}

impl Lines {
    /// Writes them all.
    pub fn write(&self, conn: &mut Conn, pieces: &mut Pieces) -> Result<()> {
        if self.form == Form::Xlsx {
            return self.write_book(conn, pieces);
        }
        if !self.gzip {
            return self.write_lines(conn, pieces);
        }
        let mut gzip = GzEncoder::new(pieces, Compression::new(6));
        self.write_lines(conn, &mut gzip)?;
        gzip.finish()?;
        Ok(())
    }

    fn write_lines(&self, conn: &mut Conn, out: &mut impl Write) -> Result<()> {
        if self.form == Form::Csv {
            let mut head = csv_writer(&mut *out);
            head.write_record(columns(self.fields)).map_err(failed)?;
            head.flush()?;
        }
        self.each_batch(conn, |rows| match self.form {
            Form::Csv => write_csv(rows, self.fields, out),
            _ => write_ndjson(rows, self.fields, out),
        })
    }

    fn write_book(&self, conn: &mut Conn, pieces: &mut Pieces) -> Result<()> {
        let columns = columns(self.fields);
        export::workbook(("Progress", &columns), &self.folder, pieces, |book| {
            self.each_batch(conn, |rows| {
                let mut rows = rows.iter();
                rows.try_for_each(|row| book.row(&cells(row, self.fields)))
            })
        })
    }

    fn each_batch(
        &self,
        conn: &mut Conn,
        mut write: impl FnMut(&[Row]) -> Result<()>,
    ) -> Result<()> {
        let mut after = None;
        loop {
            let rows = feed::page(conn, self.company, &self.filter, after, BATCH)?;
            write(&rows)?;
            let count = rows.len() as i64;
            self.written.fetch_add(count, Ordering::Relaxed);
            if count < BATCH {
                return Ok(());
            }
            after = rows.last().map(Row::key);
        }
    }
}

fn write_ndjson(rows: &[Row], fields: Fields, out: &mut impl Write) -> Result<()> {
    for row in rows {
        let item = ProgressItem::of(row, fields);
        serde_json::to_writer(&mut *out, &item).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn write_csv(rows: &[Row], fields: Fields, out: &mut impl Write) -> Result<()> {
    let mut lines = csv_writer(out);
    for row in rows {
        let item = ProgressItem::of(row, fields).defused();
        lines.serialize(item).map_err(failed)?;
    }
    Ok(lines.flush()?)
}

/// Without the mark that Excel looks for: programs would take it for a part of the first name.
fn csv_writer<W: Write>(out: W) -> csv::Writer<W> {
    csv::WriterBuilder::new()
        .has_headers(false)
        .terminator(csv::Terminator::CRLF)
        .from_writer(out)
}

fn failed(cause: csv::Error) -> Error {
    Error::Machine(std::io::Error::other(cause))
}
