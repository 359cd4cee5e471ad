//! Admins: who may sign in to the dashboard, their passwords, sessions and the limit on guessing.

mod limits;
mod password;
pub mod sessions;
mod setup;
mod sign_in;
pub mod store;

pub use limits::{ADDRESS_LIMIT, EMAIL_LIMIT, WINDOW_SECONDS};
pub use password::MIN_LENGTH;
pub use sessions::Session;
pub use setup::SetupLink;
pub use sign_in::{SignIn, sign_in};
pub use store::{Admin, create, create_first};
