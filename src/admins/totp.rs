//! Codes of an authenticator app: TOTP (RFC 6238) as every app knows it, with SHA-1, six digits and thirty seconds.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use totp_rs::{Builder, Secret, Totp};

use crate::error::{Error, Result};

/// How many digits a code has.
pub const DIGITS: usize = 6;
/// Who an app says the codes are for.
const ISSUER: &str = "ALX Report API";
/// What RFC 4226 recommends.
const BYTES: usize = 20;

/// What somebody's app and this site share. It never shows in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Shared([u8; BYTES]);

impl Shared {
    /// One that nobody knows yet.
    pub fn new() -> Self {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).expect("the operating system has random bytes");
        Self(bytes)
    }

    /// The one with these bytes; `None` where they are too few or too many.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As people type it into an app: base 32.
    pub fn text(&self) -> String {
        Secret::from(self.0.as_slice()).to_base32()
    }

    /// As apps read it from a QR code.
    pub fn address(&self, email: &str) -> String {
        let issuer = utf8_percent_encode(ISSUER, NON_ALPHANUMERIC);
        let email = utf8_percent_encode(email, NON_ALPHANUMERIC);
        let secret = self.text();
        format!("otpauth://totp/{issuer}:{email}?secret={secret}&issuer={issuer}")
    }

    /// The time step that a code belongs to: this one, the one before or the one after; `None` for a wrong code.
    ///
    /// Whoever accepts a code keeps its step, and accepts none of that step or of an earlier one again.
    pub fn step_of(&self, code: &str, now: i64) -> Result<Option<i64>> {
        let now = u64::try_from(now).unwrap_or(0);
        let step = self.codes()?.check(code, now);
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }

    fn codes(&self) -> Result<Totp> {
        let codes = Builder::new().with_secret(self.0.as_slice()).build(); // SHA-1, 6 digits, 30 seconds, 1 step either way
        codes.map_err(|cause| Error::Setup(format!("codes cannot be made: {cause}")))
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    fn of_the_rfc() -> Shared {
        Shared::of(b"12345678901234567890").expect("20 bytes")
    }

    #[test]
    fn the_codes_of_the_rfc_belong_to_their_steps() {
        for (now, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = of_the_rfc().step_of(code, now).expect("a sound secret");
            assert_eq!(step, Some(now / 30), "{code}");
        }
    }

    #[test]
    fn a_clock_may_be_one_step_off_and_no_more() {
        let at = |now: i64| of_the_rfc().step_of("005924", now).expect("a sound secret");
        let now = 1_234_567_890; // the first second of its step

        assert_eq!(at(now - 30), Some(now / 30));
        assert_eq!(at(now + 59), Some(now / 30));
        assert_eq!((at(now - 31), at(now + 60)), (None, None));
    }

    #[test]
    fn what_is_no_code_is_wrong() {
        for typed in ["", "00592", "0059241", "+05924", "٠٠٥٩٢٤", "005 924"] {
            assert_eq!(
                of_the_rfc()
                    .step_of(typed, 1_234_567_890)
                    .expect("a sound secret"),
                None
            );
        }
    }

    #[test]
    fn an_address_holds_the_secret_and_any_email() {
        let address = of_the_rfc().address("o'hara+b:c@example.com");

        assert_eq!(
            address,
            "otpauth://totp/ALX%20Report%20API:o%27hara%2Bb%3Ac%40example%2Ecom\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ALX%20Report%20API"
        );
        assert_eq!(format!("{:?}", of_the_rfc()), "[redacted]");
    }
}
