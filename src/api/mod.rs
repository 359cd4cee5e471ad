//! Where clients' programs knock: `/api/v1`, OData and the door of the old plugin.

pub mod accept;
pub mod body;
pub mod call;
pub mod changes;
pub mod client;
pub mod course_progress;
pub mod courses;
pub mod cursor;
pub mod delta;
pub mod door;
pub mod doors;
pub mod empty;
pub mod encoding;
mod end;
pub mod health;
pub mod legacy;
pub mod me;
mod metrics;
pub mod odata;
pub mod openapi;
pub mod problem;
mod progress_lines;
pub mod progress_query;
pub mod progress_stream;
pub mod query;
pub mod reply;
pub mod rows;
pub mod summary;
pub mod sync_changes;
pub mod sync_request;
pub mod syncs;

pub use call::{Call, RequestId};
pub use client::Client;
pub use encoding::Encoding;
pub use problem::{ApiError, BadParameter};
