//! The languages of the pages: each text of the source has its translations in `language/*.po`, as gettext's tools write them.

mod kept;
mod numbers;
mod said;

use std::sync::LazyLock;

use spiritless_po::Catalog;

pub use numbers::{Number, Numeric, counted, plural};
pub use said::Said;

crate::words! {
    /// A language that pages are written in.
    Language {
        /// English, the language of the source.
        English = "en",
        /// German.
        German = "de",
        /// Spanish.
        Spanish = "es",
        /// Arabic, written from right to left.
        Arabic = "ar",
    }
}

impl Language {
    /// The one that a browser's `Accept-Language` asks for first of those that there are.
    pub fn accepted(header: &str) -> Option<Self> {
        let wished = header.split(',').take(MOST_WISHES).filter_map(wish);
        let mut best: Option<(f32, Self)> = None;
        for (weight, language) in wished.filter(|(weight, _)| *weight > 0.0) {
            if best.is_none_or(|(other, _)| weight > other) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// What its readers call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Spanish => "Español",
            Self::Arabic => "العربية",
        }
    }

    /// Where a line begins, as HTML says it.
    pub fn direction(self) -> &'static str {
        match self {
            Self::Arabic => "rtl",
            _ => "ltr",
        }
    }

    /// A text of the source in this language; the text itself where nobody has translated it.
    ///
    /// What is one word in English and two elsewhere says before it what it means, as in `button|Change`: gettext's context.
    pub fn translated(self, text: &str) -> String {
        if text.is_empty() {
            return String::new(); // a catalogue keeps its own head under the empty text
        }
        let said = match (in_context(text), self.catalogue()) {
            (Some((context, text)), Some(known)) => known.pgettext(context, text),
            (Some((_, text)), None) => text,
            (None, Some(known)) => known.gettext(text),
            (None, None) => text,
        };
        said.to_owned()
    }

    /// The form of a text that a number asks for, such as `{n} day` and `{n} days`; the number is for the caller to put in.
    pub fn numbered(self, one: &str, more: &str, count: i64) -> String {
        let form = match self.catalogue() {
            Some(known) => known.ngettext(one, more, counting(count)),
            None if count == 1 => one,
            None => more,
        };
        form.to_owned()
    }

    /// [`numbered`](Self::numbered) in a context, which gettext keeps beside the text.
    fn numbered_in(self, context: &str, one: &str, more: &str, count: i64) -> String {
        let form = match self.catalogue() {
            Some(known) => known.npgettext(context, one, more, counting(count)),
            None if count == 1 => one,
            None => more,
        };
        form.to_owned()
    }

    fn catalogue(self) -> Option<&'static Catalog> {
        match self {
            Self::English => None,
            Self::German => Some(&GERMAN),
            Self::Spanish => Some(&SPANISH),
            Self::Arabic => Some(&ARABIC),
        }
    }
}

/// Languages of an `Accept-Language` that are read.
const MOST_WISHES: usize = 30;

/// One language of an `Accept-Language`, where we have it, and how much it is wished for.
fn wish(part: &str) -> Option<(f32, Language)> {
    let (tag, weight) = part.split_once(';').unwrap_or((part, "q=1"));
    let primary = tag.trim().split('-').next().unwrap_or_default();
    let language = primary.to_ascii_lowercase().parse().ok()?;
    let weight = weight.trim().strip_prefix("q=")?.parse().ok()?;
    Some((weight, language))
}

static GERMAN: LazyLock<Catalog> = LazyLock::new(|| read(include_str!("language/de.po")));
static SPANISH: LazyLock<Catalog> = LazyLock::new(|| read(include_str!("language/es.po")));
static ARABIC: LazyLock<Catalog> = LazyLock::new(|| read(include_str!("language/ar.po")));

fn counting(count: i64) -> usize {
    usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX)
}

/// The context of a text and the text, where the catalogues have it so: a name that somebody typed may hold the sign too.
fn in_context(text: &str) -> Option<(&str, &str)> {
    let parts = text.split_once('|')?;
    let key = text.replacen('|', "\u{4}", 1);
    GERMAN.index().contains_key(&key).then_some(parts)
}

/// What is damaged in a catalogue is left out, and a test finds it.
fn read(text: &str) -> Catalog {
    let mut catalogue = Catalog::new();
    if let Err(errors) = catalogue.add_str(text) {
        log::warn!("a catalogue of translations is damaged: {errors:?}");
    }
    catalogue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_catalogue_is_whole_and_its_texts_keep_their_places() {
        for text in [
            include_str!("language/de.po"),
            include_str!("language/es.po"),
            include_str!("language/ar.po"),
        ] {
            let mut catalogue = Catalog::new();
            catalogue.add_str(text).expect("a whole catalogue");
        }
    }

    #[test]
    fn an_empty_text_stays_empty() {
        for language in Language::ALL {
            assert_eq!(language.translated(""), "");
        }
    }

    #[test]
    fn a_browser_gets_the_language_that_it_wishes_for_most_of_those_there_are() {
        for (header, language) in [
            ("de", Some(Language::German)),
            ("de-AT,en;q=0.5", Some(Language::German)),
            (
                "fr-CH, fr;q=0.9, es;q=0.8, en;q=0.7",
                Some(Language::Spanish),
            ),
            ("en;q=0.5, AR ; q=0.9", Some(Language::Arabic)),
            ("de;q=0, en", Some(Language::English)),
            ("fr, *;q=0.1", None),
            ("de;q=much", None),
            ("de;q=NaN", None),
            ("", None),
        ] {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }

    #[test]
    fn a_text_that_nobody_has_translated_stays_as_it_is() {
        let text = "A sentence that no catalogue has.";

        assert_eq!(Language::German.translated(text), text);
        assert_eq!(Language::English.translated("Sign out"), "Sign out");
        assert_eq!(Language::German.translated("Sign out"), "Abmelden");
    }

    #[test]
    fn one_word_of_english_may_be_two_in_other_languages() {
        assert_eq!(Language::English.translated("button|Change"), "Change");
        assert_eq!(Language::German.translated("button|Change"), "Ändern");
        assert_eq!(Language::German.translated("Change"), "Änderung");
        assert_eq!(Language::German.translated("Course a|b"), "Course a|b");
    }

    #[test]
    fn each_language_counts_by_its_own_rule() {
        let days = |language: Language, count| language.numbered("{n} day", "{n} days", count);

        assert_eq!(days(Language::English, 1), "{n} day");
        assert_eq!(days(Language::German, 2), "{n} Tage");
        assert_eq!(days(Language::Arabic, 3), "{n} أيام");
        assert_eq!(days(Language::Arabic, 11), "{n} يومًا");
        assert_ne!(days(Language::Arabic, 2), days(Language::Arabic, 3));
    }
}
