//! One test binary; each file is about one noun.

mod cache;
mod hardening;
mod tokens;
