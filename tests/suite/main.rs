//! One test binary; each file is about one noun.

mod architecture;
mod browser;
mod cache;
mod dashboard;
mod hardening;
mod migrations;
mod pages;
mod sessions;
mod support;
mod tokens;
