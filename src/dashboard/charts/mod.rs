//! Charts: SVG that the server draws, with the same numbers in a table beside it.
//!
//! Across they are measured in percent and down in pixels, so that they fit any screen and their words keep their size.
//! A page puts one into a `chart` and includes `charts/_over_time.html` or `charts/_shares.html`.

mod over_time;
mod plot;
mod scale;
mod shares;

pub use over_time::{OverTime, Plan, Point};
pub use scale::Unit;
pub use shares::{Share, Shares};
