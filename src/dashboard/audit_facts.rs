//! What the facts of the audit log are called, and what they were.

use super::rules;
use crate::language::Said;
use crate::settings::site::Setting;

/// Every fact that is written by a name of its own.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "fact|address",
    "fact|admins shut out",
    "fact|allow get",
    "fact|at",
    "fact|cache minutes",
    "fact|calls per company",
    "fact|calls per token",
    "fact|changes",
    "fact|codes left",
    "fact|companies",
    "fact|company",
    "fact|completed",
    "fact|courseid for username",
    "fact|courses off",
    "fact|departments",
    "fact|disabled",
    "fact|door",
    "fact|enrolled",
    "fact|every minutes",
    "fact|expires at",
    "fact|fields",
    "fact|format",
    "fact|hours back",
    "fact|invitations ended",
    "fact|invited by",
    "fact|joined",
    "fact|language",
    "fact|learners",
    "fact|links revoked",
    "fact|max records",
    "fact|mode",
    "fact|more",
    "fact|name",
    "fact|networks",
    "fact|paused",
    "fact|prefix",
    "fact|preview",
    "fact|problem",
    "fact|recipients",
    "fact|records",
    "fact|refusal",
    "fact|removals",
    "fact|removed",
    "fact|responses",
    "fact|rhythm",
    "fact|role",
    "fact|run",
    "fact|runs",
    "fact|schedule paused",
    "fact|scopes",
    "fact|search",
    "fact|second factor",
    "fact|sessions",
    "fact|state",
    "fact|status",
    "fact|successor",
    "fact|suspended enrolments",
    "fact|taken",
    "fact|theme",
    "fact|tokens narrowed again",
    "fact|tokens revoked again",
    "fact|type",
    "fact|undoes",
    "fact|value",
    "fact|window hours",
    "fact|zone",
];

/// What a fact is called: a setting of the site as its form says it, and what nobody knows by its word.
pub fn name(word: &str) -> Said {
    if let Ok(setting) = word.parse::<Setting>() {
        return rules::name(setting);
    }
    let plain = word.replace('_', " ");
    let is_it = |name: &&str| name.split_once('|').is_some_and(|(_, name)| name == plain);
    let known = NAMES.iter().copied().find(is_it);
    known.map_or_else(|| Said::as_it_is(plain.as_str()), Said::new)
}

/// What a fact was or is, as the log keeps it: hostile text, but for settings of the site and what the log says itself.
pub fn value(word: &str, kept: &str) -> Said {
    match word.parse::<Setting>() {
        Ok(setting) => rules::value(setting, kept),
        Err(_) if word == "more" => Said::brought(kept.to_owned()),
        Err(_) => Said::as_it_is(kept),
    }
}
