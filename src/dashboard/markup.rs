//! Markup: texts are escaped, and what is markup already stays.

use askama::filters::{Html, Safe, escape};

/// What stands in a page: a text, to be escaped, or markup as it is.
pub trait Markup {
    /// It as markup.
    fn markup(&self) -> String;
}

impl Markup for str {
    fn markup(&self) -> String {
        let Ok(escaped) = escape(self, Html);
        escaped.to_string()
    }
}

impl Markup for String {
    fn markup(&self) -> String {
        self.as_str().markup()
    }
}

impl Markup for Safe<String> {
    fn markup(&self) -> String {
        self.0.clone()
    }
}

impl<T: Markup + ?Sized> Markup for &T {
    fn markup(&self) -> String {
        (*self).markup()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_escaped_before_markup_is_put_into_it() {
        let hostile = String::from("<b>&");

        assert_eq!(hostile.markup(), "&#60;b&#62;&#38;");
        assert_eq!(Safe(hostile).markup(), "<b>&");
    }
}
