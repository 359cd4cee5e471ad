//! The words of a run: how much it reads, who asked for it, where it stands.

use crate::language::Said;

crate::words! {
    /// How much of Moodle a run reads.
    Mode {
        /// Users and courses whose facts moved, plus the company's keys.
        Changes = "changes",
        /// Everything of the company.
        Full = "full",
        /// The company's keys only: takes away what is gone and changes nothing else.
        Cleanup = "cleanup",
        /// Nothing: it takes back what the run before it did.
        Undo = "undo",
        /// Nothing: an admin erased a person's data.
        Erasure = "erasure",
    }
}

impl Mode {
    /// Whether it brings rows from Moodle: these modes anybody may ask for, the others belong to a page of their own.
    pub fn reads_moodle(self) -> bool {
        matches!(self, Self::Changes | Self::Full | Self::Cleanup)
    }
}

crate::words! {
    /// Who asked for a run.
    Trigger {
        /// An admin, by the button.
        Manual = "manual",
        /// A client, by `POST /api/v1/syncs`.
        Api = "api",
        /// An operator, by the command line.
        CommandLine = "command_line",
        /// The clock, by the company's schedule.
        Scheduled = "scheduled",
    }
}

impl RunState {
    /// Where it stands, within a sentence.
    pub fn in_words(self) -> Said {
        Said::new(match self {
            Self::Queued => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Partial => "partly succeeded",
            Self::NeedsConfirmation => "waiting for confirmation",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        })
    }
}

crate::words! {
    /// Where a run stands.
    RunState {
        /// Waits for the running one of its company.
        Queued = "queued",
        /// Reads or writes now.
        Running = "running",
        /// Its rows are published.
        Succeeded = "succeeded",
        /// Its rows are published, except some that Moodle holds in a form nobody can read.
        Partial = "partial",
        /// It would remove so much that an admin has to confirm it. It changed nothing.
        NeedsConfirmation = "needs_confirmation",
        /// An admin confirmed it: another run does it.
        Confirmed = "confirmed",
        /// An admin rejected it. It changed nothing.
        Rejected = "rejected",
        /// Somebody cancelled it. It changed nothing.
        Cancelled = "cancelled",
        /// It changed nothing; its errors say why.
        Failed = "failed",
        /// Its process died; it changed nothing.
        Abandoned = "abandoned",
    }
}
