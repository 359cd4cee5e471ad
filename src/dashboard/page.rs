//! Pages: a template, the headers every page carries, and the redirect after every form.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Responder, ResponseError};
use askama::Template;

use super::{PageError, flash};

/// Nothing but our own files: no inline script or style, no frame, no foreign host.
const POLICY: &str = "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

/// A page of the dashboard, never cached.
pub struct Page<T>(pub T);

impl<T: Template> Responder for Page<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        with_status(StatusCode::OK, &self.0, request)
    }
}

/// A page with another status than 200, such as a form that was not accepted.
pub fn with_status(
    status: StatusCode,
    page: &impl Template,
    request: &HttpRequest,
) -> HttpResponse {
    match page.render() {
        Ok(html) => {
            let mut response = answer(status);
            if let Some(gone) = flash::shown(request) {
                response.cookie(gone);
            }
            response.body(html)
        }
        Err(cause) => PageError::unexpected(&cause).error_response(),
    }
}

/// Where a form leads: the browser asks for that page with GET, and a reload sends nothing again.
pub fn see_other(to: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    response
}

/// An empty HTML answer with the headers of a page.
pub(super) fn answer(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "same-origin"));
    response
}
