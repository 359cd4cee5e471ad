//! One test binary; each file is about one noun.

mod api;
mod architecture;
mod cache;
mod hardening;
mod legacy;
mod legacy_samples;
mod migrations;
mod support;
mod tokens;
