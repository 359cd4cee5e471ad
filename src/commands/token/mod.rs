//! `token`: what API clients show us.

mod import;
mod list;

use std::process::ExitCode;

use clap::Subcommand;

use crate::access;
use crate::app::App;
use crate::config::Config;
use crate::db::Db;
use crate::error::Result;
use crate::fields::Fields;
use crate::ids::{CompanyId, TokenId};
use crate::proxies::Networks;
use crate::say;
use crate::sync;
use crate::time::{now, now_ms, rfc3339};
use crate::tokens::rotate::{MOST_HOURS, Rotation, USUAL_HOURS};
use crate::tokens::{NewToken, Scopes};

/// Who did it, where the audit log asks.
const ACTOR: &str = "command line";

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
        /// The fields it may see, of those that the company shows. Default: all of them. Example: userid,status
        #[arg(long, value_parser = some_fields)]
        fields: Option<Fields>,
        /// From where it may come: addresses and networks. Default: from everywhere. Example: 203.0.113.7,10.0.0.0/8
        #[arg(long, value_parser = some_networks)]
        networks: Option<Networks>,
        /// Days until it ends. Default: it does not end.
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=3650))]
        expires_in_days: Option<i64>,
    },
    /// Let a new token take the place of one and print it, alone, on the last line. It is never shown again.
    ///
    /// The new one may what the old one may; where the old one ends, it lives as long as that was made for.
    Rotate {
        /// Whose token.
        #[arg(long)]
        company: CompanyId,
        /// Which one, by the id that list shows.
        #[arg(long)]
        id: TokenId,
        /// Hours that both open; 0 ends the old one at once.
        #[arg(long, default_value_t = USUAL_HOURS, value_parser = clap::value_parser!(i64).range(0..=MOST_HOURS))]
        overlap_hours: i64,
    },
    /// List a company's tokens: a heading, then a line each, with tabs between.
    List {
        /// Whose tokens.
        #[arg(long)]
        company: CompanyId,
    },
    /// Adopt the tokens of the old plugin's clients from Moodle. Only their keyed hash is kept, and none is shown.
    Import(import::Options),
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
    drop(Db::open_existing(&config.store_url())?); // in a wrong folder it must not make a store
    let app = App::open(config)?;
    match command {
        Command::Create {
            company,
            name,
            scopes,
            fields,
            networks,
            expires_in_days,
        } => {
            let expires_at = expires_in_days.map(|days| now() + days * 86_400);
            create(
                &app,
                NewToken {
                    expires_at,
                    fields,
                    networks,
                    ..NewToken::of(company, &name, scopes, ACTOR)
                },
            )
        }
        Command::List { company } => list::list(&app, company),
        Command::Rotate {
            company,
            id,
            overlap_hours,
        } => rotate(
            &app,
            &Rotation {
                company,
                token: id,
                overlap_hours,
                by: ACTOR.into(),
            },
        ),
        Command::Import(options) => import::import(&app, &options),
        Command::Revoke { company, id } => {
            let token = app
                .db
                .write(|conn| access::revoke(conn, (company, id), ACTOR, now_ms()))?;
            say!("{} is revoked", plain(&token.name));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn create(app: &App, new: NewToken) -> Result<ExitCode> {
    sync::learn_company(app, new.company)?;
    let (text, token) = app
        .db
        .write(|conn| access::create(conn, &app.key, &new, now_ms()))?;
    say!(
        "token {} for company {}, scopes {}; it is shown only now:",
        token.id,
        token.company,
        token.scopes
    );
    say!("{}", text.reveal());
    Ok(ExitCode::SUCCESS)
}

fn rotate(app: &App, wish: &Rotation) -> Result<ExitCode> {
    let rotated = app
        .db
        .write(|conn| access::rotate(conn, &app.key, wish, now_ms()))?;
    let end = rotated.old.expires_at.and_then(rfc3339);
    say!(
        "token {} takes the place of {}, which opens until {}; it is shown only now:",
        rotated.token.id,
        rotated.old.id,
        end.unwrap_or_default()
    );
    say!("{}", rotated.text.reveal());
    Ok(ExitCode::SUCCESS)
}

/// A name without what would break a line or move a terminal's cursor.
fn plain(name: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    name.chars().map(plain).collect()
}

fn some_fields(text: &str) -> std::result::Result<Fields, String> {
    let fields: Fields = text.parse()?;
    match fields.is_empty() {
        true => Err("name at least one field".into()),
        false => Ok(fields),
    }
}

fn some_networks(text: &str) -> std::result::Result<Networks, String> {
    let networks: Networks = text.parse()?;
    match networks.is_empty() {
        true => Err("name at least one address or network".into()),
        false => Ok(networks),
    }
}
