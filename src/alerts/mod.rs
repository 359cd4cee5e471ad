//! Alerts: what needs somebody, since when, and who was told of it.

pub mod deliveries;
mod kind;
pub mod list;
pub mod retention;
pub mod store;

pub use deliveries::{Channel, Delivery, DeliveryState, Event};
pub use kind::Kind;
pub use list::open_count;

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::ids::{AlertId, CompanyId};
use crate::schema::alerts;
use crate::words::Severity;

crate::words! {
    /// What has become of an alert.
    State {
        /// Nobody has looked at it.
        Open = "open",
        /// Somebody sees to it.
        Acknowledged = "acknowledged",
        /// It is over.
        Closed = "closed",
    }
}

/// Who closes an alert whose condition is gone.
pub const SYSTEM: &str = "system";

/// What a sentence says in the place of each `{name}`.
pub type Values = BTreeMap<String, String>;

/// One thing that needs somebody. Times are UTC seconds.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = alerts)]
pub struct Alert {
    /// Its number.
    pub id: AlertId,
    /// What it is about.
    pub kind: Kind,
    /// How much it matters: the most that it ever mattered.
    pub severity: Severity,
    /// Whose; `None` is the whole site.
    pub company_id: Option<CompanyId>,
    /// What of it, where a type can be about several: `token:5`, a route, a run's id.
    pub subject: String,
    /// What happened, in English, with hostile names.
    pub message: String,
    /// The values of its sentence, as JSON.
    pub data: String,
    /// What has become of it.
    pub state: State,
    /// Since when.
    pub opened_at: i64,
    /// When it was last found.
    pub seen_at: i64,
    /// How often it was found.
    pub seen: i64,
    /// When somebody said that they see to it.
    pub acknowledged_at: Option<i64>,
    /// Who.
    pub acknowledged_by: Option<String>,
    /// When it was over.
    pub closed_at: Option<i64>,
    /// Who said so; [`SYSTEM`] where its condition was gone.
    pub closed_by: Option<String>,
    /// The severity that somebody was last told of.
    pub told: Option<Severity>,
    /// When.
    pub told_at: Option<i64>,
    /// Why it was closed.
    pub note: Option<String>,
}

impl Alert {
    /// The values of its sentence.
    pub fn values(&self) -> Values {
        serde_json::from_str(&self.data).unwrap_or_default()
    }

    /// Its sentence, a text of the source with a `{name}` for each value.
    pub fn sentence(&self) -> &'static str {
        self.kind.sentence(&self.subject)
    }

    /// Whether it is not over.
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }
}

/// The values that are whole numbers; the others are names and texts of others.
pub const NUMBERS: &[&str] = &[
    "calls", "days", "failed", "free", "hours", "limit", "ms", "percent", "rows", "used",
];

/// A sentence with its values in place.
pub fn filled(sentence: &str, values: &Values) -> String {
    let mut rest = sentence;
    let mut text = String::with_capacity(sentence.len());
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, later)) = after.split_once('}') else {
            text.push('{');
            rest = after;
            continue;
        };
        text.push_str(values.get(name).map_or("?", String::as_str));
        rest = later;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_their_places_and_are_not_looked_into() {
        let values = [("a", "{b}"), ("b", "two")].map(|(name, value)| (name.into(), value.into()));

        assert_eq!(
            filled("{a} and {b}, {c}.", &values.into()),
            "{b} and two, ?."
        );
        assert_eq!(filled("open {", &Values::new()), "open {");
    }
}
