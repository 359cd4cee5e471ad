//! The three doors: where each finds the token of a call, and how each refuses what no handler may see.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use url::form_urlencoded;

use super::client::bearer;
use super::odata::{self, ODataError};
use super::query::Query;
use super::{ApiError, Client, legacy};
use crate::app::App;

/// Why a body that is compressed is refused.
pub const ENCODED: &str = "send the body as it is: Content-Encoding is not supported";
const NUL: &str = "it holds a NUL character (%00), which no text may have";

/// A door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// `/api/v1`
    Api,
    /// `/odata/v4`
    OData,
    /// The door of the old plugin.
    Legacy,
}

impl Door {
    /// The one that a path leads to; `None` where nobody shows a token.
    pub fn at(path: &str) -> Option<Self> {
        match path {
            "/webservice/rest/server.php" => Some(Self::Legacy),
            path if path.starts_with("/api/") => Some(Self::Api),
            path if path.starts_with("/odata/") => Some(Self::OData),
            _ => None,
        }
    }

    /// Why no handler may see a request: its body is encoded, or its address holds a NUL, which no text of a store can
    /// hold. The door of the old plugin stores no text and answers a NUL as Moodle does.
    pub fn refusal(self, request: &HttpRequest) -> Option<ApiError> {
        if is_encoded(request.headers()) {
            return Some(ApiError::UnsupportedMedia(ENCODED));
        }
        match self {
            Self::Api | Self::OData => nul(request),
            Self::Legacy => None,
        }
    }

    /// The refusal as this door writes it.
    pub fn refuse(self, request: &HttpRequest, error: ApiError) -> HttpResponse {
        match self {
            Self::Api => HttpResponse::from_error(error),
            Self::OData => HttpResponse::from_error(ODataError::from(error)),
            Self::Legacy => legacy::refuse(request, error),
        }
    }

    /// Notes whose call it is, where its token says so: no handler has looked. Nothing of a body is read, so a token of the
    /// old plugin's door is known only where it stands in the address.
    pub async fn identify(self, app: &Arc<App>, request: &HttpRequest) {
        let Some(token) = self.token(request) else {
            return;
        };
        if let Ok(client) = Client::of_token(app.clone(), request, &token).await {
            client.tell();
        }
    }

    fn token(self, request: &HttpRequest) -> Option<String> {
        match self {
            Self::Api => bearer(request).map(str::to_owned),
            Self::OData => odata::token_of(request),
            Self::Legacy => {
                let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
                let token = pairs.find(|(name, _)| name == "wstoken");
                token.map(|(_, token)| token.into_owned())
            }
        }
    }
}

/// Whether a body comes compressed.
pub fn is_encoded(headers: &HeaderMap) -> bool {
    let identity = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    headers
        .get_all(CONTENT_ENCODING)
        .any(|value| !identity(value))
}

/// Names each parameter that holds a NUL, or the path.
fn nul(request: &HttpRequest) -> Option<ApiError> {
    let mut query = Query::read("", &[]);
    if request.path().contains("%00") {
        query.blame("path", NUL);
    }
    for (name, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        if name.contains('\0') || value.contains('\0') {
            query.blame(&name, NUL);
        }
    }
    query.finish().err()
}
