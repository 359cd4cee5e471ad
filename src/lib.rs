//! The map. Each room may use the rooms on lower floors; `docs/ARCHITECTURE.md` draws them.
//!
//! | floor | rooms |
//! |---|---|
//! | 10 | `main` `commands`: what an operator types |
//! | 9 | `server`: listens, and refuses what is slow, big or encoded |
//! | 8 | `routes`: every URL |
//! | 7 | `dashboard` `api` `jobs`: a browser, a program, the clock |
//! | 6 | `demo`: the made-up Moodle |
//! | 5 | `sync`: what we do |
//! | 4 | `app`: settings, store, Moodle, cache |
//! | 3 | `companies` `progress` `tokens` `admins` `settings` `audit`: what we know |
//! | 2 | `moodle`: the source, read-only |
//! | 1 | `db` `cache` `export`: what carries it |
//! | 0 | `error` `schema` `config` `ids` `time` `words`: words everybody uses |

pub mod admins;
pub mod api;
pub mod app;
pub mod audit;
pub mod cache;
pub mod commands;
pub mod companies;
pub mod config;
pub mod dashboard;
pub mod db;
pub mod demo;
pub mod error;
pub mod export;
pub mod ids;
pub mod jobs;
pub mod moodle;
pub mod progress;
pub mod proxies;
pub mod routes;
#[allow(
    missing_docs,
    reason = "made by diesel; the migrations say what each column means"
)]
pub mod schema;
pub mod server;
pub mod settings;
pub mod sync;
pub mod time;
pub mod tokens;
pub mod words;
