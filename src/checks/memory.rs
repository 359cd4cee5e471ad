//! The cache: what it holds, and how many answers it gave.

use super::said::{Check, size};
use crate::app::App;
use crate::language::Said;

/// Entries, bytes against the limit, and answers that it gave since the start.
pub fn answers(app: &App) -> Check {
    let report = app.cache.report_all();
    let asked = report.hits + report.misses;
    let rate = report.hit_rate();
    let rate = rate.map_or("–".to_owned(), |rate| format!("{rate:.1} %"));
    let found = Said::new("{entries} entries, {bytes} of {limit}; {hits} of {asked} answers since the start ({rate}).")
        .with("entries", report.entries)
        .with("bytes", size(report.bytes as i64))
        .with("limit", size(app.cache.limit() as i64))
        .with("hits", report.hits)
        .with("asked", asked)
        .with("rate", rate);
    Check::ok("Cached answers", found)
}
