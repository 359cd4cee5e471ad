//! The dashboard: what an admin's browser asks for, one file per noun.

mod address;
pub mod assets;
pub mod cache;
mod chrome;
pub mod company;
mod cookies;
pub mod coverage;
pub mod demo;
mod filters;
mod flash;
mod form;
pub mod history;
mod labels;
pub mod overview;
mod page;
pub mod page_error;
mod paging;
mod progress_columns;
pub mod run;
mod run_changes;
pub mod run_decide;
mod run_details;
pub mod run_progress;
mod run_verdict;
pub mod setup;
pub mod sign_in;
mod signed_in;
pub mod sync;
pub mod tokens;

pub use chrome::{Chrome, Tab};
pub use flash::Flash;
pub use form::{PublicForm, Submitted};
pub use page::{Page, see_other};
pub use page_error::{PageError, input_errors};
pub use signed_in::SignedIn;
