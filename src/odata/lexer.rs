//! The words of a filter, a key or an order.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// Most bytes of one expression.
pub const LONGEST: usize = 8 * 1024;

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A property, an operator or a function.
    Name(String),
    /// A text in single quotes, its doubled quotes made single.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Double(f64),
    /// A moment: UTC seconds and nanoseconds.
    Time(i64, u32),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `=`, in keys only.
    Equals,
}

/// The words of a text; the error says what is none.
pub fn words(text: &str) -> Result<Vec<Token>, String> {
    if text.len() > LONGEST {
        return Err(format!("longer than {LONGEST} bytes"));
    }
    let (mut found, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '=' => (Token::Equals, 1),
            '\'' => quoted(rest)?,
            _ => word(rest)?,
        };
        found.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

fn quoted(text: &str) -> Result<(Token, usize), String> {
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '\'' {
            value.push(letter);
        } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
            value.push('\'');
        } else {
            return Ok((Token::Text(value), at + 1));
        }
    }
    Err("a text does not end: close it with a single quote".into())
}

fn word(text: &str) -> Result<(Token, usize), String> {
    let ends = |letter: char| letter.is_whitespace() || "(),='".contains(letter);
    let length = text.find(ends).unwrap_or(text.len());
    let word = &text[..length];
    Ok((value(word).ok_or_else(|| unknown(word))?, length))
}

fn value(word: &str) -> Option<Token> {
    let first = word.chars().next()?;
    let begins = |letter: char| letter.is_ascii_alphabetic() || "_$".contains(letter);
    let negated = word.strip_prefix('-');
    if begins(first) || negated.is_some_and(|rest| rest.is_empty() || rest.starts_with(begins)) {
        let name = |letter: char| letter.is_ascii_alphanumeric() || "_./$:-".contains(letter);
        return word.chars().all(name).then(|| Token::Name(word.to_owned()));
    }
    if let Ok(number) = word.parse() {
        return (first != '+').then_some(Token::Int(number));
    }
    moment(word).or_else(|| double(word))
}

fn double(word: &str) -> Option<Token> {
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let shaped = word.bytes().all(plain) && word.contains(['.', 'e', 'E']);
    let number: f64 = word.parse().ok().filter(|_| shaped)?;
    number.is_finite().then_some(Token::Double(number))
}

/// With an offset, without one as UTC, or a day alone as its midnight in UTC.
fn moment(word: &str) -> Option<Token> {
    let token = |seconds, nanoseconds| Some(Token::Time(seconds, nanoseconds));
    if let Ok(moment) = DateTime::parse_from_rfc3339(word) {
        return token(moment.timestamp(), moment.timestamp_subsec_nanos());
    }
    for shape in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(moment) = NaiveDateTime::parse_from_str(word.trim_end_matches('Z'), shape) {
            let moment = moment.and_utc();
            return token(moment.timestamp(), moment.timestamp_subsec_nanos());
        }
    }
    let day = NaiveDate::parse_from_str(word, "%Y-%m-%d").ok()?;
    token(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp(), 0)
}

fn unknown(word: &str) -> String {
    let short: String = word.chars().take(40).collect();
    format!("“{short}” is no name, number, text or moment")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        let found = words("Name eq 'D''Arc' and(x ge -1.5,2026-01-02T03:04:05.5+02:00)");

        let name = |text: &str| Token::Name(text.into());
        assert_eq!(
            found,
            Ok(vec![
                name("Name"),
                name("eq"),
                Token::Text("D'Arc".into()),
                name("and"),
                Token::Open,
                name("x"),
                name("ge"),
                Token::Double(-1.5),
                Token::Comma,
                Token::Time(1_767_315_845, 500_000_000),
                Token::Close
            ])
        );
        assert_eq!(words("2026-01-02"), Ok(vec![Token::Time(1_767_312_000, 0)]));
        assert_eq!(words("2026-01-02T03:04:05"), words("2026-01-02T03:04:05Z"));
    }

    #[test]
    fn what_is_no_word_is_refused() {
        for wrong in [
            "'open",
            "5x",
            "#",
            "1.2.3",
            "99999999999999999999",
            "+5",
            "é",
            "1e999",
        ] {
            assert!(words(wrong).is_err(), "{wrong}");
        }
        assert!(words(&"a".repeat(9000)).is_err());
    }
}
