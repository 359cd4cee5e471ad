//! What PHP calls `$_REQUEST`: the query string, and over it the form of a POST; never a JSON body.

use actix_web::http::Method;
use actix_web::{HttpMessage as _, HttpRequest};
use url::form_urlencoded;

use super::{Format, multipart};

/// Most parameters that PHP takes by default.
const MOST: usize = 1000;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// Something with `[]` behind its name.
    Array,
}

/// The parameters of a request.
#[derive(Debug, Default)]
pub struct Form(Vec<(String, Value)>);

impl Form {
    /// Reads both places. Of two values of one name the later one counts, and the form's over the query string's.
    pub fn read(request: &HttpRequest, body: &[u8]) -> Self {
        let mut form = Self::default();
        form.add_urlencoded(request.query_string().as_bytes());
        if request.method() == Method::POST {
            match request.content_type().to_ascii_lowercase().as_str() {
                "application/x-www-form-urlencoded" => form.add_urlencoded(body),
                "multipart/form-data" => form.add_multipart(request, body),
                _ => {}
            }
        }
        form
    }

    /// A parameter's text; empty when it is missing or an array.
    pub fn text(&self, name: &str) -> &str {
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, Value::Text(text))) => text,
            _ => "",
        }
    }

    /// Every parameter once.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How the answer is to be written. Moodle looks at the letters only.
    pub fn format(&self) -> Format {
        let wanted = self.text("moodlewsrestformat").chars();
        let letters: String = wanted.filter(char::is_ascii_alphabetic).collect();
        match letters.as_str() {
            "json" => Format::Json,
            _ => Format::Xml,
        }
    }

    fn add_urlencoded(&mut self, text: &[u8]) {
        for (name, value) in form_urlencoded::parse(text).take(MOST) {
            self.add(&name, value.into_owned());
        }
    }

    fn add_multipart(&mut self, request: &HttpRequest, body: &[u8]) {
        let header = request.headers().get("content-type");
        let kind = header
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        for (name, value) in multipart::fields(kind, body).take(MOST) {
            self.add(&name, value);
        }
    }

    /// PHP's rules for names: no leading blanks, blanks and dots become `_`, a bracket makes an array.
    fn add(&mut self, name: &str, value: String) {
        let name = name.trim_start_matches(' ');
        let (name, value) = match name.split_once('[') {
            Some((before, after)) if !before.is_empty() && after.contains(']') => {
                (before, Value::Array)
            }
            _ => (name, Value::Text(value)),
        };
        let name = name.replace([' ', '.', '['], "_");
        if name.is_empty() {
            return;
        }
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }
}
