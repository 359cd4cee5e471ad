//! Groups: a company's cached responses, each an immutable fact about one stamp of its data.
//!
//! A key holds the stamp that the store had when the request arrived, so an entry can be lost or kept
//! without anybody reading old data. Purging frees memory and gives the honest count; freshness does not
//! rest on it.

mod answer;
mod flight;
mod group;
mod groups;

pub use answer::{Answer, Found, Key, Loaded};
pub use group::GroupReport;
pub use groups::{Groups, Limits};
