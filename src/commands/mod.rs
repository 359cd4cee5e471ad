//! Every command of the binary: what it takes, and which room does it.

mod admin;
mod check;
mod demo;
mod instance;
mod restore;
mod serve;
mod store;
mod support;
mod sync;
mod token;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use rustix::fs::Mode;
use rustix::process::umask;

use crate::config::Config;
use crate::error::Result;

/// Course progress of Moodle/IOMAD companies, for admins in a browser and for BI tools by API.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// The operator's settings.
    #[command(flatten)]
    pub config: Config,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the dashboard and the API.
    Serve,
    /// Serve a small made-up Moodle, signed up and synced, to try everything without any set-up.
    Demo,
    /// Sync one company or all and print what happened; exits 0 only on success. Where a server runs
    /// it goes through it.
    Sync(sync::Options),
    /// Say in plain words whether Moodle's database is as it must be; exits 0 when syncs will work.
    Check,
    /// People who may sign in to the dashboard.
    #[command(subcommand)]
    Admin(admin::Command),
    /// Tokens that API clients use.
    #[command(subcommand)]
    Token(token::Command),
    /// Bring the store's tables up to date and exit. Serving does it too.
    Migrate,
    /// Copy the embedded store into a new file, while it is in use.
    Backup(store::BackupOptions),
    /// Put a copy in the place of the embedded store. Refused while a server runs; the present store is kept aside.
    Restore(restore::Options),
    /// Print what helps somebody to help you: versions, settings, counts and checks, without secrets or people.
    Support,
}

impl Cli {
    /// Reads the command line and the environment, and notes where each setting came from. Ends the process with a message
    /// where they make no sense.
    pub fn read() -> Self {
        let matches = Self::command().get_matches();
        let mut cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        cli.config.note_origins(&matches);
        cli
    }
}

/// Runs one command to its end. Every file it makes is this user's alone: the store, its copies, the key.
pub fn run(cli: Cli) -> Result<ExitCode> {
    umask(Mode::RWXG | Mode::RWXO);
    let config = cli.config.prepared()?;
    match cli.command {
        Command::Serve => serve::serve(config),
        Command::Demo => demo::demo(config),
        Command::Sync(options) => sync::sync(config, options),
        Command::Check => check::check(&config),
        Command::Admin(command) => admin::run(config, command),
        Command::Token(command) => token::run(config, command),
        Command::Migrate => store::migrate(config),
        Command::Backup(options) => store::backup(&config, &options),
        Command::Restore(options) => restore::restore(config, &options),
        Command::Support => support::support(config),
    }
}

/// Prints a line on standard output. A reader that went away (`| head`) is no failure of the command.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::commands::write_line(format_args!($($text)*)) };
}

/// What [`say!`] does.
pub fn write_line(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    if let Err(cause) = writeln!(std::io::stdout(), "{line}")
        && cause.kind() != std::io::ErrorKind::BrokenPipe
    {
        log::warn!("standard output cannot be written: {cause}");
    }
}

/// Sends the log to standard error: `RUST_LOG` says how much (default `info`).
pub fn log_to_stderr() {
    env_logger::Builder::from_env(
        env_logger::Env::default().default_filter_or("info,actix_server=warn"),
    )
    .format_timestamp_millis()
    .init();
}
