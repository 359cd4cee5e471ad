//! Rows in the plugin's order of keys, as JSON and as Moodle's XML.

use std::fmt::Write as _;

use chrono::DateTime;

use super::{Format, php};
use crate::progress::Row;

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

impl Date {
    fn of(seconds: Option<i64>) -> Self {
        let unix = seconds.unwrap_or(0);
        let moment = DateTime::from_timestamp(unix, 0).filter(|_| unix != 0);
        let written = moment.map(|moment| moment.format("%Y-%m-%d %H:%M:%S").to_string());
        Self {
            written: written.unwrap_or_default(),
            unix,
        }
    }
}

/// The body of a successful call.
pub fn write(rows: &[Row], format: Format) -> String {
    let mut out = String::with_capacity(64 + rows.len() * 320);
    match format {
        Format::Json => write_json(&mut out, rows),
        Format::Xml => write_xml(&mut out, rows),
    }
    out
}

fn write_json(out: &mut String, rows: &[Row]) {
    out.push('[');
    for (place, row) in rows.iter().enumerate() {
        out.push_str(if place == 0 { "{" } else { ",{" });
        let mut first = true;
        each_value(row, |name, value| {
            let comma = if std::mem::take(&mut first) { "" } else { "," };
            let _ = write!(out, "{comma}\"{name}\":");
            match value {
                Value::Text(text) => php::push_json_text(out, text),
                Value::Number(number) => push(out, number),
                Value::Decimal(number) => push(out, number),
            }
        });
        out.push('}');
    }
    out.push(']');
}

fn write_xml(out: &mut String, rows: &[Row]) {
    out.push_str(php::XML_HEAD);
    out.push_str("<RESPONSE>\n<MULTIPLE>\n");
    for row in rows {
        out.push_str("<SINGLE>\n");
        each_value(row, |name, value| {
            let _ = write!(out, "<KEY name=\"{name}\"><VALUE>");
            match value {
                Value::Text(text) => out.push_str(&php::xml_text(text)),
                Value::Number(number) => push(out, number),
                Value::Decimal(number) => push(out, number),
            }
            out.push_str("</VALUE>\n</KEY>\n");
        });
        out.push_str("</SINGLE>\n");
    }
    out.push_str("</MULTIPLE>\n</RESPONSE>\n");
}

fn push(out: &mut String, number: impl std::fmt::Display) {
    let _ = write!(out, "{number}");
}

fn each_value(row: &Row, mut take: impl FnMut(&str, Value<'_>)) {
    let content = &row.content;
    let completed = Date::of(content.timecompleted);
    let started = Date::of(content.timestarted);
    take("userid", Value::Number(row.user_id.0));
    take("firstname", Value::Text(&content.firstname));
    take("lastname", Value::Text(&content.lastname));
    take("email", Value::Text(&content.email));
    take("username", Value::Text(&content.username));
    take("coursename", Value::Text(&content.coursename));
    take("timecompleted", Value::Text(&completed.written));
    take("timecompleted_unix", Value::Number(completed.unix));
    take("timestarted", Value::Text(&started.written));
    take("timestarted_unix", Value::Number(started.unix));
    let percentage = php::percentage(content.percentage.unwrap_or(0.0));
    take("percentage", Value::Decimal(percentage));
    take("status", Value::Text(content.status.as_str()));
}
