//! `GET /health/live`, `/health/ready` and `/metrics`: for whoever keeps the server running. Nothing about people.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::{ApiError, metrics};
use crate::app::App;
use crate::companies;
use crate::sync::history;

/// `GET /health/live`: the process answers.
pub async fn show_live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// `GET /health/ready`: the store answers too, so calls can be served. Moodle may be away: rows are served all the same.
///
/// 503 while the store does not answer.
pub async fn show_ready(app: Data<App>) -> Result<HttpResponse, ApiError> {
    app.db
        .run(|conn| companies::store::ids(conn).map(drop))
        .await?;
    let moodle = if app.moodle.is_some() {
        "configured"
    } else {
        "not configured"
    };
    Ok(HttpResponse::Ok().json(json!({"status": "ok", "store": "ok", "moodle": moodle})))
}

/// `GET /metrics`: in the text format of Prometheus, for the networks of `ALX_METRICS_FROM`.
pub async fn show_metrics(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let sender = app.config.trusted_proxies.sender(&request);
    if !sender.is_some_and(|sender| app.config.metrics_from.hold(sender)) {
        return Err(ApiError::WrongNetwork);
    }
    let runs = app.db.run(history::unfinished).await?;
    let text = metrics::write(&app, &runs);
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(text))
}
