//! One changed row in words: each field before and after, and what the API returns of it now.

use serde_json::{Map, Value};

use super::labels::Label;
use super::phrases::{mailbox_text, time_text};
use crate::language::{Number, Said};
use crate::moodle::RowState;
use crate::progress::{Row, Status};
use crate::sync::Run;
use crate::sync::affected::Affected;
use crate::sync::plan::Kind;
use crate::sync::preview::Planned;

/// A line of the run page.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What was done to the row.
    pub kind: Kind,
    /// The row as it is now; of a planned one that is not stored yet, as it would be.
    pub row: Row,
    /// Whether the store has the row.
    pub stored: bool,
    /// What moved.
    pub fields: Vec<Field>,
    /// Whether what moved was erased.
    pub is_emptied: bool,
}

/// One field that moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name, as in the API.
    pub name: String,
    /// What it said; `None` of a row never seen before.
    pub before: Option<Said>,
    /// What it said afterwards.
    pub after: Said,
}

impl Change {
    /// Whether the API returns the row at all.
    pub fn is_served(&self) -> bool {
        self.stored && self.row.state == RowState::Active
    }
}

/// A change, ready for the page.
pub fn change(affected: Affected) -> Change {
    Change {
        kind: affected.kind,
        is_emptied: affected.before.is_none() && affected.after.is_none(),
        fields: fields(affected.before.as_ref(), affected.after.as_ref()),
        row: affected.row,
        stored: true,
    }
}

/// A planned change; `None` for one that says nothing of its row, because that was erased since.
pub fn planned(run: &Run, line: Planned) -> Option<Change> {
    let content = line.content()?;
    let side = |text: &Option<String>| serde_json::from_str(text.as_deref()?).ok();
    let fields = fields(side(&line.before).as_ref(), side(&line.after).as_ref());
    let stored = line.row.is_some();
    let row = line.row.unwrap_or(Row {
        company_id: run.company_id,
        user_id: line.key.user,
        course_id: line.key.course,
        content,
        state: RowState::Active,
        seq: 0,
        first_seen_seq: 0,
        changed_at: 0,
    });
    Some(Change {
        is_emptied: false,
        kind: line.kind,
        row,
        stored,
        fields,
    })
}

/// Fields that tell how far a learner is come first; of a new row they are all there is to tell.
const TELLING: [&str; 4] = ["status", "percentage", "timecompleted", "state"];

/// What moved, field by field.
pub fn fields(
    before: Option<&Map<String, Value>>,
    after: Option<&Map<String, Value>>,
) -> Vec<Field> {
    let place = |name: &str| TELLING.iter().position(|telling| *telling == name);
    let field = |(name, value): (&String, &Value)| Field {
        name: name.clone(),
        before: before.map(|fields| words(name, fields.get(name).unwrap_or(&Value::Null))),
        after: words(name, value),
    };
    let told = |(name, _): &(&String, &Value)| before.is_some() || place(name).is_some();
    let mut fields: Vec<Field> = after
        .into_iter()
        .flatten()
        .filter(told)
        .map(field)
        .collect();
    fields.sort_by_key(|field| place(&field.name).unwrap_or(TELLING.len()));
    fields
}

fn words(name: &str, value: &Value) -> Said {
    match value {
        Value::Null => Said::new("value|none"),
        Value::String(text) if name == "status" => status(text),
        Value::String(text) if name == "state" => state(text),
        Value::String(text) if name == "email" => email(text),
        Value::String(text) => Said::as_it_is(text),
        Value::Number(number) if name == "percentage" => number
            .as_f64()
            .map_or_else(unknown, |value| Said::figure(Number::Percent(value))),
        Value::Number(number) => number
            .as_i64()
            .map_or_else(unknown, |at| Said::as_it_is(time_text(at))),
        other => Said::as_it_is(other.to_string()),
    }
}

/// What is no number of its kind is not shown as one.
fn unknown() -> Said {
    Said::new("unknown")
}

fn status(text: &str) -> Said {
    match text.parse() {
        Ok(Status::Completed) => Said::new("completed"),
        Ok(Status::InProgress) => Said::new("in progress"),
        Ok(Status::NotStarted) => Said::new("not started"),
        Err(_) => Said::as_it_is(text),
    }
}

fn state(text: &str) -> Said {
    let state: Option<RowState> = text.parse().ok();
    state.map_or_else(|| Said::as_it_is(text), |state| Said::new(state.label()))
}

fn email(text: &str) -> Said {
    match mailbox_text(text) {
        same if same == text => Said::as_it_is(text),
        _ => Said::new("deleted account"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_that_is_no_whole_number_is_unknown_and_not_1970() {
        assert_eq!(words("timecompleted", &json!(1.5)), unknown());
        assert_eq!(words("timecompleted", &json!(u64::MAX)), unknown());
        assert_eq!(
            words("timecompleted", &json!(0)).to_string(),
            "1970-01-01 00:00 UTC"
        );
        assert_eq!(words("percentage", &json!(25)).to_string(), "25 %");
    }
}
