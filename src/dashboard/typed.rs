//! A form as it was typed, and what is wrong with it, field by field.

use super::settings_form::Pairs;
use crate::fields::{Field, Fields};

/// A form as it was typed; names repeat, one per ticked box.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed(Pairs);

/// What is wrong with each field, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes<Why>(Vec<(&'static str, Why)>);

impl Typed {
    /// What a browser sent.
    pub fn new(pairs: Pairs) -> Self {
        Self(pairs)
    }

    /// What stands in a field, without blanks around it; empty where it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.sent(name).unwrap_or_default()
    }

    /// What was sent in a field, without blanks around it; `None` where it was not.
    pub fn sent(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.trim())
    }

    /// Whether this choice of a group is the present one.
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.text(name) == value
    }

    /// Whether a box is ticked, or a button pressed.
    pub fn has(&self, name: &str, value: &str) -> bool {
        let mut fields = self.0.iter();
        fields.any(|(field, sent)| field == name && sent == value)
    }

    /// Types something into a field, in place of what stood there.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.retain(|(field, _)| field != name);
        self.0.push((name.to_owned(), value.into()));
    }

    /// Ticks the boxes of these fields and no others.
    pub fn tick(&mut self, fields: Fields) {
        self.0.retain(|(field, _)| field != "field");
        let boxes = fields
            .iter()
            .map(|field| ("field".into(), field.to_string()));
        self.0.extend(boxes);
    }

    /// The ticked fields.
    pub fn ticked(&self) -> Fields {
        let all = Field::ALL.iter().copied();
        all.filter(|field| self.has("field", field.as_str()))
            .collect()
    }

    /// Whether any box of the fields was sent.
    pub fn has_ticks(&self) -> bool {
        self.0.iter().any(|(field, _)| field == "field")
    }
}

impl<Why> Mistakes<Why> {
    /// Nothing is wrong yet.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Notes what is wrong with a field.
    pub fn add(&mut self, field: &'static str, why: Why) {
        self.0.push((field, why));
    }

    /// What is wrong with a field.
    pub fn of(&self, field: &str) -> Option<&Why> {
        let found = self.0.iter().find(|(name, _)| *name == field);
        found.map(|(_, why)| why)
    }

    /// Whether there is any.
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The value, or `None` and a note of what is wrong with it.
    pub fn keep<T>(&mut self, field: &'static str, checked: Result<T, Why>) -> Option<T> {
        checked.map_err(|why| self.add(field, why)).ok()
    }
}
