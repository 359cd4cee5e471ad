//! The description of `/api/v1` after OpenAPI 3.1, made from the handlers themselves.

mod common;
mod errors;
mod objects;
mod page;

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use utoipa::OpenApi;

use super::ApiError;
use super::query::Query;
use common::Common;

pub use page::show_page;

/// How long a reader may keep the description.
const AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// Everything that the description holds besides what [`common`] adds.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "alx-report-api",
        description = "Course progress of one company, fresh after every sync. A token belongs to one company; \
            its replies show that company's data and nothing else. Times are RFC 3339 in UTC.",
        license(name = "MIT", identifier = "MIT")
    ),
    paths(
        super::course_progress::list_progress,
        super::changes::follow_changes,
        super::summary::show_summary,
        super::summary::list_courses,
        super::courses::list_courses,
        super::me::show_me,
        super::syncs::list_syncs,
        super::syncs::show_sync,
        super::sync_request::request_sync,
        super::sync_changes::list_changes,
    ),
    components(schemas(super::problem::Problem)),
    tags(
        (name = "progress", description = "Rows: how far a person is in a course."),
        (name = "summary", description = "Numbers, courses, and what a token sees."),
        (name = "syncs", description = "Syncs: asking for one, and what each of them did.")
    ),
    modifiers(&Common)
)]
struct Api;

/// The description, as an object and as the text that is served.
pub static DOCUMENT: LazyLock<(utoipa::openapi::OpenApi, String)> = LazyLock::new(|| {
    let document = Api::openapi();
    let text = document
        .to_pretty_json()
        .expect("a description is texts, lists and objects");
    (document, text)
});

/// `GET /api/v1/openapi.json`: the description; no token is needed.
pub async fn show_document(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Query::read(request.query_string(), &[]).finish()?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, AN_HOUR))
        .content_type("application/json")
        .body(DOCUMENT.1.as_str()))
}
