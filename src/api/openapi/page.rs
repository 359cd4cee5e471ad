//! `GET /api/v1/docs`: the description as a page, without script.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::Value;

use super::DOCUMENT;
use super::objects::{self, FieldText, ObjectText};
use crate::api::ApiError;
use crate::api::query::Query;
use crate::error::Error;

/// The page: each call with its parameters, an example, and what it answers, and each object with its fields.
#[derive(Template)]
#[template(path = "api/docs.html")]
struct DocsPage {
    version: String,
    about: String,
    calls: Vec<CallText>,
    objects: Vec<ObjectText>,
}

/// One call.
struct CallText {
    id: String,
    method: &'static str,
    path: String,
    summary: String,
    about: String,
    scope: String,
    parameters: Vec<ParameterText>,
    body: Option<BodyText>,
    answers: Vec<AnswerText>,
}

/// One parameter.
struct ParameterText {
    /// Its name and what it can be.
    value: FieldText,
    place: String,
    about: String,
    example: String,
}

/// What a call sends.
struct BodyText {
    object: Option<String>,
    example: String,
}

/// A piece of a text: words, or what is code between backticks.
struct Piece {
    is_code: bool,
    text: String,
}

/// One answer.
struct AnswerText {
    status: String,
    about: String,
    /// The object in its body.
    object: Option<String>,
    example: Option<String>,
}

impl AnswerText {
    fn is_error(&self) -> bool {
        self.status.starts_with(['4', '5'])
    }
}

/// Shows it; no token and no sign-in is needed, for it holds no data.
pub async fn show_page(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Query::read(request.query_string(), &[]).finish()?;
    let document: Value =
        serde_json::from_str(&DOCUMENT.1).map_err(|cause| Error::Machine(cause.into()))?;
    let page = DocsPage {
        version: text(&document["info"]["version"]),
        about: text(&document["info"]["description"]),
        calls: calls(&document),
        objects: objects::all(&document),
    };
    let html = page
        .render()
        .map_err(|cause| Error::Machine(std::io::Error::other(cause)))?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(html))
}

fn calls(document: &Value) -> Vec<CallText> {
    let mut found = Vec::new();
    for (path, item) in entries(&document["paths"]) {
        for (key, method) in [("get", "GET"), ("post", "POST")] {
            if item[key].is_object() {
                found.push(call(path, method, &item[key]));
            }
        }
    }
    found
}

fn call(path: &str, method: &'static str, operation: &Value) -> CallText {
    let example = |content: &Value| {
        let (_, first) = entries(content).next()?;
        let shown = &first["example"];
        (!shown.is_null()).then(|| pretty(shown))
    };
    let object =
        |content: &Value| entries(content).find_map(|(_, one)| objects::object_of(&one["schema"]));
    let answer = |(status, response): (&str, &Value)| AnswerText {
        status: status.to_owned(),
        about: text(&response["description"]),
        object: object(&response["content"]),
        example: example(&response["content"]),
    };
    let sent = &operation["requestBody"]["content"];
    CallText {
        id: text(&operation["operationId"]),
        method,
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        about: text(&operation["description"]),
        scope: scope(operation),
        parameters: list(&operation["parameters"]).map(parameter).collect(),
        body: example(sent).map(|example| BodyText {
            object: object(sent),
            example,
        }),
        answers: entries(&operation["responses"]).map(answer).collect(),
    }
}

fn scope(operation: &Value) -> String {
    let first = list(&operation["security"]).next();
    let scopes = first.map(|one| list(&one["token"]).map(text).collect::<Vec<_>>());
    scopes.unwrap_or_default().join(", ")
}

fn parameter(parameter: &Value) -> ParameterText {
    let example = &parameter["example"];
    ParameterText {
        value: objects::field(&text(&parameter["name"]), &parameter["schema"]),
        place: text(&parameter["in"]),
        about: text(&parameter["description"]),
        example: example.as_str().map_or_else(
            || {
                if example.is_null() {
                    String::new()
                } else {
                    example.to_string()
                }
            },
            str::to_owned,
        ),
    }
}

/// A text cut at its backticks.
fn pieces(text: &str) -> Vec<Piece> {
    let cut = text.split('`').enumerate();
    cut.map(|(place, text)| Piece {
        is_code: place % 2 == 1,
        text: text.to_owned(),
    })
    .collect()
}

pub(super) fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
