//! Recovery codes: each stands in once for a code of the app. The store has their hashes only.

use super::vault::Vault;

/// How many somebody gets.
pub const COUNT: usize = 10;
/// How many digits one has. Digits, so that a phone's number pad can type them.
pub const DIGITS: usize = 16;

/// New ones, as they are shown once: `1234-5678-9012-3456`.
pub fn make() -> Vec<String> {
    (0..COUNT).map(|_| one()).collect()
}

/// What the store keeps of one, however it is typed.
pub fn hash(vault: &Vault, email: &str, code: &str) -> String {
    vault.hash(email, &digits(code))
}

/// The digits of what was typed: blanks and dashes do not count.
pub fn digits(typed: &str) -> String {
    let between = |letter: &char| !letter.is_whitespace() && !matches!(letter, '-' | '–');
    typed.chars().filter(between).take(64).collect()
}

fn one() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    let number = u128::from_le_bytes(bytes) % 10u128.pow(16); // of 128 bits: no digit is likelier than another
    let text = format!("{number:0width$}", width = DIGITS);
    [&text[..4], &text[4..8], &text[8..12], &text[12..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_may_be_typed_with_and_without_dashes() {
        let codes = make();
        let vault = Vault::new([1; 32], [2; 32]);
        let plain = codes[0].replace('-', "");

        assert!(codes.iter().all(|code| digits(code).len() == DIGITS));
        assert_eq!(hash(&vault, "ada", &codes[0]), hash(&vault, "ada", &plain));
        assert_ne!(hash(&vault, "ada", &plain), hash(&vault, "bob", &plain));
        assert_ne!(codes[0], codes[1]);
    }
}
