//! What a run came to, in one sentence, and what to do about it.

use crate::language::Said;
use crate::sync::{Mode, Run, RunState};

/// The sentence, its tone, and advice where there is something to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// `good`, `warn` or `bad`, or empty while the run lasts.
    pub tone: &'static str,
    /// The sentence.
    pub text: Said,
    /// What to do next.
    pub advice: &'static str,
}

/// The verdict on a run that changed rows of so many users.
pub fn verdict(run: &Run, users: i64) -> Verdict {
    let (tone, text, advice) = match run.state {
        RunState::Queued => (
            "",
            Said::new(
                "Queued: it waits for its turn. Another sync of this company, or others that came first, go before it.",
            ),
            "This page looks again by itself. You may leave it; the sync goes on.",
        ),
        RunState::Running => (
            "",
            running(run),
            "This page looks again by itself. You may leave it; the sync goes on.",
        ),
        RunState::Succeeded if run.dry_run => (
            "good",
            Said::new("Preview: this is what the sync would do. Nothing was written."),
            "",
        ),
        RunState::Succeeded => ("good", success(run, users), ""),
        RunState::Partial => (
            "warn",
            Said::new("{done}; some rows of Moodle could not be read and were left as they were")
                .saying("done", counts(run, users)),
            "Mend the rows named below in Moodle and run the sync again.",
        ),
        RunState::NeedsConfirmation => (
            "warn",
            Said::new(
                "Stopped: it would take away so many rows that an admin has to confirm it. Nothing was changed.",
            ),
            "Look at the list below. Confirm it when the people have really left; reject it when Moodle is wrong.",
        ),
        RunState::Confirmed => ("", Said::new("Confirmed: another run carries it out."), ""),
        RunState::Rejected => (
            "",
            Said::new("Rejected: nothing was changed."),
            "Mend Moodle and run the sync again.",
        ),
        RunState::Cancelled => ("", Said::new("Cancelled: nothing was changed."), ""),
        RunState::Failed => (
            "bad",
            Said::new(
                "Failed: nothing was changed. Readers see the data of the last successful sync.",
            ),
            "Mend what is said above and run the sync again. On the server, “alx-report-api check” examines Moodle's database.",
        ),
        RunState::Abandoned => (
            "warn",
            Said::new("Abandoned: the process that ran this sync stopped. Nothing was changed."),
            "Run the sync again.",
        ),
    };
    Verdict { tone, text, advice }
}

fn running(run: &Run) -> Said {
    if run.mode == Mode::Undo {
        Said::new(
            "Running: the last sync is being taken back. Nothing changes for readers until that has wholly succeeded.",
        )
    } else {
        Said::new(
            "Running: Moodle is being read. Nothing changes for readers until the whole sync has succeeded.",
        )
    }
}

fn success(run: &Run, users: i64) -> Said {
    if run.compacted_at.is_some() {
        let rows = run.statistics().map_or(0, |done| done.total_processed);
        return Said::new("{rows} synced").counted("rows", rows, "row"); // whose they were is not kept any more
    }
    if users == 0 {
        return Said::new("{done}: every row was up to date").saying("done", counts(run, users));
    }
    counts(run, users)
}

/// `2 users synced, 5 cache cleared`.
fn counts(run: &Run, users: i64) -> Said {
    let said = match run.counts.cache_cleared {
        Some(count) => Said::new("{users} synced, {count} cache cleared").number("count", count),
        None => Said::new("{users} synced, number of cleared cache entries unknown"),
    };
    said.counted("users", users, "user")
}
