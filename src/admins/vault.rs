//! What the store must not show to whoever has a copy of it: encrypted or hashed with keys that no copy has.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::Sha256;

use crate::ids::hex;

/// Two keys, made from the server's. They never show in `Debug`.
#[derive(Clone)]
pub struct Vault {
    sealing: [u8; 32],
    hashing: [u8; 32],
}

impl Vault {
    /// A vault with these keys.
    pub fn new(sealing: [u8; 32], hashing: [u8; 32]) -> Self {
        Self { sealing, hashing }
    }

    /// Encrypts some bytes for a purpose: [`Vault::open`] needs the same one.
    pub fn seal(&self, purpose: &str, bytes: &[u8]) -> String {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).expect("the operating system has random bytes");
        let mut sealed = bytes.to_vec();
        let tag = self
            .key()
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose.as_bytes()),
                &mut sealed,
            )
            .expect("a secret is short enough to be encrypted");
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed, tag.as_ref()].concat())
    }

    /// What was sealed for a purpose; `None` where it was not, or was changed since.
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        let mut sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, inside) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let aad = Aad::from(purpose.as_bytes());
        let opened = self.key().open_in_place(nonce, aad, inside).ok()?;
        Some(opened.to_vec())
    }

    /// The keyed hash of a text for a purpose.
    pub fn hash(&self, purpose: &str, text: &str) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.hashing).expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        hex(&mac.finalize().into_bytes())
    }

    fn key(&self) -> LessSafeKey {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.sealing);
        LessSafeKey::new(key.expect("ChaCha20 takes keys of 32 bytes"))
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_purpose_and_with_its_key_only() {
        let vault = Vault::new([1; 32], [2; 32]);
        let sealed = vault.seal("ada", b"secret");

        assert_eq!(vault.open("ada", &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(vault.open("bob", &sealed), None);
        assert_eq!(Vault::new([3; 32], [2; 32]).open("ada", &sealed), None);
        assert_ne!(vault.seal("ada", b"secret"), sealed, "a nonce of its own");
    }

    #[test]
    fn what_was_changed_or_cut_does_not_open() {
        let vault = Vault::new([1; 32], [2; 32]);
        let sealed = vault.seal("ada", b"secret");

        for broken in [&sealed[..10], &sealed[..sealed.len() - 2], "", "%%%"] {
            assert_eq!(vault.open("ada", broken), None);
        }
        let flipped = sealed.replacen(
            &sealed[20..21],
            if &sealed[20..21] == "A" { "B" } else { "A" },
            1,
        );
        assert_eq!(vault.open("ada", &flipped), None);
    }
}
