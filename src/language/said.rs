//! A text of the source with values in it, so that it can be said in any language.

use std::borrow::Cow;

use super::Language;
use super::numbers::counted;

/// A text with the names of values in braces, and the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    text: Cow<'static, str>,
    values: Vec<(&'static str, Value)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    AsItIs(String),
    Counted(i64, &'static str),
    Said(Said),
}

impl Said {
    /// A text without values yet.
    pub fn new(text: &'static str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            values: Vec::new(),
        }
    }

    /// A text that an error or the store brought; it is said in another language where that knows it.
    pub fn brought(text: String) -> Self {
        Self {
            text: Cow::Owned(text),
            values: Vec::new(),
        }
    }

    /// What is the same in every language, where a text could stand as well.
    pub fn as_it_is(value: impl ToString) -> Self {
        Self::new("{value}").with("value", value)
    }

    /// Two things of a list, such as `3 missing, 1 extra`.
    pub fn joined(one: Self, next: Self) -> Self {
        Self::new("{one}, {next}")
            .saying("one", one)
            .saying("next", next)
    }

    /// With a value that is the same in every language: a name, an address, a number.
    pub fn with(self, name: &'static str, value: impl ToString) -> Self {
        self.and(name, Value::AsItIs(value.to_string()))
    }

    /// With so many of something: `{name}` becomes `3 changes`. The noun is the English singular.
    pub fn counted(self, name: &'static str, count: i64, noun: &'static str) -> Self {
        self.and(name, Value::Counted(count, noun))
    }

    /// With another text of the source in it.
    pub fn saying(self, name: &'static str, said: Self) -> Self {
        self.and(name, Value::Said(said))
    }

    fn and(mut self, name: &'static str, value: Value) -> Self {
        self.values.push((name, value));
        self
    }

    /// The whole of it in a language.
    pub fn in_language(&self, language: Language) -> String {
        let mut whole = language.translated(&self.text);
        for (name, value) in &self.values {
            let value = match value {
                Value::AsItIs(text) => text.clone(),
                Value::Counted(count, noun) => counted(language, *count, noun),
                Value::Said(said) => said.in_language(language),
            };
            whole = whole.replace(&format!("{{{name}}}"), &value);
        }
        whole
    }
}

impl AsRef<Self> for Said {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// In English, the language of logs, files and mails.
impl std::fmt::Display for Said {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.in_language(Language::English))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_their_names_do_in_any_language() {
        let said = Said::new("{n} of {most}, {days}")
            .with("n", 3)
            .with("most", 8)
            .counted("days", 2, "day");

        assert_eq!(said.to_string(), "3 of 8, 2 days");
        assert_eq!(said.in_language(Language::German), "3 of 8, 2 Tage");
    }
}
