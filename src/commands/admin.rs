//! `admin`: people who may sign in.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::admins;
use crate::app::App;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::say;
use crate::time::now;

/// What to do with admins.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an admin who can sign in at once.
    Create {
        /// What they sign in with. Example: ada@example.com
        #[arg(long)]
        email: String,
        /// A file whose first line is the password, at least 12 characters.
        #[arg(long)]
        password_file: PathBuf,
    },
}

/// Runs one of them.
pub fn run(config: Config, command: Command) -> Result<ExitCode> {
    let Command::Create {
        email,
        password_file,
    } = command;
    let text = std::fs::read_to_string(&password_file).map_err(|cause| {
        Error::Setup(format!(
            "{} cannot be read: {cause}",
            password_file.display()
        ))
    })?;
    let password = text.lines().next().unwrap_or_default();
    let app = App::open(config)?;
    app.db
        .write(|conn| admins::store::create(conn, &email, password, now()))?;
    say!("{email} can sign in now");
    Ok(ExitCode::SUCCESS)
}
