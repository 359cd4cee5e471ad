//! One test binary; each file is about one noun.

mod api;
mod architecture;
mod cache;
mod hardening;
mod migrations;
mod support;
mod tokens;
