//! The errors of every operation, each with an example and headers as the code itself makes them.

use serde_json::Value;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response};

use super::common::header;
use crate::api::accept::FORMS;
use crate::api::doors::ENCODED;
use crate::api::query::Query;
use crate::api::{ApiError, body};
use crate::error::{Error, Resync};
use crate::requests::Standing;
use crate::tokens::Scope;

/// Errors that any call can meet: status and when.
pub const ANY: [(&str, &str); 7] = [
    ("401", "There is no token, or none that is valid now."),
    (
        "403",
        "The token does not have the scope, or may not come from this network.",
    ),
    (
        "405",
        "The address does not know this method; `Allow` names those that it knows.",
    ),
    (
        "415",
        "The request has a `Content-Encoding`: bodies are read as they are.",
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

/// What the headers mean that some errors carry.
const HEADERS: [(&str, &str); 3] = [
    ("Retry-After", "Seconds after which to try again."),
    (
        "WWW-Authenticate",
        "How to send a token, and what was wrong with this one.",
    ),
    ("Allow", "The methods that the address knows."),
];
/// The id of the request in examples.
const REQUEST: &str = "0123456789abcdef";

/// How an operation is called.
pub struct Called {
    path: String,
    parameters: Vec<String>,
    methods: &'static str,
    /// `None` where any token may call.
    scope: Option<Scope>,
}

impl Called {
    /// The address and the parameters of an operation.
    pub fn of(path: &str, operation: &Operation) -> Self {
        let parameters = operation.parameters.iter().flatten();
        let in_query = parameters.filter_map(|one| match one {
            RefOr::T(one) if one.parameter_in == ParameterIn::Query => Some(one.name.clone()),
            _ => None,
        });
        let needs = serde_json::to_string(&operation.security).unwrap_or_default();
        let is_needed = |scope: &Scope| needs.contains(&format!("\"{scope}\""));
        Self {
            path: path.replace("{id}", "0123456789abcdef0123456789abcdef"),
            parameters: in_query.collect(),
            methods: match path {
                "/api/v1/syncs" => "GET, HEAD, POST",
                _ => "GET, HEAD",
            },
            scope: Scope::ALL.iter().copied().find(is_needed),
        }
    }

    /// Whether it reads what can be empty: a list, or a company's sums.
    pub fn is_list(&self) -> bool {
        self.parameters.iter().any(|name| name == "limit") || self.path == "/api/v1/summary"
    }

    /// An error of a status as this call can meet it.
    fn error(&self, status: &str) -> Option<ApiError> {
        let names: Vec<&str> = self.parameters.iter().map(String::as_str).collect();
        Some(match status {
            "400" => Query::read("page=2", &names).finish().err()?,
            "401" => ApiError::Unauthorized,
            "403" => self
                .scope
                .map_or(ApiError::WrongNetwork, ApiError::MissingScope),
            "404" => Error::NotFound("the sync run").into(),
            "405" => ApiError::MethodNotAllowed(self.methods),
            "406" => ApiError::NotAcceptable(FORMS),
            "408" => ApiError::TooSlow,
            "409" => Error::Moved.into(),
            "410" if self.path.ends_with("/changes") && self.path.contains("/syncs/") => {
                Error::LinesLetGo.into()
            }
            "410" => Error::Resync(Resync::Expired).into(),
            "413" => ApiError::TooLarge,
            "415" if self.methods.contains("POST") => ApiError::UnsupportedMedia(body::NO_JSON),
            "415" => ApiError::UnsupportedMedia(ENCODED),
            "422" => Error::KeyReused.into(),
            "429" => ApiError::LimitReached(Standing {
                limit: 100,
                of_company: false,
                used: 100,
                resets_in: 3600,
            }),
            "500" => Error::Setup(String::new()).into(),
            "503" => Error::unavailable(std::io::Error::other("away")).into(),
            _ => return None,
        })
    }
}

/// Gives an error its body, an example of it, and the headers that it carries.
pub fn describe(called: &Called, status: &str, response: &mut Response) {
    let error = called.error(status);
    let document = error
        .as_ref()
        .map(|error| error.document(Some(&called.path), Some(REQUEST)));
    let example = document.and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .example(example)
        .build();
    response
        .content
        .entry("application/problem+json".to_owned())
        .or_insert(RefOr::T(content));
    let carried = error.and_then(|error| error.header());
    let carried = carried.and_then(|(name, _)| {
        let mut known = HEADERS.into_iter();
        known.find(|(known, _)| known.eq_ignore_ascii_case(name.as_str()))
    });
    if let Some((name, meaning)) = carried {
        response
            .headers
            .insert(name.to_owned(), header(meaning).into());
    }
}
