//! The demo: a small Moodle of our own, and what a learner's click does in it.

pub mod builder;
mod events;
mod seed;
pub mod store;
