//! `migrate` and `backup`: care of the store.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::app::App;
use crate::config::Config;
use crate::db::{Db, backup};
use crate::error::Result;
use crate::say;

/// Where the copy goes.
#[derive(Debug, Args)]
pub struct BackupOptions {
    /// A file that does not exist yet. Default: backups/alx-<time>-by-hand.db in the data folder.
    #[arg(long)]
    to: Option<PathBuf>,
}

/// Brings the tables up to date.
pub fn migrate(config: Config) -> Result<ExitCode> {
    App::open(config)?;
    say!("the store is up to date");
    Ok(ExitCode::SUCCESS)
}

/// Copies the store and prints where to.
pub fn backup(config: &Config, options: &BackupOptions) -> Result<ExitCode> {
    let db = Db::open_existing(&config.store_url())?;
    let copy = match &options.to {
        Some(file) => backup::into_file(&db, file)?,
        None => backup::into_folder(&db, &config.data_dir.join("backups"), "by-hand")?,
    };
    say!("{}", copy.display());
    Ok(ExitCode::SUCCESS)
}
