//! The one-time link with which the first admin is made.

use subtle::ConstantTimeEq;

use crate::config::Secret;
use crate::ids::random_hex;

/// The link of this process. It opens nothing once there is an admin: see [`super::create_first`].
#[derive(Debug, Clone)]
pub struct SetupLink {
    token: Secret,
}

impl SetupLink {
    /// A link that nobody knows yet.
    pub fn new() -> Self {
        Self {
            token: Secret::new(random_hex::<24>()),
        }
    }

    /// The path to print at the start while there is no admin.
    pub fn path(&self) -> String {
        format!("/setup?token={}", self.token.reveal())
    }

    /// Whether this is the link's token; takes the same time for every wrong one.
    pub fn opens(&self, token: &str) -> bool {
        let known = self.token.reveal().as_bytes();
        known.ct_eq(token.as_bytes()).into()
    }
}

impl Default for SetupLink {
    fn default() -> Self {
        Self::new()
    }
}
