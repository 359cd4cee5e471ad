//! The dashboard: what an admin's browser asks for, one file per noun.

mod assets;
mod chrome;
mod cookies;
mod filters;
mod flash;
mod form;
mod page;
mod page_error;
mod paging;
pub mod setup;
pub mod sign_in;
mod signed_in;

pub use assets::show_asset;
pub use chrome::{Chrome, Tab};
pub use flash::Flash;
pub use form::{PublicForm, Submitted};
pub use page::{Page, see_other};
pub use page_error::{PageError, show_not_found};
pub use signed_in::SignedIn;
