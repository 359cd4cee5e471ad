//! API tokens: one company each, some scopes, stored as a keyed hash, shown once.

mod key;
mod scopes;
pub mod store;
mod usage;

use std::time::Duration;

pub use key::SecretKey;
pub use scopes::{Scope, Scopes};
pub use usage::Usage;

use crate::config::Secret;
use crate::ids::{CompanyId, RunId, TokenId, random_hex};

/// Characters of a token that stay readable in lists, so that people can tell tokens apart.
const PREFIX: usize = 10;

/// A token as lists show it. Times are UTC seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// The one company it reads.
    pub company: CompanyId,
    /// What its owner calls it: hostile text.
    pub name: String,
    /// The first characters of the token itself.
    pub prefix: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: i64,
    /// Who made it.
    pub created_by: String,
    /// When it ends; `None` means never.
    pub expires_at: Option<i64>,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
    /// The last request it came with, to the minute; `None` means never.
    pub last_used_at: Option<i64>,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The one company it reads.
    pub company: CompanyId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Who makes it.
    pub created_by: String,
    /// When it ends, UTC seconds; `None` means never.
    pub expires_at: Option<i64>,
}

/// Who a request speaks for, and the version of that company's data when the request arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token it came with.
    pub token: TokenId,
    /// The token's first characters, to name it by.
    pub prefix: String,
    /// What the token may do.
    pub scopes: Scopes,
    /// The company it reads.
    pub company: CompanyId,
    /// How long the company's answers may be kept.
    pub cache_ttl: Duration,
    /// The company's data version.
    pub seq: i64,
    /// The company's stamp.
    pub stamp: String,
    /// The last successful sync, UTC seconds.
    pub synced_at: Option<i64>,
    /// The run that brought the data.
    pub run_id: Option<RunId>,
    /// The last request with this token that was noted, UTC seconds.
    pub last_used_at: Option<i64>,
}

/// A new token's text, `alx_` and 48 random characters: to be shown once and forgotten.
fn new_text() -> Secret {
    Secret::new(format!("alx_{}", random_hex::<24>()))
}
