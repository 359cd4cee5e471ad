//! Calls of the API: who made them, what they cost, and what is remembered of them. Nothing about people.

pub mod list;
mod log;
mod quota;
pub mod retention;
pub mod stats;
pub mod store;
pub mod sums;
pub mod tally;

pub use log::{Answered, Log};
pub use quota::{ALL_TOKENS, Limits, Quota, Standing, Taken, reaches};

use crate::ids::{CompanyId, TokenId};

/// One answered call. It names no person: no address, no parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// When the answer was ready, UTC milliseconds.
    pub at_ms: i64,
    /// The company of its token; `None` where the token was none.
    pub company: Option<CompanyId>,
    /// Its token.
    pub token: Option<TokenId>,
    /// Its method.
    pub method: &'static str,
    /// The pattern of its address.
    pub route: String,
    /// The status of the answer.
    pub status: u16,
    /// What was wrong, in one word, where something was.
    pub error: Option<String>,
    /// Rows in the answer, where it is a list.
    pub rows: Option<i64>,
    /// Bytes of the body as they went over the wire.
    pub bytes: i64,
    /// From the arrival of the head to the end of the body.
    pub duration_us: i64,
    /// `hit` or `miss`, as the answer's `Alx-Cache` said; `None` of an error.
    pub cache: Option<&'static str>,
    /// The data version that was shown.
    pub version: Option<i64>,
    /// The id that the answer carried.
    pub request_id: String,
}
