//! The stylesheet and the icon, served from the binary.

use actix_web::http::{StatusCode, header};
use actix_web::web::{Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::PageError;
use crate::error::{OrNotFound, Result};
use crate::ids::hex;

#[derive(rust_embed::Embed)]
#[folder = "$CARGO_MANIFEST_DIR/static"]
struct Files;

/// Which version of a file a page asked for.
#[derive(Deserialize)]
pub struct Version {
    #[serde(default)]
    v: String,
}

/// `GET /static/{name}`: one file. Under the version in our pages it may be kept for a year.
pub async fn show_asset(
    name: Path<String>,
    version: Query<Version>,
    request: HttpRequest,
) -> std::result::Result<HttpResponse, PageError> {
    let (body, hash) = file(&name).or_not_found("the file")?;
    let etag = format!("\"{hash}\"");
    let keep = if version.v == hash {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let known = request.headers().get(header::IF_NONE_MATCH);
    let unchanged = known.is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, keep))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if unchanged {
        return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    Ok(response.content_type(kind(&name)).body(body))
}

/// The address of a file under its present version.
pub fn address(name: &str) -> Result<String> {
    let (_, hash) = file(name).or_not_found("the file")?;
    Ok(format!("/static/{name}?v={hash}"))
}

fn file(name: &str) -> Option<(Vec<u8>, String)> {
    let found = Files::get(name)?;
    let hash = hex(&found.metadata.sha256_hash()[..8]);
    Some((found.data.into_owned(), hash))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
