//! The cache: what it holds, and how many answers it gave.

use super::said::Check;
use crate::app::App;
use crate::language::{Number, Said};

/// Entries, bytes against the limit, and answers that it gave since the start.
pub fn answers(app: &App) -> Check {
    let report = app.cache.report_all();
    let asked = report.hits + report.misses;
    let rate = report.hit_rate();
    let rate = rate.map_or_else(
        || Said::as_it_is("–"),
        |rate| Said::figure(Number::Percent(rate)),
    );
    let found = Said::new("{entries} entries, {bytes} of {limit}; {hits} of {asked} answers since the start ({rate}).")
        .number("entries", report.entries)
        .number("bytes", Number::Bytes(report.bytes as i64))
        .number("limit", Number::Bytes(app.cache.limit() as i64))
        .number("hits", report.hits)
        .number("asked", asked)
        .saying("rate", rate);
    Check::ok("Cached answers", found)
}
