//! What a browser reads when something went wrong: what it was, what to do, and the id in the log.

use actix_web::error::QueryPayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::ALLOW;
use actix_web::web::{PathConfig, QueryConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use super::error_words;
use super::filters;
use super::phrases::sentence_text;
use super::rights::Who;
use super::{Chrome, page};
use crate::admins::Role;
use crate::error::Error;
use crate::language::Said;

/// A failure that becomes a page.
#[derive(Debug)]
pub enum PageError {
    /// 303: nobody is signed in; afterwards the browser goes on to this page.
    SignIn(Option<String>),
    /// 303: the site asks for a second factor, which has to be set up first.
    NoSecondFactor,
    /// 403: the form was not sent by a page of this session.
    Forged,
    /// 403: somebody of this role may not do this; these may.
    NotAllowed {
        /// Who asked.
        role: Role,
        /// Who may.
        who: Who,
    },
    /// 400: the address or the form says something impossible.
    BadRequest(Said),
    /// 413: the form has more bytes than any form of ours.
    TooBig,
    /// 405: the address knows these methods only.
    MethodNotAllowed(&'static str),
    /// Everything the rooms below report.
    Failed(Error),
}

impl PageError {
    /// An error that no caller can mend.
    pub fn unexpected(cause: &dyn std::error::Error) -> Self {
        Self::Failed(Error::Machine(std::io::Error::other(cause.to_string())))
    }

    /// The page, with the id under which the log knows the request, for the reader of that request.
    pub fn document(&self, request_id: Option<&str>, request: Option<&HttpRequest>) -> String {
        let chrome = request.map_or_else(Chrome::nobody, Chrome::around_error);
        let (status, title, message, advice) = self.words(chrome.role);
        let reading = request.map(filters::reader_of).unwrap_or_default();
        if status.is_redirection() {
            return String::new();
        }
        let page = ErrorPage {
            chrome,
            status: status.as_u16(),
            title,
            message: sentence_text(&message.in_language(reading.language)),
            advice,
            request_id: request_id.map(str::to_owned),
        };
        let made = match request {
            Some(request) => page.render_with_values(&filters::values(request)),
            None => page.render(),
        };
        made.unwrap_or_else(|_| title.to_owned())
    }

    /// What the log should say, where somebody has to mend something.
    pub fn for_log(&self) -> Option<String> {
        let Self::Failed(error) = self else {
            return None;
        };
        let serious = self.status_code().is_server_error();
        serious.then(|| format!("a page failed: {error:?}"))
    }

    fn words(&self, reader: Option<Role>) -> (StatusCode, &'static str, Said, &'static str) {
        match self {
            Self::SignIn(_) => (StatusCode::SEE_OTHER, "Sign in", Said::new(""), ""),
            Self::NoSecondFactor => (
                StatusCode::SEE_OTHER,
                "Set up a second factor",
                Said::new(""),
                "",
            ),
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "This form is not valid any more",
                Said::new("It was not sent by a page of your present session, so nothing was changed."),
                "Go back, reload the page and send the form again.",
            ),
            Self::NotAllowed { role, who } => (
                StatusCode::FORBIDDEN,
                "Your role does not allow this",
                Said::new("You are signed in as {role}. This is for {who} only, so nothing was shown or changed.")
                    .saying("role", role_words(*role))
                    .saying("who", who.in_words()),
                "If you need it, ask an admin of this site to do it, or to change your role.",
            ),
            Self::TooBig => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "This form is too big",
                Said::new("It has more than 256 KB, so it was not read and nothing was changed."),
                "Go back and send less at once.",
            ),
            Self::BadRequest(why) => (
                StatusCode::BAD_REQUEST,
                "This request is not valid",
                why.clone(),
                "Go back and correct it.",
            ),
            Self::MethodNotAllowed(allowed) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "This page works differently",
                Said::new("This address answers {allowed} only.").with("allowed", *allowed),
                "Go back and use the links and forms of the pages.",
            ),
            Self::Failed(error) => of(error, reader),
        }
    }
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl std::fmt::Display for PageError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (status, title, _, _) = self.words(None);
        write!(out, "{} {title}", status.as_u16())
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.words(None).0
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::SignIn(next) = self {
            return page::see_other(&super::sign_in::address(next.as_deref())).finish();
        }
        if let Self::NoSecondFactor = self {
            return page::see_other("/account/second-factor").finish();
        }
        let mut response = page::answer(self.status_code());
        if let Self::MethodNotAllowed(allowed) = self {
            response.insert_header((ALLOW, *allowed));
        }
        response.body(self.document(None, None))
    }
}

#[derive(Template)]
#[template(path = "shared/error.html")]
struct ErrorPage {
    chrome: Chrome,
    status: u16,
    title: &'static str,
    message: String,
    advice: &'static str,
    request_id: Option<String>,
}

/// An address or a query that cannot be read is answered with a page too.
pub fn input_errors(services: &mut ServiceConfig) {
    let path = |_, _: &HttpRequest| PageError::Failed(Error::NotFound("this page")).into();
    let query = |cause: QueryPayloadError, _: &HttpRequest| {
        PageError::BadRequest(
            Said::new("the address cannot be read: {cause}").with("cause", cause.to_string()),
        )
        .into()
    };
    services.app_data(PathConfig::default().error_handler(path));
    services.app_data(QueryConfig::default().error_handler(query));
}

/// Any address without a page.
pub async fn show_not_found() -> Result<HttpResponse, PageError> {
    Err(PageError::Failed(Error::NotFound("this page")))
}

/// A role within a sentence.
fn role_words(role: Role) -> Said {
    match role {
        Role::Admin => Said::new("admin"),
        Role::Operator => Said::new("operator"),
        Role::Viewer => Said::new("viewer"),
        Role::CompanyManager => Said::new("company manager"),
    }
}

fn of(error: &Error, reader: Option<Role>) -> (StatusCode, &'static str, Said, &'static str) {
    let later = "Nothing was changed. Try again in a moment; if it stays, look into the log.";
    let (status, title, advice) = match error {
        Error::NotFound(_) => (
            StatusCode::NOT_FOUND,
            "Not found",
            "It may have been removed, or the address is mistyped.",
        ),
        Error::Invalid(_) => (
            StatusCode::BAD_REQUEST,
            "This request is not valid",
            "Go back and correct it.",
        ),
        Error::Conflict(_)
        | Error::Cancelled
        | Error::Moved
        | Error::Resync(_)
        | Error::KeyReused
        | Error::LinesLetGo => (
            StatusCode::CONFLICT,
            "This is not possible now",
            "Go back and reload the page to see how things stand.",
        ),
        Error::MoodleUnavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Moodle cannot be reached",
            later,
        ),
        Error::MoodleUnreadable(_) => (StatusCode::BAD_GATEWAY, "Moodle cannot be read", CHECK),
        Error::MoodleNotConfigured => (
            StatusCode::SERVICE_UNAVAILABLE,
            "No Moodle is configured",
            CHECK,
        ),
        Error::StoreUnavailable(_) | Error::Store(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The store does not answer",
            later,
        ),
        Error::Setup(_) | Error::Machine(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
            later,
        ),
    };
    (status, title, error_words::said_to(reader, error), advice)
}

const CHECK: &str = "On the server, “alx-report-api check” says in plain words what is missing.";
