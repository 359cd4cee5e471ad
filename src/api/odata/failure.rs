//! Errors as OData writes them: one object with a code, a message and the option that is to blame.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use bytes::Bytes;
use serde_json::json;
use thiserror::Error;

use super::VERSION;
use crate::api::{ApiError, BadParameter, problem};
use crate::error::Error;
use crate::odata::filter::Refusal;

/// How a client may show who it is; Power BI and Excel offer the first.
const WAYS: [&str; 2] = [
    "Basic realm=\"alx-report-api\", charset=\"UTF-8\"",
    "Bearer realm=\"alx-report-api\"",
];

/// What a request of an OData client failed with. The text is safe to show.
#[derive(Debug, Error)]
pub enum ODataError {
    /// As at the other doors.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// 400: an option is not as it must be.
    #[error("{name}: {reason}")]
    Option {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// 501: OData has this, we do not.
    #[error("{name}: {reason}")]
    NotImplemented {
        /// What was asked for.
        name: String,
        /// What we have instead.
        reason: String,
    },
    /// 406: the client takes nothing that we can write.
    #[error("{0}")]
    NotAcceptable(&'static str),
    /// 410: a delta link that is no good any more.
    #[error(
        "this delta link is no good any more: {0}; read the whole set again with Prefer: odata.track-changes"
    )]
    Gone(&'static str),
}

impl ODataError {
    /// An option that is wrong or that we do not have.
    pub fn of(name: &str, refusal: Refusal) -> Self {
        let name = name.to_owned();
        match refusal {
            Refusal::Wrong(reason) => Self::Option { name, reason },
            Refusal::Unsupported(reason) => Self::NotImplemented { name, reason },
        }
    }

    /// An option that is wrong.
    pub fn option(name: &str, reason: &str) -> Self {
        Self::of(name, Refusal::Wrong(reason.to_owned()))
    }

    /// Its name in the log of requests.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Api(error) => problem::name(error),
            Self::Option { .. } => "bad-request",
            Self::NotImplemented { .. } => "not-implemented",
            Self::NotAcceptable(_) => "not-acceptable",
            Self::Gone(_) => "resync-required",
        }
    }

    /// The error and what caused it, for the log of failures that are ours; `None` for the client's own.
    pub fn for_log(&self) -> Option<String> {
        match self {
            Self::Api(error) => error.for_log(),
            _ => None,
        }
    }

    /// The error document.
    pub fn document(&self) -> Bytes {
        let (message, target) = match self {
            Self::Api(ApiError::Unauthorized) => (
                "send a valid token as the password of Basic sign-in, as `Authorization: Bearer alx_…`, or as the query \
                 parameter key"
                    .to_owned(),
                None,
            ),
            Self::Api(error) => (error.detail(), target(error)),
            Self::Option { name, .. } | Self::NotImplemented { name, .. } => {
                (self.to_string(), Some(name.as_str()))
            }
            other => (other.to_string(), None),
        };
        let mut error = json!({"code": self.name(), "message": message});
        if let Some(target) = target {
            error["target"] = target.into();
        }
        json!({"error": error}).to_string().into()
    }
}

fn target(error: &ApiError) -> Option<&str> {
    match error {
        ApiError::Parameters(wrong) => wrong.first().map(|BadParameter { name, .. }| name.as_str()),
        _ => None,
    }
}

impl From<Error> for ODataError {
    fn from(error: Error) -> Self {
        Self::Api(error.into())
    }
}

impl ResponseError for ODataError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Api(error) => error.status_code(),
            Self::Option { .. } => StatusCode::BAD_REQUEST,
            Self::NotImplemented { .. } => StatusCode::NOT_IMPLEMENTED,
            Self::NotAcceptable(_) => StatusCode::NOT_ACCEPTABLE,
            Self::Gone(_) => StatusCode::GONE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = match self {
            Self::Api(error) => error.error_response(),
            other => HttpResponse::new(other.status_code()),
        };
        let headers = response.headers_mut();
        headers.insert(VERSION.0, VERSION.1);
        let json = HeaderValue::from_static("application/json");
        headers.insert(actix_web::http::header::CONTENT_TYPE, json);
        if self.status_code() == StatusCode::UNAUTHORIZED {
            headers.remove(WWW_AUTHENTICATE);
            for way in WAYS {
                headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(way));
            }
        }
        response.set_body(actix_web::body::BoxBody::new(self.document()))
    }
}
