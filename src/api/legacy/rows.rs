//! Rows in the plugin's order of keys, as JSON and as Moodle's XML.

use std::fmt::Write as _;

use chrono::DateTime;

use super::{Format, php};
use crate::fields::{Field, Fields};
use crate::progress::Row;
use crate::settings::delivery::Zone;
use crate::windows::RowKey;

/// One value of a row.
enum Value<'a> {
    Text(&'a str),
    Number(i64),
    Decimal(f64),
}

/// A date in the two spellings that the plugin gives it: `Y-m-d H:i:s`, empty when there is none, and UTC seconds.
struct Date {
    written: String,
    unix: i64,
}

/// What an answer shows of each row, and how.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The fields that show.
    pub fields: Fields,
    /// Whether `courseid` takes the place of `username`.
    pub courseid_for_username: bool,
    /// Whose clock writes dates.
    pub zone: Zone,
    /// JSON or XML.
    pub format: Format,
}

impl Look {
    /// A short spelling for keys: other looks, other texts.
    pub fn code(self) -> String {
        let (fields, zone, format) = (self.fields.code(), self.zone.0.name(), self.format);
        let course = self.courseid_for_username;
        format!("{format:?}&fields={fields}&zone={zone}&courseid={course}")
    }

    /// What a client finds the same row by again.
    pub fn key(self) -> RowKey {
        let shows = |field| self.fields.has(field);
        let shows_course = self.courseid_for_username && shows(Field::Username);
        match shows(Field::UserId) {
            true if shows_course => RowKey::CourseId,
            true if shows(Field::CourseName) => RowKey::CourseName,
            _ => RowKey::Nothing,
        }
    }
}

impl Date {
    fn of(seconds: Option<i64>, zone: Zone) -> Self {
        let unix = seconds.unwrap_or(0);
        let moment = DateTime::from_timestamp(unix, 0).filter(|_| unix != 0);
        let written = moment.map(|moment| {
            let there = moment.with_timezone(&zone.0);
            there.format("%Y-%m-%d %H:%M:%S").to_string()
        });
        Self {
            written: written.unwrap_or_default(),
            unix,
        }
    }
}

/// The body of a successful call.
pub fn write(rows: &[Row], look: Look) -> String {
    let mut out = String::with_capacity(64 + rows.len() * 320);
    match look.format {
        Format::Json => write_json(&mut out, rows, look),
        Format::Xml => write_xml(&mut out, rows, look),
    }
    out
}

fn write_json(out: &mut String, rows: &[Row], look: Look) {
    out.push('[');
    for (place, row) in rows.iter().enumerate() {
        out.push_str(if place == 0 { "" } else { "," });
        let mut before = "{";
        each_value(row, look, |name, value| {
            let Some(value) = value else { return };
            let _ = write!(out, "{before}\"{name}\":");
            before = ",";
            match value {
                Value::Text(text) => php::push_json_text(out, text),
                Value::Number(number) => push(out, number),
                Value::Decimal(number) => push(out, number),
            }
        });
        // An object without keys is an empty list to PHP.
        out.push_str(if before == "{" { "[]" } else { "}" });
    }
    out.push(']');
}

fn write_xml(out: &mut String, rows: &[Row], look: Look) {
    out.push_str(php::XML_HEAD);
    out.push_str("<RESPONSE>\n<MULTIPLE>\n");
    for row in rows {
        out.push_str("<SINGLE>\n");
        each_value(row, look, |name, value| {
            let _ = write!(out, "<KEY name=\"{name}\">");
            match value {
                None => out.push_str("<VALUE null=\"null\"/>"),
                Some(Value::Text(text)) => value_tag(out, php::xml_text(text)),
                Some(Value::Number(number)) => value_tag(out, number),
                Some(Value::Decimal(number)) => value_tag(out, number),
            }
            out.push_str("\n</KEY>\n");
        });
        out.push_str("</SINGLE>\n");
    }
    out.push_str("</MULTIPLE>\n</RESPONSE>\n");
}

fn value_tag(out: &mut String, value: impl std::fmt::Display) {
    let _ = write!(out, "<VALUE>{value}</VALUE>");
}

fn push(out: &mut String, number: impl std::fmt::Display) {
    let _ = write!(out, "{number}");
}

/// Every field in the plugin's order; `None` for one that does not show. Moodle's XML names those too.
fn each_value(row: &Row, look: Look, mut take: impl FnMut(&str, Option<Value<'_>>)) {
    let content = &row.content;
    let completed = Date::of(content.timecompleted, look.zone);
    let started = Date::of(content.timestarted, look.zone);
    for field in Field::ALL.iter().copied() {
        let value = match field {
            Field::UserId => Value::Number(row.user_id.0),
            Field::FirstName => Value::Text(&content.firstname),
            Field::LastName => Value::Text(&content.lastname),
            Field::Email => Value::Text(&content.email),
            Field::Username if look.courseid_for_username => Value::Number(row.course_id.0),
            Field::Username => Value::Text(&content.username),
            Field::CourseName => Value::Text(&content.coursename),
            Field::TimeCompleted => Value::Text(&completed.written),
            Field::TimeCompletedUnix => Value::Number(completed.unix),
            Field::TimeStarted => Value::Text(&started.written),
            Field::TimeStartedUnix => Value::Number(started.unix),
            Field::Percentage => Value::Decimal(php::percentage(content.percentage.unwrap_or(0.0))),
            Field::Status => Value::Text(content.status.as_str()),
        };
        let name = match field {
            Field::Username if look.courseid_for_username => "courseid",
            field => field.as_str(),
        };
        take(name, look.fields.has(field).then_some(value));
    }
}
