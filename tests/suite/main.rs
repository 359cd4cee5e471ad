//! One test binary; each file is about one noun.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api;
mod api_syncs;
mod architecture;
mod batches;
mod browser;
mod cache;
mod command_line;
mod command_line_sync;
mod dashboard;
mod demo_moodle;
mod engine;
mod forms;
mod freshness;
mod guessing;
mod hardening;
mod kill;
mod legacy;
mod legacy_samples;
mod manual_sync;
mod migrations;
mod modes;
mod moodle;
mod oracle;
mod pages;
mod requests;
mod schedules;
mod serve;
mod sessions;
mod setup;
mod shape;
mod support;
mod tokens;
mod why;
