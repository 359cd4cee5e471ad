//! A text of the source with values in it, so that it can be said in any language.

use std::borrow::Cow;

use super::Language;
use super::numbers::{Number, Numeric, counted};

/// A text with the names of values in braces, and the values.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    text: Cow<'static, str>,
    values: Vec<(&'static str, Value)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    AsItIs(String),
    Number(Number),
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
    pub fn as_it_is(value: impl Into<String>) -> Self {
        Self::new("{value}").with("value", value)
    }

    /// A number, where a text could stand as well.
    pub fn figure(number: impl Numeric) -> Self {
        Self::new("{n}").number("n", number)
    }

    /// Two things of a list, such as `3 missing, 1 extra`.
    pub fn joined(one: Self, next: Self) -> Self {
        Self::new("{one}, {next}")
            .saying("one", one)
            .saying("next", next)
    }

    /// With a value that is the same in every language: a name, an address, an id.
    pub fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        self.and(name, Value::AsItIs(value.into()))
    }

    /// With a number, as the reader's language writes it.
    pub fn number(self, name: &'static str, value: impl Numeric) -> Self {
        self.and(name, Value::Number(value.figure()))
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
                Value::Number(number) => number.in_language(language),
                Value::Counted(count, noun) => counted(language, *count, noun),
                Value::Said(said) => said.in_language(language),
            };
            whole = whole.replace(&format!("{{{name}}}"), &value);
        }
        whole
    }
}

/// A text without values.
impl From<&'static str> for Said {
    fn from(text: &'static str) -> Self {
        Self::new(text)
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
        let said = Said::new("{name}: {n} of {most}, {days}")
            .with("name", "1234")
            .number("n", Number::Percent(41.5))
            .number("most", 8000)
            .counted("days", 2, "day");

        assert_eq!(said.to_string(), "1234: 41.5 % of 8,000, 2 days");
        assert_eq!(
            said.in_language(Language::German),
            "1234: 41,5 % of 8.000, 2 Tage"
        );
    }
}
