//! Numbers as each language writes them, and counts with their nouns.

use super::Language;

/// A number that somebody will read, before it is known in which language.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// So many of something: `8,245`.
    Whole(i64),
    /// Parts of a hundred, at most two digits after the point: `41.67 %`. Only 100 itself reads `100 %`, only 0 `0 %`.
    Percent(f64),
    /// Microseconds as milliseconds: `12.3`; from a hundred on without a digit after the point.
    Milliseconds(i64),
    /// Bytes in the largest fitting unit: `640 B`, `12.3 MB`.
    Bytes(i64),
    /// What fits beside an axis: `0.5`, `250`, `1.2k`, `3M`.
    Short(f64),
}

impl Number {
    /// As this language writes it.
    pub fn in_language(self, language: Language) -> String {
        match self {
            Self::Whole(count) => language.whole(count),
            Self::Percent(value) => language.percent(value),
            Self::Milliseconds(microseconds @ 100_000..) => language.whole(microseconds / 1000),
            Self::Milliseconds(microseconds) => language.decimal(microseconds as f64 / 1000.0, 1),
            Self::Bytes(bytes) => language.size(bytes),
            Self::Short(value) => language.short(value),
        }
    }
}

/// Whatever is a number to its reader.
pub trait Numeric {
    /// The number.
    fn figure(&self) -> Number;
}

impl Numeric for Number {
    fn figure(&self) -> Number {
        *self
    }
}

impl<T: Numeric> Numeric for &T {
    fn figure(&self) -> Number {
        (*self).figure()
    }
}

macro_rules! whole {
    ($($kind:ty),+) => {$(
        impl Numeric for $kind {
            fn figure(&self) -> Number {
                Number::Whole(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        }
    )+};
}

whole!(u8, u16, i32, u32, i64, u64, usize);

impl Language {
    /// The signs between groups of three digits and before the parts of one.
    fn signs(self) -> (&'static str, &'static str) {
        match self {
            Self::English | Self::Arabic => (",", "."),
            Self::German | Self::Spanish => (".", ","),
        }
    }

    /// From how many digits on they stand in groups.
    fn grouped_from(self) -> usize {
        match self {
            Self::Spanish => 5,
            _ => 4,
        }
    }

    fn whole(self, count: i64) -> String {
        let digits = count.unsigned_abs().to_string();
        let grouped = digits.len() >= self.grouped_from();
        let mut text = String::from(if count < 0 { "−" } else { "" });
        for (place, digit) in digits.chars().enumerate() {
            if grouped && place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push_str(self.signs().0);
            }
            text.push(digit);
        }
        text
    }

    fn decimal(self, value: f64, parts: usize) -> String {
        format!("{value:.parts$}").replace('.', self.signs().1)
    }

    /// Two digits after the point, without zeros at the end.
    fn brief(self, value: f64) -> String {
        let text = format!("{value:.2}");
        let brief = text.trim_end_matches('0').trim_end_matches('.');
        brief.replace('.', self.signs().1)
    }

    /// In Arabic the sign stands close, so that it stays at its number among words from the right.
    fn percent(self, value: f64) -> String {
        let between = value > 0.0 && value < 100.0;
        let honest = if between {
            value.clamp(0.01, 99.99)
        } else {
            value
        };
        let space = if self == Self::Arabic { "" } else { " " };
        format!("{}{space}%", self.brief(honest))
    }

    /// Within words from the right, number and unit are isolated: else what follows would come between them.
    fn size(self, bytes: i64) -> String {
        let size = self.size_text(bytes);
        match self {
            Self::Arabic => format!("\u{2066}{size}\u{2069}"),
            _ => size,
        }
    }

    fn size_text(self, bytes: i64) -> String {
        let mut amount = bytes as f64;
        if amount < 1024.0 {
            return format!("{} B", self.whole(bytes));
        }
        let mut unit = "KB";
        for next in ["MB", "GB", "TB"] {
            if amount >= 1024.0 * 1024.0 {
                (amount, unit) = (amount / 1024.0, next);
            }
        }
        format!("{} {unit}", self.decimal(amount / 1024.0, 1))
    }

    fn short(self, value: f64) -> String {
        let units = ["", "k", "M", "G", "T", "P", "E"];
        let (mut value, mut unit) = (value, 0);
        while value >= 1000.0 && unit + 1 < units.len() {
            value /= 1000.0;
            unit += 1;
        }
        format!("{}{}", self.brief(value), units[unit])
    }
}

/// `1 change`, `2 changes`, `1,204 entries`: the noun is the English singular, the catalogues know its forms.
///
/// A noun may have its context before it, as in `distance|day`.
pub fn counted(language: Language, count: i64, noun: &str) -> String {
    let (context, noun) = noun.split_once('|').unwrap_or(("", noun));
    let one = format!("{{n}} {noun}");
    let more = format!("{{n}} {}", plural(noun));
    let text = match context {
        "" => language.numbered(&one, &more, count),
        context => language.numbered_in(context, &one, &more, count),
    };
    text.replace("{n}", &language.whole(count))
}

/// The plural of an English noun, as the catalogues have it.
pub fn plural(noun: &str) -> String {
    let stem = noun
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    stem.map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ies"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english(number: impl Numeric) -> String {
        number.figure().in_language(Language::English)
    }

    fn everywhere(number: impl Numeric) -> [String; 4] {
        let number = number.figure();
        [
            Language::English,
            Language::German,
            Language::Spanish,
            Language::Arabic,
        ]
        .map(|language| number.in_language(language))
    }

    #[test]
    fn counts_carry_their_noun_and_group_their_digits() {
        let told = |count, noun| counted(Language::English, count, noun);

        assert_eq!(told(0, "change"), "0 changes");
        assert_eq!(told(1, "entry"), "1 entry");
        assert_eq!(told(8245, "entry"), "8,245 entries");
        assert_eq!(counted(Language::German, 8245, "day"), "8.245 Tage");
        assert_eq!(told(2, "distance|day"), "2 days");
        assert_eq!(counted(Language::German, 2, "distance|day"), "2 Tagen");
        assert_eq!(english(1_000_000), "1,000,000");
        assert_eq!(english(-1000), "−1,000");
    }

    #[test]
    fn each_language_groups_and_parts_its_own_way() {
        assert_eq!(everywhere(245), ["245"; 4]);
        assert_eq!(everywhere(8245), ["8,245", "8.245", "8245", "8,245"]);
        assert_eq!(
            everywhere(12_345_678),
            ["12,345,678", "12.345.678", "12.345.678", "12,345,678"]
        );
        assert_eq!(
            everywhere(Number::Percent(41.7)),
            ["41.7 %", "41,7 %", "41,7 %", "41.7%"]
        );
        assert_eq!(
            everywhere(Number::Bytes(12_900_000)),
            ["12.3 MB", "12,3 MB", "12,3 MB", "\u{2066}12.3 MB\u{2069}"]
        );
    }

    #[test]
    fn percentages_are_rounded_to_two_digits() {
        assert_eq!(english(Number::Percent(100.0 / 3.0)), "33.33 %");
        assert_eq!(english(Number::Percent(100.0)), "100 %");
        assert_eq!(english(Number::Percent(0.0)), "0 %");
    }

    #[test]
    fn almost_everything_is_not_all_and_almost_nothing_is_something() {
        assert_eq!(english(Number::Percent(99.9967)), "99.99 %");
        assert_eq!(english(Number::Percent(99.99)), "99.99 %");
        assert_eq!(english(Number::Percent(0.0001)), "0.01 %");
        assert_eq!(english(Number::Percent(0.014)), "0.01 %");
    }

    #[test]
    fn durations_and_sizes_are_told_as_people_say_them() {
        assert_eq!(english(Number::Milliseconds(340)), "0.3");
        assert_eq!(english(Number::Milliseconds(1_204_000)), "1,204");
        assert_eq!(english(Number::Bytes(0)), "0 B");
        assert_eq!(english(Number::Bytes(1023)), "1,023 B");
        assert_eq!(english(Number::Bytes(1024)), "1.0 KB");
        assert_eq!(english(Number::Bytes(1 << 50)), "1024.0 TB");
    }

    #[test]
    fn an_axis_has_little_room() {
        let short = |value| Number::Short(value).in_language(Language::German);

        assert_eq!([short(0.5), short(250.0)], ["0,5", "250"]);
        assert_eq!([short(1200.0), short(3e6)], ["1,2k", "3M"]);
    }
}
