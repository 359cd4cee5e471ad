//! What every operation has: the token, its errors, and the headers of its replies.

use utoipa::Modify;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, Header, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Type,
};

/// Errors that any call can meet: status and when.
const ERRORS: [(&str, &str); 5] = [
    ("401", "There is no token, or none that is valid now."),
    (
        "403",
        "The token does not have the scope, or may not come from this network.",
    ),
    (
        "429",
        "The day's calls are used up, or too many requests of the company are being answered; `Retry-After` says \
        for how many seconds.",
    ),
    ("500", "The server is not as it must be; its log says more."),
    (
        "503",
        "The store does not answer now; `Retry-After` says when to try again.",
    ),
];

/// Headers of every reply with data: name and meaning.
const HEADERS: [(&str, &str); 10] = [
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
        "`hit` when the reply was kept since an earlier request, else `miss`.",
    ),
    (
        "Alx-Empty-Reason",
        "Why there are no items, where there are none and it is known.",
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
        for item in api.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.post];
            operations.into_iter().flatten().for_each(complete);
        }
    }
}

fn complete(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    for (status, when) in ERRORS {
        let known = responses.contains_key(status);
        if !known {
            responses.insert(status.to_owned(), RefOr::T(problem(when)));
        }
    }
    for (status, response) in responses.iter_mut() {
        let RefOr::T(response) = response else {
            continue;
        };
        if status.starts_with('2') || status == "304" {
            for (name, meaning) in HEADERS {
                response
                    .headers
                    .entry(name.to_owned())
                    .or_insert_with(|| header(meaning).into());
            }
        } else if response.content.is_empty() {
            response.content = problem("").content;
        }
    }
}

fn problem(when: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    ResponseBuilder::new()
        .description(when)
        .content("application/problem+json", content)
        .build()
}

fn header(meaning: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new()
        .schema(Some(text))
        .description(Some(meaning))
        .build()
}
