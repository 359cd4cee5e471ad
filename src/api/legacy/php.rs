//! Texts and numbers as PHP's `json_encode` and Moodle's XML write them.

use std::fmt::Write as _;

/// The first line of every XML answer.
pub const XML_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n";

/// A JSON text with PHP's escapes: `\/`, and everything beyond ASCII as `\u00e9`.
pub fn json_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_json_text(&mut out, text);
    out
}

/// [`json_text`], appended.
pub fn push_json_text(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' => out.push_str("\\/"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='\u{7f}' => out.push(letter),
            letter => push_escaped(out, letter),
        }
    }
    out.push('"');
}

fn push_escaped(out: &mut String, letter: char) {
    for unit in letter.encode_utf16(&mut [0; 2]) {
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// A text between XML tags. Moodle leaves apostrophes alone.
pub fn xml_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A percentage with at most two decimals and no zeros to spare: `100`, `41.67`, `0`.
pub fn percentage(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_php_does() {
        let escaped = json_text("Łukasz \"a/b\" \\ é 安全 😀\n\u{1}\u{7f}");

        let expected = r#""\u0141ukasz \"a\/b\" \\ \u00e9 \u5b89\u5168 \ud83d\ude00\n\u0001"#;
        assert_eq!(escaped, format!("{expected}\u{7f}\""));
        assert_eq!(
            xml_text("<a href=\"x\">D'A & B</a>"),
            "&lt;a href=&quot;x&quot;&gt;D'A &amp; B&lt;/a&gt;"
        );
    }

    #[test]
    fn percentages_have_two_decimals_at_most() {
        let written = |value: f64| percentage(value).to_string();
        assert_eq!(written(100.0 * 5.0 / 12.0), "41.67");
        assert_eq!(written(100.0), "100");
        assert_eq!(written(0.0), "0");
        assert_eq!(written(3.125), "3.13");
        assert_eq!(written(50.5), "50.5");
    }
}
