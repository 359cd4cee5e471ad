//! `token list`: a heading and a line per token, with tabs between.

use std::process::ExitCode;

use super::plain;
use crate::app::App;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::say;
use crate::time::{now, rfc3339};
use crate::tokens::{self, Life, Token};

const HEADING: [&str; 10] = [
    "ID",
    "NAME",
    "BEGINS",
    "MAY",
    "FIELDS",
    "NETWORKS",
    "STATE",
    "ENDS",
    "LAST USED",
    "REPLACES",
];

/// Lists a company's tokens, newest first.
pub fn list(app: &App, company: CompanyId) -> Result<ExitCode> {
    let tokens = app.db.read(|conn| tokens::store::list(conn, company))?;
    say!("{}", HEADING.join("\t"));
    for token in &tokens {
        say!("{}", columns(token, now()).join("\t"));
    }
    Ok(ExitCode::SUCCESS)
}

fn columns(token: &Token, now: i64) -> [String; 10] {
    let moment = |seconds: Option<i64>| seconds.and_then(rfc3339).unwrap_or_else(|| "never".into());
    let state = match token.life(now) {
        Life::Usable => "usable".into(),
        Life::Ending(days) => format!("usable, days left: {days}"),
        Life::Expired => "expired".into(),
        Life::Revoked => "revoked".into(),
    };
    let fields = token.fields.map(|fields| fields.to_string());
    let networks = token.networks.as_ref().map(ToString::to_string);
    let replaces = token.replaces.map(|id| id.to_string());
    [
        token.id.to_string(),
        plain(&token.name),
        format!("{}…", token.prefix),
        token.scopes.to_string(),
        fields.unwrap_or_else(|| "all".into()),
        networks.unwrap_or_else(|| "everywhere".into()),
        state,
        moment(token.expires_at),
        moment(token.last_used_at),
        replaces.unwrap_or_else(|| "-".into()),
    ]
}
