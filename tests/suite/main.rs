//! One test binary; each file is about one noun.

mod api;
mod architecture;
mod cache;
mod demo_moodle;
mod hardening;
mod kill;
mod legacy;
mod legacy_samples;
mod migrations;
mod moodle;
mod oracle;
mod support;
mod tokens;
