//! Forms: the one place where a POST is checked to come from a page of ours, and of this session.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Bytes, Query};
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::{PageError, SignedIn, signed_in};
use crate::language::Said;

type Soon<T> = Pin<Box<dyn Future<Output = Result<T, PageError>>>>;

/// A form of a signed-in admin; its field `csrf` is that session's token.
pub struct Submitted<T> {
    /// Who sent it.
    pub admin: SignedIn,
    /// Its other fields.
    pub form: T,
}

impl<T: DeserializeOwned + 'static> FromRequest for Submitted<T> {
    type Error = PageError;
    type Future = Soon<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            refuse_other_sites(&request)?;
            let admin = SignedIn::of(&request)?;
            let body = text(&request, &body.await.map_err(|_| too_big())?)?;
            if !admin.session.owns(&csrf(&body)) {
                return Err(PageError::Forged);
            }
            Ok(Self {
                admin,
                form: fields(&body)?,
            })
        })
    }
}

/// A form that nobody need be signed in for. It must still come from a page of ours.
pub struct PublicForm<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for PublicForm<T> {
    type Error = PageError;
    type Future = Soon<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            refuse_other_sites(&request)?;
            let body = text(&request, &body.await.map_err(|_| too_big())?)?;
            Ok(Self(fields(&body)?))
        })
    }
}

/// What browsers say about where a form was: `Sec-Fetch-Site`, in older ones `Origin`.
fn refuse_other_sites(request: &HttpRequest) -> Result<(), PageError> {
    let said = |name: &str| request.headers().get(name).map(HeaderValue::as_bytes);
    let ours = match (said("sec-fetch-site"), said("origin")) {
        (Some(site), _) => site == b"same-origin" || site == b"none",
        (None, Some(origin)) => is_ours(request, origin),
        (None, None) => true, // no browser: the session's token decides
    };
    if ours { Ok(()) } else { Err(PageError::Forged) }
}

fn is_ours(request: &HttpRequest, origin: &[u8]) -> bool {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let (Some(host), Ok(origin)) = (host, std::str::from_utf8(origin)) else {
        return false;
    };
    let public = signed_in::app(request)
        .ok()
        .and_then(|app| app.config.public_url.clone());
    let here = [
        Some(format!("http://{host}")),
        Some(format!("https://{host}")),
        public,
    ];
    here.iter()
        .flatten()
        .any(|ours| ours.trim_end_matches('/') == origin)
}

fn text(request: &HttpRequest, body: &Bytes) -> Result<String, PageError> {
    let urlencoded = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| {
            kind.as_bytes()
                .starts_with(b"application/x-www-form-urlencoded")
        });
    let text = std::str::from_utf8(body).ok().filter(|_| urlencoded);
    text.map(str::to_owned)
        .ok_or_else(|| PageError::BadRequest(Said::new("the form cannot be read")))
}

fn csrf(body: &str) -> String {
    let mut pairs = url::form_urlencoded::parse(body.as_bytes());
    let found = pairs.find(|(name, _)| name == "csrf");
    found
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// The form's fields. No store can hold a NUL, so no field may.
fn fields<T: DeserializeOwned>(body: &str) -> Result<T, PageError> {
    if body.contains("%00") || body.contains('\0') {
        let why = Said::new("the form holds a NUL character, which no text may have");
        return Err(PageError::BadRequest(why));
    }
    let parsed = Query::<T>::from_query(body);
    parsed.map(Query::into_inner).map_err(|cause| {
        PageError::BadRequest(
            Said::new("the form is incomplete: {cause}").with("cause", cause.to_string()),
        )
    })
}

fn too_big() -> PageError {
    PageError::TooBig
}
