//! The map. Each room may use the rooms on lower floors; `docs/ARCHITECTURE.md` draws them.
//!
//! | floor | rooms |
//! |---|---|
//! | 10 | `main` `commands`: what an operator types |
//! | 9 | `server`: listens, and refuses what is slow, big or encoded |
//! | 8 | `routes`: every URL |
//! | 7 | `dashboard` `api` `jobs`: a browser, a program, the clock |
//! | 6 | `demo` `odata` `watch` `checks` `restore` `retention`: the made-up Moodle; rows as OData; what needs somebody; how the server does; a store put back; what is let go |
//! | 5 | `sync` `delivery` `access` `site` `staff`: what we do |
//! | 4 | `app` `windows`: settings, store, Moodle, cache; what the old plugin's clients page through |
//! | 3 | `companies` `progress` `tokens` `admins` `requests` `settings` `audit` `alerts`: what we know |
//! | 2 | `moodle`: the source, read-only |
//! | 1 | `db` `cache` `export`: what carries it |
//! | 0 | `error` `schema` `config` `fields` `ids` `language` `proxies` `time` `words`: words everybody uses |

pub mod access;
pub mod admins;
pub mod alerts;
pub mod api;
pub mod app;
pub mod audit;
pub mod cache;
pub mod checks;
pub mod commands;
pub mod companies;
pub mod config;
pub mod dashboard;
pub mod db;
pub mod delivery;
pub mod demo;
pub mod error;
pub mod export;
pub mod fields;
pub mod ids;
pub mod jobs;
pub mod language;
pub mod moodle;
pub mod odata;
pub mod progress;
pub mod proxies;
pub mod requests;
pub mod restore;
pub mod retention;
pub mod routes;
#[allow(
    missing_docs,
    reason = "made by diesel; the migrations say what each column means"
)]
pub mod schema;
pub mod server;
pub mod settings;
pub mod site;
pub mod staff;
pub mod sync;
pub mod time;
pub mod tokens;
pub mod watch;
pub mod windows;
pub mod words;
