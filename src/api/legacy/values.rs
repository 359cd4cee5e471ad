//! Values as PHP reads them.

/// A whole number in the one spelling that Moodle's `PARAM_INT` lets through: `5`, not `05`, `+5`, ` 5` or `5.0`.
pub fn int(text: &str) -> Option<i64> {
    text.parse::<i64>()
        .ok()
        .filter(|number| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(int("5"), Some(5));
        assert_eq!(int("-1"), Some(-1));
        assert_eq!(int("9223372036854775807"), Some(i64::MAX));
        for text in [
            "",
            " 5",
            "5 ",
            "05",
            "+5",
            "5.0",
            "-0",
            "abc",
            "99999999999999999999",
            "1e3",
        ] {
            assert_eq!(int(text), None, "{text:?}");
        }
    }
}
