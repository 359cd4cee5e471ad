//! Passwords: argon2id hashes, and a check that takes as long for an unknown email as for a wrong password.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::language::Said;

/// The least number of characters of a password.
pub const MIN_LENGTH: usize = 12;
const MAX_BYTES: usize = 1024;

/// A hash that no password has, with the cost of a real one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IG9mIG91cnM$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// How many checks may run at once: each takes 19 MB and one core.
pub(super) static CHECKS: Semaphore = Semaphore::const_new(2);

/// [`Error::Invalid`] for fewer than [`MIN_LENGTH`] characters, and for more bytes than anybody types.
pub fn check_length(password: &str) -> Result<()> {
    if password.chars().count() < MIN_LENGTH {
        let why = Said::new("the password must have at least {n} characters");
        return Err(Error::Invalid(why.number("n", MIN_LENGTH)));
    }
    if password.len() > MAX_BYTES {
        let why = Said::new("the password must have at most {n} bytes");
        return Err(Error::Invalid(why.number("n", MAX_BYTES)));
    }
    Ok(())
}

/// The hash to keep, with a fresh salt. Takes about 50 ms: never on a thread that serves requests.
///
/// [`Error::Invalid`] as [`check_length`] says.
pub fn hash(password: &str) -> Result<String> {
    check_length(password)?;
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|cause| Error::Setup(format!("the password cannot be hashed: {cause}")))?;
    Ok(hash.to_string())
}

/// Whether the password belongs to the hash; `None` costs the same time and is never true.
pub fn matches(password: &str, hash: Option<&str>) -> Result<bool> {
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODY))
        .map_err(|cause| Error::Setup(format!("a stored password hash is damaged: {cause}")))?;
    let password = &password.as_bytes()[..password.len().min(MAX_BYTES + 1)];
    let same = Argon2::default().verify_password(password, &parsed).is_ok();
    Ok(same && hash.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_matches() {
        let kept = hash("correct horse battery").unwrap();

        assert!(matches("correct horse battery", Some(&kept)).unwrap());
        assert!(!matches("correct horse batterY", Some(&kept)).unwrap());
        assert!(!matches("correct horse battery", None).unwrap());
    }

    #[test]
    fn an_unknown_email_costs_as_much_as_a_wrong_password() {
        let kept = hash("correct horse battery").unwrap();
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");

        assert_eq!(cost(NOBODY), cost(&kept));
    }

    #[test]
    fn a_short_password_is_refused() {
        assert!(hash("elevenchars").is_err());
        assert!(hash("twelve chars").is_ok());
    }
}
