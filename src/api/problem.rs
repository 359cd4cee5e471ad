//! Errors as clients' programs read them: problem details after RFC 9457.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use bytes::Bytes;
use serde::Serialize;
use thiserror::Error;

use crate::error::{Error, Resync, with_causes};
use crate::requests::Standing;
use crate::tokens::{Refusal, Scope};

/// What a client without a token is told.
const BEARER: &str = "Bearer realm=\"alx-report-api\"";
/// What one is told whose token has ended.
const BEARER_EXPIRED: &str =
    "Bearer realm=\"alx-report-api\", error=\"invalid_token\", error_description=\"expired\"";

/// What a request of a program failed with. The text is safe to show.
#[derive(Debug, Error)]
pub enum ApiError {
    /// 400: each parameter that is not as it must be.
    #[error("some parameters are not as they must be; errors names each")]
    Parameters(Vec<BadParameter>),
    /// 401: no token, or none that is valid.
    #[error("send a valid token as `Authorization: Bearer alx_…`")]
    Unauthorized,
    /// 401: the token has ended.
    #[error("this token has expired; ask for a new one")]
    Expired,
    /// 403: the token may not come from here.
    #[error("the network that this request comes from is not allowed here")]
    WrongNetwork,
    /// 403: Moodle refuses the token, which was adopted from there.
    #[error("Moodle refuses this token: {0}")]
    Refused(Refusal),
    /// 429: the day's calls are used up.
    #[error(
        "the limit of {} calls per day of this {} is reached; the next day begins in {} seconds",
        .0.limit,
        if .0.of_company { "company" } else { "token" },
        .0.resets_in
    )]
    LimitReached(Standing),
    /// 429: too many requests of the company are being answered.
    #[error("too many requests of this company are being answered; try again in a second")]
    Busy,
    /// 403: the token may not do this.
    #[error("this token does not have the scope {0}")]
    MissingScope(Scope),
    /// 404: no such address.
    #[error("there is nothing at this address")]
    NoSuchPath,
    /// 405: the address knows these methods only.
    #[error("this address answers {0} only")]
    MethodNotAllowed(&'static str),
    /// 406: none of the types that the client accepts.
    #[error("this address answers {0}")]
    NotAcceptable(&'static str),
    /// 408: the body took too long to arrive.
    #[error("the body of the request did not arrive in time")]
    TooSlow,
    /// 413: the body is too big.
    #[error("the body of the request is too big")]
    TooLarge,
    /// 415: the body is compressed or of another type.
    #[error("{0}")]
    UnsupportedMedia(&'static str),
    /// Whatever the rooms below report.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// A parameter and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BadParameter {
    /// Its name, as the client wrote it.
    pub name: String,
    /// What it must be.
    pub reason: String,
}

/// An error: problem details after RFC 9457.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Problem<'a> {
    /// Which error: `urn:alx-report-api:problem:` and a name.
    r#type: String,
    /// The error in a few words, always the same for its type.
    title: &'static str,
    /// The status of the reply.
    status: u16,
    /// What is wrong with this request.
    detail: String,
    /// The path that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    /// Of 410: why the cursor cannot be followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Resync>,
    /// The id of the request, for support.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    /// Each parameter that is not as it must be.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [BadParameter],
}

impl ApiError {
    /// One parameter that is not as it must be.
    pub fn parameter(name: &str, reason: &str) -> Self {
        Self::Parameters(vec![BadParameter {
            name: name.to_owned(),
            reason: reason.to_owned(),
        }])
    }

    /// The problem document, with the path and the id of the request it answers.
    pub fn document(&self, instance: Option<&str>, request_id: Option<&str>) -> Bytes {
        let (status, kind, title) = self.kind();
        let problem = Problem {
            r#type: format!("urn:alx-report-api:problem:{kind}"),
            title,
            status: status.as_u16(),
            detail: self.detail(),
            instance,
            reason: match self {
                Self::Failed(Error::Resync(reason)) => Some(*reason),
                _ => None,
            },
            request_id,
            errors: match self {
                Self::Parameters(errors) => errors,
                _ => &[],
            },
        };
        serde_json::to_vec(&problem)
            .expect("a problem is plain text and numbers")
            .into()
    }

    /// The error and what caused it, for the log of failures that are ours; `None` for the client's own.
    pub fn for_log(&self) -> Option<String> {
        let ours = self.status_code().is_server_error();
        ours.then(|| with_causes(self))
    }

    /// Status, the end of the type, and the title that goes with the type.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Parameters(_) | Self::Failed(Error::Invalid(_)) => {
                (StatusCode::BAD_REQUEST, "bad-request", "Bad request")
            }
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "No valid token"),
            Self::Expired => (StatusCode::UNAUTHORIZED, "token-expired", "Token expired"),
            Self::WrongNetwork => (
                StatusCode::FORBIDDEN,
                "wrong-network",
                "Network not allowed",
            ),
            Self::Refused(_) => (StatusCode::FORBIDDEN, "token-refused", "Token refused"),
            Self::LimitReached(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "limit-reached",
                "Daily limit reached",
            ),
            Self::Busy => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-at-once",
                "Too many requests at once",
            ),
            Self::MissingScope(_) => (StatusCode::FORBIDDEN, "missing-scope", "Missing scope"),
            Self::NoSuchPath | Self::Failed(Error::NotFound(_)) => {
                (StatusCode::NOT_FOUND, "not-found", "Not found")
            }
            Self::MethodNotAllowed(_) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Method not allowed",
            ),
            Self::NotAcceptable(_) => (
                StatusCode::NOT_ACCEPTABLE,
                "not-acceptable",
                "Not acceptable",
            ),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow", "Request timeout"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Body too big"),
            Self::UnsupportedMedia(_) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media",
                "Unsupported media type",
            ),
            Self::Failed(error) => kind_of_failure(error),
        }
    }

    /// Like the text, without what only the operator should read.
    pub fn detail(&self) -> String {
        match self {
            Self::Failed(Error::MoodleUnavailable(_)) => {
                "the Moodle database cannot be reached".into()
            }
            Self::Failed(Error::MoodleUnreadable(_)) => "the Moodle database cannot be read".into(),
            Self::Failed(Error::Setup(_) | Error::Machine(_)) => "the log has the reason".into(),
            shown => shown.to_string(),
        }
    }

    /// The header that goes with it: who may come, with which methods, or when to try again.
    pub(super) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let fixed = HeaderValue::from_static;
        match self {
            Self::Unauthorized => Some((WWW_AUTHENTICATE, fixed(BEARER))),
            Self::Expired => Some((WWW_AUTHENTICATE, fixed(BEARER_EXPIRED))),
            Self::MethodNotAllowed(allowed) => Some((ALLOW, fixed(allowed))),
            Self::LimitReached(standing) => Some((RETRY_AFTER, standing.resets_in.into())),
            Self::Busy => Some((RETRY_AFTER, fixed("1"))),
            _ if self.status_code() == StatusCode::SERVICE_UNAVAILABLE => {
                Some((RETRY_AFTER, fixed("10")))
            }
            _ => None,
        }
    }
}

/// An error's name: the end of its type.
pub fn name(error: &ApiError) -> &'static str {
    error.kind().1
}

fn kind_of_failure(error: &Error) -> (StatusCode, &'static str, &'static str) {
    match error {
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "not-found", "Not found"),
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "bad-request", "Bad request"),
        Error::Conflict(_) | Error::Cancelled | Error::Moved => {
            (StatusCode::CONFLICT, "conflict", "Conflict")
        }
        Error::KeyReused => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "Idempotency key reused",
        ),
        Error::LinesLetGo => (StatusCode::GONE, "lines-let-go", "Lines let go"),
        Error::Resync(_) => (StatusCode::GONE, "resync-required", "Resync required"),
        Error::MoodleUnavailable(_) | Error::MoodleNotConfigured => (
            StatusCode::SERVICE_UNAVAILABLE,
            "moodle-unavailable",
            "Moodle unavailable",
        ),
        Error::MoodleUnreadable(_) => (
            StatusCode::BAD_GATEWAY,
            "moodle-unreadable",
            "Moodle unreadable",
        ),
        Error::StoreUnavailable(_) | Error::Store(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "store-unavailable",
            "Store unavailable",
        ),
        Error::Setup(_) | Error::Machine(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal error",
        ),
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        if let Some(header) = self.header() {
            response.insert_header(header);
        }
        response.body(self.document(None, None))
    }
}

/// Answers every address of the API that nothing else answers.
pub async fn no_such_path() -> Result<HttpResponse, ApiError> {
    Err(ApiError::NoSuchPath)
}
