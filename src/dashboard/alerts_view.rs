//! What part of the inbox is shown, as the address says it; and what its words are called.

use serde::Deserialize;

use super::PageError;
use super::labels::{self, Label};
use crate::alerts::list::{Filter, Shown};
use crate::alerts::{Channel, DeliveryState, Kind, State};
use crate::ids::CompanyId;
use crate::words::Severity;

/// The fields of the form, as they were typed, and the page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct View {
    /// Which states; empty is what is not closed.
    pub state: String,
    /// A severity, or empty.
    pub severity: String,
    /// A company's id, or empty.
    pub company: String,
    /// A type, or empty.
    #[serde(rename = "type")]
    pub kind: String,
    /// From 1.
    pub page: i64,
}

impl View {
    /// What it asks for, checked; with `only`, of that company whatever was chosen.
    pub fn filter(&self, only: Option<CompanyId>) -> Result<Filter, PageError> {
        let state: Option<Shown> = labels::chosen("the state", &self.state)?;
        let company = labels::chosen("the company", &self.company)?;
        Ok(Filter {
            state: state.unwrap_or_default(),
            severity: labels::chosen("the severity", &self.severity)?,
            company: only.or(company),
            kind: labels::chosen("the type", &self.kind)?,
        })
    }

    /// Whether it leaves anything out but what is closed.
    pub fn is_filtered(&self) -> bool {
        self.fields().iter().any(|(_, value)| !value.is_empty())
    }

    /// An address with the fields of this view; `path` ends with a `?`.
    pub fn address(&self, path: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::for_suffix(path.to_owned(), path.len());
        query.extend_pairs(self.fields().iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }

    fn fields(&self) -> [(&'static str, &str); 4] {
        [
            ("state", self.state.as_str()),
            ("severity", &self.severity),
            ("company", &self.company),
            ("type", &self.kind),
        ]
    }
}

impl Label for Shown {
    fn label(&self) -> &'static str {
        match self {
            Self::Unclosed => "Open and acknowledged",
            Self::Open => "Open",
            Self::Acknowledged => "Acknowledged",
            Self::Closed => "Closed",
            Self::All => "alert|All",
        }
    }
}

impl Label for State {
    fn label(&self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Acknowledged => "Acknowledged",
            Self::Closed => "Closed",
        }
    }
}

impl Label for Severity {
    fn label(&self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }
}

impl Label for Kind {
    fn label(&self) -> &'static str {
        self.title()
    }
}

impl Label for Channel {
    fn label(&self) -> &'static str {
        match self {
            Self::Email => "E-mail",
            Self::Webhook => "Webhook",
        }
    }
}

impl Label for DeliveryState {
    fn label(&self) -> &'static str {
        match self {
            Self::Waiting => "On its way",
            Self::Held => "Waits for room",
            Self::Sent => "Sent",
            Self::Failed => "Given up",
        }
    }
}
