//! Pages: a template becomes an answer; and the redirect after every form.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Responder};
use askama::Template;

use super::{PageError, filters, flash};

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
    match page.render_with_values(&filters::values(request)) {
        Ok(html) => {
            let mut response = answer(status);
            if let Some(gone) = flash::shown(request) {
                response.cookie(gone);
            }
            response.body(html)
        }
        Err(cause) => HttpResponse::from_error(PageError::unexpected(&cause)),
    }
}

/// Where a form leads: the browser asks for that page with GET, and a reload sends nothing again.
pub fn see_other(to: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, to));
    response
}

/// An empty HTML answer. The server adds what every page carries: no caching, no foreign files, no frames.
pub(super) fn answer(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.content_type("text/html; charset=utf-8");
    response
}
