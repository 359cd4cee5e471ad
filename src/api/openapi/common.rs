//! What every operation has: the token, its errors, and the headers of its replies.

use std::sync::LazyLock;

use utoipa::Modify;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Header, ObjectBuilder, OpenApi, RefOr, Response, Type};

use super::errors::{self, Called};
use crate::api::empty::REASONS;

/// Headers of every reply with data: name and meaning.
const HEADERS: [(&str, &str); 9] = [
    (
        "ETag",
        "Names exactly this reply; send it as `If-None-Match` and get 304 while it holds. A 304 counts for no limit.",
    ),
    (
        "Alx-Data-Version",
        "The company's data version that the reply shows.",
    ),
    (
        "Alx-As-Of",
        "When Moodle was as the reply says, RFC 3339; missing before the first sync.",
    ),
    (
        "Alx-Sync-Run",
        "The run that confirmed the data last; missing before the first sync.",
    ),
    (
        "Alx-Cache",
        "`hit` when nothing had to be read: the reply was kept since an earlier request, or the client names it (304); else `miss`.",
    ),
    (
        "RateLimit-Policy",
        "The daily limit that is nearest to its end: `q` calls in `w` seconds; missing without limits.",
    ),
    (
        "RateLimit",
        "How it stands: `r` calls left, `t` seconds until the next day begins.",
    ),
    (
        "Alx-Token-Expires",
        "When the token ends, RFC 3339; from 30 days before on.",
    ),
    ("X-Request-Id", "The request's id, for support."),
];

/// Why a list is empty, word by word.
static WHY_EMPTY: LazyLock<String> = LazyLock::new(|| {
    let word = |(word, meaning): &(&str, &str)| format!("`{word}`: {meaning}");
    let words: Vec<String> = REASONS.iter().map(word).collect();
    let words = words.join("; ");
    format!("Why there are no items, where there are none. {words}.")
});

/// Those of them that errors carry too, where the token is known.
const OF_ERRORS: [&str; 7] = [
    "Alx-Data-Version",
    "Alx-As-Of",
    "Alx-Sync-Run",
    "RateLimit-Policy",
    "RateLimit",
    "Alx-Token-Expires",
    "X-Request-Id",
];

/// Adds it to the whole description.
pub struct Common;

impl Modify for Common {
    fn modify(&self, api: &mut OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token as the dashboard or `token create` gives it."));
        let scheme = SecurityScheme::Http(bearer.build());
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", scheme);
        for (path, item) in &mut api.paths.paths {
            let operations = [&mut item.get, &mut item.post];
            let operations = operations.into_iter().flatten();
            operations.for_each(|operation| complete(path, operation));
        }
    }
}

fn complete(path: &str, operation: &mut Operation) {
    let called = Called::of(path, operation);
    let responses = &mut operation.responses.responses;
    for (status, when) in errors::ANY {
        let new = || RefOr::T(Response::new(when));
        responses.entry(status.to_owned()).or_insert_with(new);
    }
    for (status, response) in responses.iter_mut() {
        let RefOr::T(response) = response else {
            continue;
        };
        if status.starts_with('2') || status == "304" {
            tell(response, HEADERS.iter());
            if status == "200" && called.is_list() {
                tell(response, [("Alx-Empty-Reason", WHY_EMPTY.as_str())].iter());
            }
        } else {
            tell(
                response,
                HEADERS.iter().filter(|(name, _)| OF_ERRORS.contains(name)),
            );
            errors::describe(&called, status, response);
        }
    }
}

/// Adds headers that are not described yet.
fn tell<'a>(
    response: &mut Response,
    headers: impl Iterator<Item = &'a (&'static str, &'static str)>,
) {
    for (name, meaning) in headers {
        let headers = &mut response.headers;
        let new = || header(meaning).into();
        headers.entry((*name).to_owned()).or_insert_with(new);
    }
}

/// A header with a text.
pub fn header(meaning: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new()
        .schema(Some(text))
        .description(Some(meaning))
        .build()
}
