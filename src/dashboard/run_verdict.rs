//! What a run came to, in one sentence, and what to do about it.

use super::filters::counted_text;
use crate::sync::{Mode, Run, RunState};

/// The sentence, its tone, and advice where there is something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// `good`, `warn` or `bad`, or empty while the run lasts.
    pub tone: &'static str,
    /// The sentence.
    pub text: String,
    /// What to do next.
    pub advice: &'static str,
}

/// The verdict on a run that changed rows of so many users.
pub fn verdict(run: &Run, users: i64) -> Verdict {
    let (tone, text, advice) = match run.state {
        RunState::Queued => (
            "",
            "Queued: it waits for its turn. Another sync of this company, or others that came first, go before it.".into(),
            "This page looks again by itself. You may leave it; the sync goes on.",
        ),
        RunState::Running => (
            "",
            running(run).into(),
            "This page looks again by itself. You may leave it; the sync goes on.",
        ),
        RunState::Succeeded if run.dry_run => (
            "good",
            "Preview: this is what the sync would do. Nothing was written.".into(),
            "",
        ),
        RunState::Succeeded => ("good", success(run, users), ""),
        RunState::Partial => (
            "warn",
            format!("{}; some rows of Moodle could not be read and were left as they were", counts(run, users)),
            "Mend the rows named below in Moodle and run the sync again.",
        ),
        RunState::NeedsConfirmation => (
            "warn",
            "Stopped: it would take away so many rows that an admin has to confirm it. Nothing was changed.".into(),
            "Look at the list below. Confirm it when the people have really left; reject it when Moodle is wrong.",
        ),
        RunState::Confirmed => (
            "",
            "Confirmed: another run carries it out.".into(),
            "",
        ),
        RunState::Rejected => (
            "",
            "Rejected: nothing was changed.".into(),
            "Mend Moodle and run the sync again.",
        ),
        RunState::Cancelled => (
            "",
            "Cancelled: nothing was changed.".into(),
            "",
        ),
        RunState::Failed => (
            "bad",
            "Failed: nothing was changed. Readers see the data of the last successful sync.".into(),
            "Mend what is said above and run the sync again. On the server, “alx-report-api check” examines Moodle's database.",
        ),
        RunState::Abandoned => (
            "warn",
            "Abandoned: the process that ran this sync stopped. Nothing was changed.".into(),
            "Run the sync again.",
        ),
    };
    Verdict { tone, text, advice }
}

fn running(run: &Run) -> &'static str {
    if run.mode == Mode::Undo {
        "Running: the last sync is being taken back. Nothing changes for readers until that has wholly succeeded."
    } else {
        "Running: Moodle is being read. Nothing changes for readers until the whole sync has succeeded."
    }
}

fn success(run: &Run, users: i64) -> String {
    if run.compacted_at.is_some() {
        let rows = run.statistics().map_or(0, |done| done.total_processed);
        return format!("{} synced", counted_text(rows, "row")); // whose they were is not kept any more
    }
    let unchanged = if users == 0 {
        ": every row was up to date"
    } else {
        ""
    };
    format!("{}{unchanged}", counts(run, users))
}

/// `2 users synced, 5 cache cleared`.
fn counts(run: &Run, users: i64) -> String {
    let synced = format!("{} synced", counted_text(users, "user"));
    let cleared = match run.counts.cache_cleared {
        Some(count) => format!("{} cache cleared", super::filters::grouped(count)),
        None => "number of cleared cache entries unknown".into(),
    };
    format!("{synced}, {cleared}")
}
