//! One test binary; each file is about one noun.

mod architecture;
mod cache;
mod hardening;
mod kill;
mod migrations;
mod support;
mod tokens;
