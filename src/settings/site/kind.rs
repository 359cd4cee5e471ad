//! What a setting of the site may be, and how what was typed is checked.

use url::Url;

use crate::language::Said;

/// The type of a setting, with its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `on` or `off`.
    Switch,
    /// A whole number from the first to the second, in this unit.
    Number(i64, i64, &'static str),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// E-mail addresses with commas or lines between; may be empty.
    Emails,
    /// One e-mail address; may be empty.
    Email,
    /// An address that begins with `http://` or `https://`; may be empty.
    Web,
    /// The name or address of a machine; may be empty.
    Host,
    /// Any text of one line, at most so many characters; may be empty.
    Line(usize),
}

/// Most addresses of a list.
const MOST_EMAILS: usize = 50;

impl Kind {
    /// The value as it is stored, or a sentence that says what is wrong with it.
    pub fn checked(self, typed: &str) -> Result<String, Said> {
        let typed = typed.trim();
        match self {
            Self::Switch => word(typed, &["on", "off"]),
            Self::Number(least, most, _) => number(typed, least, most),
            Self::Choice(words) => word(typed, words),
            Self::Emails => list(typed),
            Self::Email => optional(
                typed,
                is_email(typed),
                Said::new("Give an e-mail address, such as alx@example.com."),
            ),
            Self::Web => optional(
                typed,
                is_web(typed),
                Said::new(
                    "Give an address that begins with https:// or http://, without a name or password in it.",
                ),
            ),
            Self::Host => optional(
                typed,
                is_host(typed),
                Said::new("Give the name or the address of a machine, such as mail.example.com."),
            ),
            Self::Line(most) => optional(
                typed,
                is_line(typed, most),
                Said::new("Give one line of at most {most} characters.").number("most", most),
            ),
        }
    }
}

fn number(typed: &str, least: i64, most: i64) -> Result<String, Said> {
    let number = typed
        .parse::<i64>()
        .ok()
        .filter(|number| (least..=most).contains(number));
    number.map(|number| number.to_string()).ok_or_else(|| {
        Said::new("Give a whole number from {least} to {most}.")
            .number("least", least)
            .number("most", most)
    })
}

fn word(typed: &str, words: &[&str]) -> Result<String, Said> {
    match words.contains(&typed) {
        true => Ok(typed.to_owned()),
        false => Err(Said::new("Choose one of: {words}.").with("words", words.join(", "))),
    }
}

fn optional(typed: &str, fits: bool, why: Said) -> Result<String, Said> {
    match typed.is_empty() || fits {
        true => Ok(typed.to_owned()),
        false => Err(why),
    }
}

/// The addresses of a list, without those that stand there twice.
pub(super) fn emails(list: &str) -> impl Iterator<Item = &str> {
    let all: Vec<&str> = list
        .split([',', ';', '\n', '\r', ' '])
        .map(str::trim)
        .collect();
    let mut seen: Vec<String> = Vec::new();
    all.into_iter().filter(move |one| {
        let lower = one.to_lowercase();
        let new = !one.is_empty() && !seen.contains(&lower);
        seen.push(lower);
        new
    })
}

fn list(typed: &str) -> Result<String, Said> {
    let all: Vec<&str> = emails(typed).collect();
    if let Some(wrong) = all.iter().find(|one| !is_email(one)) {
        return Err(Said::new("“{what}” is not an e-mail address.").with("what", *wrong));
    }
    if all.len() > MOST_EMAILS {
        return Err(Said::new("Give at most {n} addresses.").number("n", MOST_EMAILS));
    }
    Ok(all.join(", "))
}

/// What mail servers take without quoting: one `@`, a host behind it, nothing that could end a header.
fn is_email(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    let dots = !name.starts_with('.') && !name.ends_with('.') && !name.contains("..");
    text.len() <= 254
        && (1..=64).contains(&name.len())
        && name.bytes().all(plain)
        && dots
        && is_host(host)
}

fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    (1..=253).contains(&text.len())
        && text.bytes().all(plain)
        && !text.starts_with(['.', '-'])
        && !text.ends_with(['.', '-'])
        && url::Host::parse(text).is_ok()
}

fn is_web(text: &str) -> bool {
    let fits = |url: &Url| {
        let (scheme, nobody) = (
            url.scheme(),
            url.username().is_empty() && url.password().is_none(),
        );
        (scheme == "https" || scheme == "http") && url.has_host() && nobody
    };
    text.len() <= 2000 && Url::parse(text).is_ok_and(|url| fits(&url))
}

fn is_line(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_one_by_one_and_kept_once() {
        let kept = Kind::Emails
            .checked("ada@example.com,\r\nBob.O'Neil@mail.example.com ; ADA@example.com\n");

        assert_eq!(
            kept.as_deref(),
            Ok("ada@example.com, Bob.O'Neil@mail.example.com")
        );
        for wrong in [
            "ada",
            "ada@",
            "@example.com",
            "a..b@example.com",
            "ada@exa mple",
            "ada@exam_ple\u{e9}<x>",
            "ada\u{0}@example.com",
        ] {
            assert!(
                Kind::Emails
                    .checked(&format!("bob@example.com, {wrong}"))
                    .is_err(),
                "{wrong}"
            );
        }
        assert_eq!(Kind::Emails.checked(" "), Ok(String::new()));
    }

    #[test]
    fn numbers_words_and_addresses_keep_to_their_range() {
        let minutes = Kind::Number(5, 1440, "minutes");
        assert_eq!(minutes.checked(" 5 "), Ok("5".into()));
        for wrong in ["4", "1441", "", "many", "5.5"] {
            assert!(minutes.checked(wrong).is_err(), "{wrong}");
        }
        assert!(Kind::Switch.checked("yes").is_err());
        assert_eq!(
            Kind::Web.checked("https://example.com/hook?x=1").as_deref(),
            Ok("https://example.com/hook?x=1")
        );
        for wrong in [
            "ftp://example.com",
            "file:///etc/passwd",
            "example.com",
            "https://ada:pw@example.com/",
        ] {
            assert!(Kind::Web.checked(wrong).is_err(), "{wrong}");
        }
        assert!(
            Kind::Host.checked("mail.example.com").is_ok() && Kind::Host.checked("[::1]").is_ok()
        );
        assert!(Kind::Host.checked("mail example").is_err() && Kind::Host.checked("a/b").is_err());
        assert!(Kind::Line(3).checked("abcd").is_err() && Kind::Line(9).checked("a\nb").is_err());
    }
}
