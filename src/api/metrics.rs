//! What `/metrics` says: counts of this process and of the queue.

use std::fmt::Write as _;

use crate::app::App;
use crate::sync::RunState;

/// The whole text.
pub fn write(app: &App, runs: &[(RunState, i64)]) -> String {
    let (answered, mut out) = (app.requests.answered(), String::new());
    let version = format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    family(
        &mut out,
        "alx_build_info",
        "gauge",
        "The program that runs.",
        &[(version, 1)],
    );
    let outcome = |word: &str| format!("{{outcome=\"{word}\"}}");
    let calls = [
        (outcome("ok"), answered.well as i64),
        (outcome("refused"), answered.refused as i64),
        (outcome("failed"), answered.failed as i64),
    ];
    family(
        &mut out,
        "alx_api_calls_total",
        "counter",
        "Calls of the API that were answered.",
        &calls,
    );
    let loads = [(String::new(), app.cache.loads() as i64)];
    family(
        &mut out,
        "alx_cache_loads_total",
        "counter",
        "Answers that were computed from the store.",
        &loads,
    );
    let bytes = [(String::new(), app.cache.bytes() as i64)];
    family(
        &mut out,
        "alx_cache_bytes",
        "gauge",
        "Bytes of the cached answers.",
        &bytes,
    );
    let state = |(state, count): &(RunState, i64)| (format!("{{state=\"{state}\"}}"), *count);
    let runs: Vec<_> = runs.iter().map(state).collect();
    family(
        &mut out,
        "alx_sync_runs",
        "gauge",
        "Syncs that have not ended, of all processes.",
        &runs,
    );
    out
}

fn family(out: &mut String, name: &str, kind: &str, about: &str, values: &[(String, i64)]) {
    let _ = writeln!(out, "# HELP {name} {about}\n# TYPE {name} {kind}");
    for (labels, value) in values {
        let _ = writeln!(out, "{name}{labels} {value}");
    }
}
