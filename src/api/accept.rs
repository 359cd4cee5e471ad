//! In which form a client wants rows, by its `Accept`.

use actix_web::http::header::{ACCEPT, HeaderMap};

use super::ApiError;
use crate::export::Format;

/// A form of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One page.
    Json,
    /// Every row, one JSON object per line.
    Ndjson,
    /// Every row, RFC 4180.
    Csv,
    /// Every row, a workbook of Excel.
    Xlsx,
}

/// What a 406 tells.
pub const FORMS: &str =
    "application/json, application/x-ndjson, text/csv or a workbook of Excel only";

impl Form {
    /// Those that stand first are given where a client likes several alike.
    const ALL: [Self; 4] = [Self::Json, Self::Ndjson, Self::Csv, Self::Xlsx];

    /// The one that a client likes best: pages of JSON where it says nothing; `NotAcceptable` where we have none.
    pub fn wanted(headers: &HeaderMap) -> Result<Self, ApiError> {
        let lists = headers.get_all(ACCEPT);
        let lists: Vec<&str> = lists.filter_map(|list| list.to_str().ok()).collect();
        let ranges: Vec<Range<'_>> = lists
            .iter()
            .flat_map(|list| list.split(','))
            .filter_map(Range::read)
            .collect();
        if ranges.is_empty() {
            return Ok(Self::Json);
        }
        let liked = |form: Self| {
            let fitting = ranges.iter().filter(|range| range.fits(form));
            let said = fitting.max_by_key(|range| range.precision());
            said.map_or(0, |range| range.weight)
        };
        let best = Self::ALL.into_iter().rev().max_by_key(|form| liked(*form));
        best.filter(|form| liked(*form) > 0)
            .ok_or(ApiError::NotAcceptable(FORMS))
    }

    /// Its type and subtype.
    fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Ndjson => ("application", "x-ndjson"),
            Self::Csv => ("text", "csv"),
            Self::Xlsx => (
                "application",
                "vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
        }
    }

    /// The value of `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => Format::Xlsx.content_type(),
        }
    }
}

/// One entry of `Accept`; its weight in thousandths.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    weight: u16,
}

impl<'a> Range<'a> {
    /// What is no media range is left out.
    fn read(entry: &'a str) -> Option<Self> {
        let mut parts = entry.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let weight = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.eq_ignore_ascii_case("q").then_some(value)
        });
        let weight: f32 = weight.map_or(Some(1.0), |text| text.trim().parse().ok())?;
        let weight = (0.0..=1.0).contains(&weight).then_some(weight)?;
        Some(Self {
            kind,
            subtype,
            weight: (weight * 1000.0) as u16,
        })
    }

    fn fits(&self, form: Form) -> bool {
        let (kind, subtype) = form.name();
        let fits = |said: &str, name: &str| said == "*" || said.eq_ignore_ascii_case(name);
        fits(self.kind, kind) && fits(self.subtype, subtype)
    }

    fn precision(&self) -> (bool, bool) {
        (self.kind != "*", self.subtype != "*")
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn wanted(text: &'static str) -> Option<Form> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(text));
        Form::wanted(&headers).ok()
    }

    #[test]
    fn a_client_gets_the_form_it_likes_best() {
        assert_eq!(Form::wanted(&HeaderMap::new()).expect("some"), Form::Json);
        for (text, form) in [
            ("", Some(Form::Json)),
            ("*/*", Some(Form::Json)),
            ("text/html, */*;q=0.8", Some(Form::Json)),
            ("application/*", Some(Form::Json)),
            ("text/*", Some(Form::Csv)),
            ("TEXT/CSV; charset=utf-8", Some(Form::Csv)),
            ("application/x-ndjson", Some(Form::Ndjson)),
            (
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                Some(Form::Xlsx),
            ),
            ("application/json;q=0.5, text/csv", Some(Form::Csv)),
            (
                "text/csv;q=0.1, application/x-ndjson;q=0.2",
                Some(Form::Ndjson),
            ),
            ("application/json;q=0, */*", Some(Form::Ndjson)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("text/csv;q=2, application/xml", None),
        ] {
            assert_eq!(wanted(text), form, "{text}");
        }
    }
}
