//! This process: its version and age, and what it takes of the machine.

use std::num::NonZero;

use super::said::{Check, span};
use crate::app::App;
use crate::language::{Number, Said};

/// Version, and since when it works.
pub fn machine(app: &App, now: i64) -> Check {
    let found = Said::new("Version {version} on {system}; running for {span}.")
        .with("version", env!("CARGO_PKG_VERSION"))
        .with(
            "system",
            format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        )
        .saying("span", span(now - app.pulse.started_at()));
    Check::ok("This server", found)
}

/// Memory, threads and open files, as the machine tells them; unknown where it does not.
pub fn resources() -> Check {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let number = |name: &str| -> Option<i64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let unknown = || Said::as_it_is("?");
    let bytes = |kilobytes| Said::figure(Number::Bytes(kilobytes * 1024));
    let files = std::fs::read_dir("/proc/self/fd").map(Iterator::count);
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let found =
        Said::new("Memory {memory}, {threads} threads on {cores} cores, {files} open files.")
            .saying("memory", number("VmRSS:").map_or_else(unknown, bytes))
            .saying(
                "threads",
                number("Threads:").map_or_else(unknown, Said::figure),
            )
            .number("cores", cores)
            .saying("files", files.map_or_else(|_| unknown(), Said::figure));
    Check::ok("Memory and files", found)
}
