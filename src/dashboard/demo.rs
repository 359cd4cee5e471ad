//! Demo Moodle: learners with their open courses, and the click that completes one. In the demo only.

use std::path::PathBuf;

use actix_web::http::header::ACCEPT;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::{
    Chrome, Flash, Page, PageError, PublicForm, SignedIn, Tab, filters, see_other, signed_in,
};
use crate::app::App;
use crate::db::off_thread;
use crate::demo::store::{self, DemoLearner};
use crate::error::{OrNotFound, Result};
use crate::ids::{CourseId, UserId};
use crate::time::now;

/// The learners of the demo's Moodle.
#[derive(Template)]
#[template(path = "demo/moodle.html")]
pub struct DemoPage {
    chrome: Chrome,
    learners: Vec<DemoLearner>,
}

/// Who completes what.
#[derive(Deserialize)]
pub struct Completion {
    user_id: UserId,
    course_id: CourseId,
}

/// `GET /demo`: open to everybody, as the made-up Moodle holds nobody's data.
pub async fn show_demo(
    request: HttpRequest,
    app: Data<App>,
) -> std::result::Result<Page<DemoPage>, PageError> {
    let moodle = moodle(&app)?;
    let learners = off_thread(move || store::learners(&moodle)).await?;
    let session = signed_in::find(&request).await.ok();
    let admin = session.map(|session| SignedIn::with(session, &request, &app));
    let chrome = admin.map_or_else(
        || Chrome::visitor(&request),
        |admin| admin.chrome(Tab::Demo),
    );
    Ok(Page(DemoPage { chrome, learners }))
}

/// `POST /demo/complete`: completes a course as Moodle would record it; scripts may do it too.
pub async fn complete_course(
    request: HttpRequest,
    app: Data<App>,
    form: PublicForm<Completion>,
) -> std::result::Result<HttpResponse, PageError> {
    let moodle = moodle(&app)?;
    let Completion { user_id, course_id } = form.0;
    off_thread(move || store::complete(&moodle, user_id, course_id, now())).await?;
    let accepts = request.headers().get(ACCEPT);
    if accepts.is_some_and(|kinds| kinds.as_bytes().starts_with(b"application/json")) {
        return Ok(HttpResponse::NoContent().finish());
    }
    let response = see_other(&format!("/demo#user-{user_id}"))
        .cookie(Flash::Completed.cookie(&app))
        .finish();
    Ok(response)
}

/// The demo's file; without a demo these addresses do not exist.
fn moodle(app: &App) -> Result<PathBuf> {
    app.config.demo.clone().or_not_found("this page")
}
