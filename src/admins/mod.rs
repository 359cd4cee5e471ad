//! Admins: who may sign in to the dashboard, their passwords and second factors, sessions and the limit on guessing.

mod checked;
pub mod invitations;
pub mod limits;
mod password;
pub mod people;
mod reading;
mod recovery;
pub mod retention;
pub mod second_factor;
pub mod sessions;
mod setup;
mod sign_in;
pub mod steps;
pub mod store;
pub mod totp;
mod vault;
pub mod views;

pub use checked::{Checked, check, hold};
pub use limits::{ADDRESS_LIMIT, EMAIL_LIMIT, Tried, WINDOW_SECONDS};
pub use password::{MIN_LENGTH, check_length, hash};
pub use people::Person;
pub use reading::{Reading, Theme};
pub use sessions::{Session, Visit};
pub use setup::SetupLink;
pub use sign_in::{SignIn, sign_in};
pub use store::{Admin, create, create_first, normal};
pub use vault::Vault;

crate::words! {
    /// What an admin may do.
    Role {
        /// Everything.
        Admin = "admin",
        /// Look at everything, and sync.
        Operator = "operator",
        /// Look at everything.
        Viewer = "viewer",
        /// Everything of one company, and nothing else.
        CompanyManager = "company_manager",
    }
}
