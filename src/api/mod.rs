//! Where clients' programs knock: `/api/v1` and the door of the old plugin.

pub mod body;
pub mod client;
pub mod course_progress;
pub mod cursor;
pub mod legacy;
pub mod problem;
pub mod query;
pub mod reply;
pub mod rows;
pub mod sync_changes;
pub mod sync_request;
pub mod syncs;

pub use client::Client;
pub use problem::{ApiError, BadParameter};
