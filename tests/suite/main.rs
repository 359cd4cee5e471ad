//! One test binary; each file is about one noun.

mod architecture;
mod cache;
mod demo_moodle;
mod hardening;
mod kill;
mod migrations;
mod moodle;
mod oracle;
mod support;
mod tokens;
