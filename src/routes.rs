//! Every URL, one line each, with the full path of its handler.

use actix_web::web::ServiceConfig;

/// Registers all of them.
pub fn all(_services: &mut ServiceConfig) {}
