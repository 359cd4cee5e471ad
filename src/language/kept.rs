//! Texts that were kept as English sentences, such as why a sync failed, made ready to be said in any language.

use super::Said;

/// How a run that changed nothing ends its sentence.
const UNCHANGED: &str = ". Nothing was changed.";

impl Said {
    /// A kept text, by the texts of the source that it may have been made of: its values are found again.
    ///
    /// What is none of them is said as it is, or as the catalogues know the whole of it.
    pub fn kept(text: &str, known: &[&'static str]) -> Self {
        if let Some(why) = text.strip_suffix(UNCHANGED) {
            return Said::new("{why}. Nothing was changed.")
                .saying("why", Self::kept(&uncapitalized(why), known));
        }
        let found = known.iter().find_map(|pattern| parted(pattern, text));
        found.map_or_else(
            || Self::brought(text.to_owned()),
            |(pattern, values)| filled(pattern, values, known),
        )
    }
}

type Values<'a> = Vec<(&'static str, &'a str)>;

fn filled(pattern: &'static str, values: Values, known: &[&'static str]) -> Said {
    let begun = Said::new(pattern);
    values.into_iter().fold(begun, |said, (name, value)| {
        match value.replace(',', "").parse::<i64>() {
            Ok(count) => said.number(name, count),
            Err(_) => said.saying(name, Said::kept(value, known)),
        }
    })
}

/// What stands in the places of a pattern, where a text follows it.
fn parted<'a>(pattern: &'static str, text: &'a str) -> Option<(&'static str, Values<'a>)> {
    let mut parts = pattern.split('{');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut values = Values::new();
    for part in parts {
        let (name, between) = part.split_once('}')?;
        let end = match between {
            "" => rest.len(),
            between => rest.find(between)?,
        };
        values.push((name, &rest[..end]));
        rest = &rest[end + between.len()..];
    }
    rest.is_empty().then_some((pattern, values))
}

/// As the source has it within a sentence; a name such as Moodle keeps its capital.
fn uncapitalized(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !text.starts_with("Moodle") => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    const KNOWN: &[&str] = &[
        "the Moodle database cannot be reached: {why}",
        "it gave no answer within {n} seconds (ALX_MOODLE_TIMEOUT_SECONDS)",
    ];

    #[test]
    fn a_kept_text_finds_its_values_again() {
        let text = "The Moodle database cannot be reached: it gave no answer within 1,300 seconds \
                    (ALX_MOODLE_TIMEOUT_SECONDS). Nothing was changed.";
        let said = Said::kept(text, KNOWN);

        assert_eq!(said.to_string(), uncapitalized(text));
        let german = said.in_language(Language::German);
        assert!(german.contains("1.300 Sekunden"), "{german}");
        assert!(german.contains("nicht erreichbar"), "{german}");
        assert!(!german.contains("Nothing"), "{german}");
    }

    #[test]
    fn what_others_said_stays_as_it_was() {
        for text in ["ORA-1: {why} no", "", "Access denied for user 'x'@'y'"] {
            assert_eq!(Said::kept(text, KNOWN).to_string(), text);
        }
        let text = "the Moodle database cannot be reached: no {n} here";
        assert_eq!(Said::kept(text, KNOWN).to_string(), text);
    }
}
