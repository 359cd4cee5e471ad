//! Where clients' programs knock: `/api/v1` and the door of the old plugin.

pub mod problem;

pub use problem::{ApiError, BadParameter};
