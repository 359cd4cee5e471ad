//! What is kept for a time that nobody sets, and what is kept for good, with the reason.

use crate::admins::{WINDOW_SECONDS, invitations, sessions};
use crate::language::Said;
use crate::sync::retention::PLANS_DAYS;

const DAY: i64 = 86_400;

/// What it is, and how long it is kept.
pub fn lines() -> Vec<(&'static str, Said)> {
    vec![
        (
            "Plans of previews",
            Said::new("{days}; the preview and its counts stay.")
                .counted("days", PLANS_DAYS, "day"),
        ),
        (
            "What a comparison says of each course",
            Said::new("{days}, and for good where no later one has said it.")
                .counted("days", PLANS_DAYS, "day"),
        ),
        (
            "Sessions of browsers",
            Said::new("{hours} without use, {days} at most.")
                .counted("hours", sessions::IDLE_SECONDS / 3600, "hour")
                .counted("days", sessions::LONGEST_SECONDS / DAY, "day"),
        ),
        (
            "Links to choose a password",
            Said::new("Until they are used, {days} at most.").counted(
                "days",
                invitations::SECONDS / DAY,
                "day",
            ),
        ),
        (
            "Failed sign-ins that count against guessing",
            Said::new("{minutes}.").counted("minutes", WINDOW_SECONDS / 60, "minute"),
        ),
        (
            "Rows of people who left",
            Said::new(
                "For good: they are the proof of training. Erase a person on the page of that person.",
            ),
        ),
        (
            "Syncs and their counts",
            Said::new("For good, with who asked for them. They name no learner."),
        ),
        (
            "Erasures",
            Said::new(
                "For good: the number of the person and who erased it, so that no sync brings them back.",
            ),
        ),
    ]
}
