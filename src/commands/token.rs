//! `token`: what API clients show us.

use std::process::ExitCode;

use clap::Subcommand;

use crate::app::App;
use crate::config::Config;
use crate::error::Result;
use crate::ids::{CompanyId, TokenId};
use crate::say;
use crate::sync;
use crate::time::{now, rfc3339};
use crate::tokens::{self, NewToken, Scopes, Token};

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a token and print it, alone, on the last line. It is never shown again.
    Create {
        /// The one company it reads. Example: 42
        #[arg(long)]
        company: CompanyId,
        /// What to call it. Example: bi
        #[arg(long)]
        name: String,
        /// What it may do: read rows and history, read changes, start syncs.
        #[arg(long, default_value = "read,changes,sync")]
        scopes: Scopes,
        /// Days until it ends. Default: it does not end.
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=3650))]
        expires_in_days: Option<i64>,
    },
    /// List a company's tokens.
    List {
        /// Whose tokens.
        #[arg(long)]
        company: CompanyId,
    },
    /// Make a token useless at once.
    Revoke {
        /// Whose token.
        #[arg(long)]
        company: CompanyId,
        /// Which one, by the id that list shows.
        #[arg(long)]
        id: TokenId,
    },
}

/// Runs one of them.
pub fn run(config: Config, command: Command) -> Result<ExitCode> {
    let app = App::open(config)?;
    match command {
        Command::Create {
            company,
            name,
            scopes,
            expires_in_days,
        } => {
            let expires_at = expires_in_days.map(|days| now() + days * 86_400);
            create(
                &app,
                NewToken {
                    company,
                    name,
                    scopes,
                    created_by: "command line".into(),
                    expires_at,
                },
            )
        }
        Command::List { company } => {
            let tokens = app.db.read(|conn| tokens::store::list(conn, company))?;
            tokens.iter().for_each(print);
            Ok(ExitCode::SUCCESS)
        }
        Command::Revoke { company, id } => {
            let token = app
                .db
                .write(|conn| tokens::store::revoke(conn, company, id, now()))?;
            say!("{} is revoked", token.name);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn create(app: &App, new: NewToken) -> Result<ExitCode> {
    sync::learn_company(app, new.company)?;
    let (text, token) = app
        .db
        .write(|conn| tokens::store::create(conn, &app.key, &new, now()))?;
    say!(
        "token {} for company {}, scopes {}; it is shown only now:",
        token.id,
        token.company,
        token.scopes
    );
    say!("{}", text.reveal());
    Ok(ExitCode::SUCCESS)
}

fn print(token: &Token) {
    let moment = |seconds: Option<i64>| seconds.and_then(rfc3339).unwrap_or_else(|| "never".into());
    let state = if token.revoked_at.is_some() {
        "revoked"
    } else {
        "usable"
    };
    say!(
        "{}\t{}\t{}…\t{}\t{state}\texpires {}\tlast used {}",
        token.id,
        token.name,
        token.prefix,
        token.scopes,
        moment(token.expires_at),
        moment(token.last_used_at),
    );
}
