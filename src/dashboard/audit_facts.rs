//! What the facts of the audit log are called, and what they were.

use super::rules;
use crate::language::Said;
use crate::settings::site::Setting;

/// Every fact that is written by a name of its own.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "fact|action",
    "fact|address",
    "fact|admins shut out",
    "fact|after",
    "fact|allow get",
    "fact|at",
    "fact|before",
    "fact|below",
    "fact|cache minutes",
    "fact|calls per company",
    "fact|calls per token",
    "fact|changes",
    "fact|codes left",
    "fact|companies",
    "fact|company",
    "fact|completed",
    "fact|course",
    "fact|courseid for username",
    "fact|courses off",
    "fact|departments",
    "fact|disabled",
    "fact|door",
    "fact|dry run",
    "fact|enrolled",
    "fact|errors",
    "fact|every minutes",
    "fact|expires at",
    "fact|fewer fields again",
    "fact|fields",
    "fact|format",
    "fact|from",
    "fact|health",
    "fact|hours back",
    "fact|invitations ended",
    "fact|invited by",
    "fact|joined",
    "fact|kind",
    "fact|language",
    "fact|learner",
    "fact|learners",
    "fact|links revoked",
    "fact|max records",
    "fact|mode",
    "fact|more",
    "fact|name",
    "fact|networks",
    "fact|order",
    "fact|part",
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
    "fact|route",
    "fact|run",
    "fact|runs",
    "fact|schedule paused",
    "fact|scopes",
    "fact|search",
    "fact|second factor",
    "fact|sessions",
    "fact|severity",
    "fact|sort",
    "fact|state",
    "fact|status",
    "fact|stranger",
    "fact|successor",
    "fact|suspended enrolments",
    "fact|taken",
    "fact|theme",
    "fact|to",
    "fact|token",
    "fact|tokens narrowed again",
    "fact|tokens revoked again",
    "fact|trigger",
    "fact|type",
    "fact|undoes",
    "fact|value",
    "fact|version",
    "fact|who",
    "fact|window",
    "fact|window hours",
    "fact|zone",
];

/// What the log says in the place of a text that may hold a name.
pub const A_TEXT: &str = "(a text)";

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
        Err(_) if kept == A_TEXT => Said::new(A_TEXT),
        Err(_) => Said::as_it_is(kept),
    }
}
