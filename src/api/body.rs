//! JSON bodies, read within the server's limits and checked name by name.

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value};

use super::ApiError;

/// Why a body of another type is refused.
pub const NO_JSON: &str = "send the body as application/json";

/// The object in a JSON body. An empty body is an empty object.
pub struct JsonObject(pub Map<String, Value>);

impl FromRequest for JsonObject {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = request
            .content_type()
            .eq_ignore_ascii_case("application/json");
        let bytes = Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(|error| why(&error))?;
            if bytes.is_empty() {
                return Ok(Self(Map::new()));
            }
            if !is_json {
                return Err(ApiError::UnsupportedMedia(NO_JSON));
            }
            match serde_json::from_slice(&bytes) {
                Ok(Value::Object(object)) => Ok(Self(object)),
                _ => Err(ApiError::parameter("body", "use a JSON object")),
            }
        })
    }
}

/// What kept a body from arriving.
pub fn why(error: &actix_web::Error) -> ApiError {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => ApiError::TooLarge,
        Some(PayloadError::Io(cause)) if cause.kind() == std::io::ErrorKind::TimedOut => {
            ApiError::TooSlow
        }
        _ if error.as_response_error().status_code().as_u16() == 413 => ApiError::TooLarge,
        _ => ApiError::parameter("body", "it could not be read"),
    }
}
