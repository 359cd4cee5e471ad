//! What the words of the store are called on a page, and the choices of a filter.

use std::str::FromStr;

use super::PageError;
use crate::moodle::RowState;
use crate::progress::Status;
use crate::sync::batch::BatchState;
use crate::sync::plan::Kind;
use crate::sync::schedule::RhythmKind;
use crate::sync::{Mode, RunState, Trigger};

/// A word with a name for people.
pub trait Label {
    /// Its name.
    fn label(&self) -> &'static str;
}

impl Label for Status {
    fn label(&self) -> &'static str {
        match self {
            Self::Completed => "Completed",
            Self::InProgress => "In progress",
            Self::NotStarted => "Not started",
        }
    }
}

impl Label for Mode {
    fn label(&self) -> &'static str {
        match self {
            Self::Changes => "Recent changes",
            Self::Full => "Full",
            Self::Cleanup => "Cleanup",
            Self::Undo => "Undo",
            Self::Erasure => "Erasure",
        }
    }
}

impl Label for RunState {
    fn label(&self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Partial => "Partly succeeded",
            Self::NeedsConfirmation => "Needs confirmation",
            Self::Confirmed => "Confirmed",
            Self::Rejected => "Rejected",
            Self::Cancelled => "Cancelled",
            Self::Failed => "Failed",
            Self::Abandoned => "Abandoned",
        }
    }
}

impl Label for Trigger {
    fn label(&self) -> &'static str {
        match self {
            Self::Manual => "Manual",
            Self::Api => "API",
            Self::CommandLine => "Command line",
            Self::Scheduled => "Schedule",
        }
    }
}

impl Label for RhythmKind {
    fn label(&self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::Minutes => "Every so many minutes",
            Self::Hourly => "Hourly",
            Self::Daily => "Daily",
        }
    }
}

impl Label for BatchState {
    fn label(&self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Partial => "Partly succeeded",
            Self::Failed => "Failed",
        }
    }
}

impl Label for Kind {
    fn label(&self) -> &'static str {
        match self {
            Self::Added => "Created",
            Self::Updated => "Updated",
            Self::Removed => "Deleted",
        }
    }
}

impl Label for RowState {
    fn label(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Left => "left the company or the course",
            Self::Suspended => "suspended",
            Self::CourseHidden => "course hidden",
            Self::Deleted => "account deleted",
            Self::Excluded => "left out by the settings",
            Self::Withdrawn => "taken back by an undo",
            Self::Erased => "erased",
        }
    }
}

/// One line of a select box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What people read; hostile text where it is a name.
    pub label: String,
    /// Whether it is the present one.
    pub selected: bool,
}

/// Every word of a set as a choice.
pub fn choices<T: Label + ToString + PartialEq + Copy>(
    all: &[T],
    chosen: Option<T>,
) -> Vec<Choice> {
    let choice = |word: &T| Choice {
        value: word.to_string(),
        label: word.label().into(),
        selected: chosen.as_ref() == Some(word),
    };
    all.iter().map(choice).collect()
}

/// Names with their ids as choices.
pub fn named<I: ToString + PartialEq + Copy>(
    all: Vec<(I, String)>,
    chosen: Option<I>,
) -> Vec<Choice> {
    let choice = |(id, label): (I, String)| Choice {
        value: id.to_string(),
        label,
        selected: chosen.as_ref() == Some(&id),
    };
    all.into_iter().map(choice).collect()
}

/// What a filter asks for; an empty field asks for everything.
pub fn chosen<T: FromStr>(field: &'static str, text: &str) -> Result<Option<T>, PageError> {
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = text.parse().map(Some);
    parsed.map_err(|_| PageError::BadRequest(format!("{field} cannot be “{text}”")))
}
