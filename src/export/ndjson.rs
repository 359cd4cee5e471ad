//! NDJSON: each line is a JSON object, with numbers as numbers and null where nothing is known.

use std::io::Write;

use serde::Serialize;

use super::cells::moment;
use super::chunks::{self, Body};
use super::{Cell, Rows, Table};
use crate::error::{Error, Result};

/// Streams a table while it is read.
pub async fn stream(table: Table, seat: impl Send + 'static) -> Result<Body> {
    chunks::written(seat, move |pieces| {
        (table.rows)(&mut Lines::new(pieces, &table.columns))
    })
    .await
}

/// The names before the values, with all that stands between them.
struct Lines<W> {
    out: W,
    keys: Vec<String>,
}

impl<W: Write> Lines<W> {
    fn new(out: W, columns: &[&str]) -> Self {
        let key = |(place, column): (usize, &&str)| {
            let name = column.trim_end_matches(" (UTC)").replace(' ', "_");
            let before = if place == 0 { '{' } else { ',' };
            format!("{before}{}:", serde_json::Value::from(name))
        };
        let keys = columns.iter().enumerate().map(key).collect();
        Self { out, keys }
    }

    fn value(&mut self, value: impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.out, &value).map_err(|cause| Error::Machine(cause.into()))
    }
}

impl<W: Write> Rows for Lines<W> {
    fn row(&mut self, cells: &[Cell]) -> Result<()> {
        for (place, cell) in cells.iter().enumerate() {
            if let Some(key) = self.keys.get(place) {
                self.out.write_all(key.as_bytes())?;
            }
            match cell {
                Cell::Text(text) => self.value(text),
                Cell::Number(number) => self.value(number),
                Cell::Fraction(number) => self.value(number),
                Cell::Time(at) => self.value(moment(*at)),
                Cell::Flag(flag) => self.value(flag),
                Cell::None => self.value(()),
            }?;
        }
        Ok(self.out.write_all(b"}\n")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_types_and_hostile_text_stays_in_its_line() {
        let mut out = Vec::new();
        let columns = [
            "company id",
            "name",
            "percentage",
            "completed (UTC)",
            "suspended",
            "started (UTC)",
        ];
        let row = [
            Cell::Number(-7),
            Cell::text("=1\"\r\n{\u{2028}"),
            Cell::Fraction(41.5),
            Cell::at(1_759_309_200),
            Cell::Flag(true),
            Cell::Time(i64::MAX),
        ];

        Lines::new(&mut out, &columns).row(&row).expect("a row");

        let text = String::from_utf8(out).expect("text");
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        let found: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let wanted = serde_json::json!({"company_id": -7, "name": "=1\"\r\n{\u{2028}", "percentage": 41.5,
            "completed": "2025-10-01T09:00:00Z", "suspended": true, "started": null});
        assert_eq!(found, wanted);
    }
}
