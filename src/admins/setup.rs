//! The one-time link with which the first admin is made.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::ids::random_hex;

/// The hash of the link's token. It opens nothing once there is an admin: see [`super::create_first`].
#[derive(Debug, Clone)]
pub struct SetupLink {
    hash: [u8; 32],
}

impl SetupLink {
    /// A new link, and the token to print once.
    pub fn new() -> (Self, String) {
        let token = random_hex::<24>();
        let hash = Sha256::digest(token.as_bytes()).into();
        (Self { hash }, token)
    }

    /// Whether this is the link's token; takes the same time for every wrong one.
    pub fn opens(&self, token: &str) -> bool {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.hash.ct_eq(&hash).into()
    }
}
