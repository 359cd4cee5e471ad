//! API tokens: one company each, some scopes, stored as a keyed hash, shown once.

pub mod adopt;
mod key;
mod life;
pub mod refusal;
pub mod rotate;
mod scopes;
pub mod store;
mod usage;

use std::time::Duration;

pub use key::SecretKey;
pub use life::{Life, NOTICE_DAYS, ending};
pub use refusal::Refusal;
pub use scopes::{Scope, Scopes};
pub use usage::Usage;

use crate::config::Secret;
use crate::fields::Fields;
use crate::ids::{CompanyId, RunId, TokenId, random_hex};
use crate::proxies::Networks;

/// Who makes the tokens that our own command `sync` calls a server with: no limit counts for them.
pub const OUR_COMMAND: &str = "command sync";
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
    /// The fields it may see; `None` means all that the company shows.
    pub fields: Option<Fields>,
    /// From where it may come; `None` means from everywhere.
    pub networks: Option<Networks>,
    /// Why Moodle refuses it although it was adopted from there.
    pub refusal: Option<Refusal>,
    /// The token whose place it takes.
    pub replaces: Option<TokenId>,
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
    /// The fields it may see; `None` means all that the company shows.
    pub fields: Option<Fields>,
    /// From where it may come; `None` means from everywhere.
    pub networks: Option<Networks>,
}

impl NewToken {
    /// A token that sees everything from everywhere and does not end.
    pub fn of(company: CompanyId, name: &str, scopes: Scopes, created_by: &str) -> Self {
        Self {
            company,
            name: name.to_owned(),
            scopes,
            created_by: created_by.to_owned(),
            expires_at: None,
            fields: None,
            networks: None,
        }
    }
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
    /// Whether our own command made it for itself.
    pub is_ours: bool,
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
    /// When the token ends, UTC seconds. It may have ended.
    pub expires_at: Option<i64>,
    /// The fields the token may see; `None` means all that the company shows.
    pub fields: Option<Fields>,
    /// From where the token may come; `None` means from everywhere.
    pub networks: Option<Networks>,
    /// Why Moodle refuses the token although it was adopted from there.
    pub refusal: Option<Refusal>,
    /// How the company's rows are delivered, as stored.
    pub delivery: String,
}

/// A new token's text, `alx_` and 48 random characters: to be shown once and forgotten.
fn new_text() -> Secret {
    Secret::new(format!("alx_{}", random_hex::<24>()))
}
