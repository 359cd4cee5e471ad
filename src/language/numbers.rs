//! Counts with their nouns, and digits in groups.

use super::Language;

/// `1 change`, `2 changes`, `1,204 entries`: the noun is the English singular, the catalogues know its forms.
pub fn counted(language: Language, count: i64, noun: &str) -> String {
    let one = format!("{{n}} {noun}");
    let more = format!("{{n}} {}", plural(noun));
    let text = language.numbered(&one, &more, count);
    text.replace("{n}", &grouped(count))
}

/// The plural of an English noun, as the catalogues have it.
pub fn plural(noun: &str) -> String {
    let stem = noun
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    stem.map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ies"))
}

/// `8,245`.
pub fn grouped(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if count < 0 {
        format!("−{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_carry_their_noun_and_group_their_digits() {
        let told = |count, noun| counted(Language::English, count, noun);

        assert_eq!(told(0, "change"), "0 changes");
        assert_eq!(told(1, "entry"), "1 entry");
        assert_eq!(told(8245, "entry"), "8,245 entries");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(grouped(-1000), "−1,000");
    }
}
