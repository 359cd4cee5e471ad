//! What the words of the store are called on a page, and the choices of a filter.

use std::str::FromStr;

use super::PageError;
use super::monitor_tables;
use super::monitor_view::Span;
use super::overview_list::Sort;
use crate::admins::{Role, Theme};
use crate::config::Origin;
use crate::fields::Field;
use crate::language::Said;
use crate::moodle::{Level, RowState};
use crate::progress::{Band, Status};
use crate::settings::delivery::AnswerMode;
use crate::sync::batch::BatchState;
use crate::sync::health::Health;
use crate::sync::plan::Kind;
use crate::sync::schedule::RhythmKind;
use crate::sync::{Mode, RunState, Trigger};

/// A word with a name for people.
pub trait Label {
    /// Its name.
    fn label(&self) -> &'static str;
}

impl<T: Label> Label for &T {
    fn label(&self) -> &'static str {
        (*self).label()
    }
}

impl Label for Field {
    fn label(&self) -> &'static str {
        match self {
            Self::UserId => "User id",
            Self::FirstName => "First name",
            Self::LastName => "Last name",
            Self::Email => "E-mail address",
            Self::Username => "User name",
            Self::CourseName => "Course name",
            Self::TimeCompleted => "Completion time",
            Self::TimeCompletedUnix => "Completion time (Unix)",
            Self::TimeStarted => "Start time",
            Self::TimeStartedUnix => "Start time (Unix)",
            Self::Percentage => "Completion percentage",
            Self::Status => "Completion status",
        }
    }
}

impl Label for AnswerMode {
    fn label(&self) -> &'static str {
        match self {
            Self::Full => "Full",
            Self::Auto => "Auto",
            Self::Incremental => "Incremental",
            Self::Disabled => "Disabled",
        }
    }
}

impl Label for Level {
    fn label(&self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "Warning",
            Self::Problem => "Error",
        }
    }
}

impl Label for Role {
    fn label(&self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Operator => "Operator",
            Self::Viewer => "Viewer",
            Self::CompanyManager => "Company manager",
        }
    }
}

impl Label for Origin {
    fn label(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::Flag => "flag of the command",
        }
    }
}

impl Label for Theme {
    fn label(&self) -> &'static str {
        match self {
            Self::System => "As my system",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
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

impl Label for Band {
    fn label(&self) -> &'static str {
        match self {
            Self::Nothing => "0 %",
            Self::Quarter => "1–25 %",
            Self::Half => "26–50 %",
            Self::ThreeQuarters => "51–75 %",
            Self::Almost => "76–99 %",
            Self::All => "100 %",
            Self::Unknown => "not tracked",
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

impl Label for Health {
    fn label(&self) -> &'static str {
        match self {
            Self::Waiting => "Waits for you",
            Self::Failing => "Failing",
            Self::Late => "Late",
            Self::Never => "Never synced",
            Self::Unscheduled => "No schedule",
            Self::OnTime => "On time",
            Self::Suspended => "Suspended in Moodle",
            Self::Gone => "Not in Moodle",
        }
    }
}

impl Label for monitor_tables::Kind {
    fn label(&self) -> &'static str {
        match self {
            Self::Company => "Calls by company",
            Self::Token => "Calls by token",
            Self::Route => "Calls by address",
            Self::Version => "Calls by data version",
        }
    }
}

impl Label for Span {
    fn label(&self) -> &'static str {
        match self {
            Self::Hour => "Last hour",
            Self::Day => "Last 24 hours",
            Self::Week => "Last 7 days",
            Self::Month => "Last 30 days",
        }
    }
}

impl Label for Sort {
    fn label(&self) -> &'static str {
        match self {
            Self::Need => "What needs me first",
            Self::Name => "Name",
            Self::Age => "Oldest data first",
            Self::Learners => "Most learners first",
            Self::Completion => "Lowest completion first",
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
    parsed.map_err(|_| {
        PageError::BadRequest(
            Said::new("{field} cannot be “{text}”")
                .saying("field", Said::new(field))
                .with("text", text),
        )
    })
}
