//! Why runs ended as they did, as the store keeps it: the texts of the source that such a sentence may be made of.

use crate::language::Said;

/// Every text with values, and every sentence that is written by itself.
const REASONS: &[&str] = &[
    "the Moodle database cannot be reached: {why}",
    "the Moodle database cannot be reached",
    "the Moodle database cannot be read: {why}",
    "the Moodle database cannot be read",
    "the machine reported an error: {why}",
    "the server is not as it must be; its log says more",
    "no Moodle database is configured; set ALX_MOODLE_URL",
    "the company's data or settings changed meanwhile; run it again",
    "the sync was cancelled",
    "the store cannot be reached",
    "the store reported an error",
    "there is no file {path}",
    "the connection was lost: {why}",
    "it gave no answer within {n} seconds (ALX_MOODLE_TIMEOUT_SECONDS)",
    "{why}; is ALX_MOODLE_PREFIX right, and is IOMAD installed? `alx-report-api check` says more",
    "{why}; `alx-report-api check` says which grant is missing",
    "There is no table {name}.",
    "{name} cannot be read: {cause}",
    "{name} cannot be read. A database administrator runs: {grant}",
    "there is no time zone “{zone}”",
    "there is no rhythm “{rhythm}”",
    "{n} is not within {least} to {most}",
    "It made room for a sync of its schedule.",
    "It made room for a sync that somebody asked for.",
    "the process that ran this sync stopped",
    "An earlier sync that would take the same rows away waits for confirmation: decide about that one.",
    "It would take {gone} of {rows} rows away; an admin must confirm that.",
    "1 row of Moodle could not be read and was left as it was.",
    "{many} rows of Moodle could not be read and were left as they were.",
];

/// A kept reason, ready to be said in any language. What a database said stays as it is.
pub fn reason(kept: &str) -> Said {
    Said::kept(kept, REASONS)
}
