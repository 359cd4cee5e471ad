//! Errors in Moodle's envelope, with HTTP 200 as Moodle answers them, unless Moodle has no such error.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER,
};
use actix_web::{HttpResponse, ResponseError as _};
use thiserror::Error;

use super::{Format, php};
use crate::api::{ApiError, problem};
use crate::tokens::Refusal;

/// What a call failed with. The texts are Moodle's and the plugin's own.
#[derive(Debug, Error)]
pub enum MoodleException {
    /// The token is missing, unknown or revoked.
    #[error("Invalid token - token not found")]
    InvalidToken,
    /// The token may not read, has expired, may not come from there, or Moodle refuses it.
    #[error("Access control exception")]
    AccessException,
    /// The token's person is suspended in Moodle.
    #[error("Refused web service access for suspended username: {0}")]
    UserSuspended(String),
    /// The token's person is in no company.
    #[error("User is not associated with any company")]
    NoCompany,
    /// There is no such function.
    #[error("Can't find data record in database table external_functions.")]
    InvalidRecord,
    /// A parameter is unknown or of the wrong type, or the function's name is missing.
    #[error("Invalid parameter value detected")]
    InvalidParameter,
    /// The limit is below 1.
    #[error("local_alx_report_api/invalidlimit")]
    InvalidLimit,
    /// The limit is above this one.
    #[error(
        "Requested limit is too large. Maximum allowed records per request is {0}. \
         Please reduce your limit parameter and try again."
    )]
    LimitTooLarge(i64),
    /// The offset is below 0.
    #[error("local_alx_report_api/invalidoffset")]
    InvalidOffset,
    /// Something else than POST.
    #[error("Only POST method is allowed for security reasons")]
    InvalidRequestMethod,
    /// The day's calls are used up.
    #[error("Daily rate limit exceeded")]
    RateLimitExceeded,
    /// The store does not answer, or a page lost rows while its client read on: 503, so that clients try again.
    #[error("local_alx_report_api/databaseerror")]
    Database(#[source] ApiError),
    /// What Moodle has no error for, with the status of our other doors: too many calls at once, or a body that cannot be
    /// taken.
    #[error(transparent)]
    Refused(ApiError),
}

impl From<ApiError> for MoodleException {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Unauthorized => Self::InvalidToken,
            ApiError::MissingScope(_) | ApiError::Expired | ApiError::WrongNetwork => {
                Self::AccessException
            }
            ApiError::Refused(Refusal::Access) => Self::AccessException,
            ApiError::Refused(Refusal::Suspended(_, username)) => Self::UserSuspended(username),
            ApiError::LimitReached(_) => Self::RateLimitExceeded,
            ApiError::Busy
            | ApiError::TooSlow
            | ApiError::TooLarge
            | ApiError::UnsupportedMedia(_)
            | ApiError::Parameters(_) => Self::Refused(error),
            error => Self::Database(error),
        }
    }
}

impl MoodleException {
    /// Moodle's class and code of the error.
    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::InvalidToken => ("moodle_exception", "invalidtoken"),
            Self::AccessException => ("webservice_access_exception", "accessexception"),
            Self::UserSuspended(_) => ("moodle_exception", "wsaccessusersuspended"),
            Self::NoCompany => ("moodle_exception", "nocompanyassociation"),
            Self::InvalidRecord => ("dml_missing_record_exception", "invalidrecord"),
            Self::InvalidParameter => ("invalid_parameter_exception", "invalidparameter"),
            Self::InvalidLimit => ("moodle_exception", "invalidlimit"),
            Self::LimitTooLarge(_) => ("moodle_exception", "limittoolarge"),
            Self::InvalidOffset => ("moodle_exception", "invalidoffset"),
            Self::InvalidRequestMethod => ("moodle_exception", "invalidrequestmethod"),
            Self::RateLimitExceeded => ("moodle_exception", "ratelimitexceeded"),
            Self::Database(_) => ("moodle_exception", "databaseerror"),
            Self::Refused(error) => ("moodle_exception", problem::name(error)),
        }
    }

    /// Moodle's code of the error; of one that Moodle does not have, our other doors' name of it.
    pub fn code(&self) -> &'static str {
        self.names().1
    }

    /// The reply in the format that the call asked for.
    pub fn reply(&self, format: Format) -> HttpResponse {
        let mut reply = HttpResponse::Ok();
        match self {
            Self::Database(error) => {
                if let Some(why) = error.for_log() {
                    log::error!("{why}");
                }
                reply.status(StatusCode::SERVICE_UNAVAILABLE);
                reply.insert_header((RETRY_AFTER, "10"));
            }
            Self::Refused(error) => {
                reply.status(error.status_code());
                if let Some(header) = error.header() {
                    reply.insert_header(header);
                }
            }
            _ => {}
        }
        reply
            .content_type(format.content_type())
            .body(self.write(format))
    }

    fn write(&self, format: Format) -> String {
        let (class, code) = self.names();
        let message = self.to_string();
        match format {
            Format::Json => {
                let message = php::json_text(&message);
                format!(r#"{{"exception":"{class}","errorcode":"{code}","message":{message}}}"#)
            }
            Format::Xml => {
                let (head, message) = (php::XML_HEAD, php::xml_text(&message));
                format!(
                    "{head}<EXCEPTION class=\"{class}\">\n<ERRORCODE>{code}</ERRORCODE>\n\
                     <MESSAGE>{message}</MESSAGE>\n</EXCEPTION>\n"
                )
            }
        }
    }
}

impl Format {
    /// The type that Moodle gives it.
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml; charset=utf-8",
        })
    }

    /// What Moodle adds to the headers of XML.
    pub fn label(self, headers: &mut HeaderMap) {
        let is_xml = |kind: &HeaderValue| kind.as_bytes().starts_with(b"application/xml");
        if headers.get(CONTENT_TYPE).is_some_and(is_xml) {
            let name = HeaderValue::from_static("inline; filename=\"response.xml\"");
            headers.insert(CONTENT_DISPOSITION, name);
        }
    }
}
