//! A store that is put back from a copy: what it must not forget of the time between, and why no client can miss it.

mod fields;
mod people;
mod tokens;

use diesel::prelude::*;
use serde_json::json;

use crate::app::App;
use crate::audit;
use crate::companies;
use crate::db::{Conn, Db};
use crate::error::Result;
use crate::fields::Fields;
use crate::ids::{CompanyId, UserId};
use crate::schema::{erasures, invitations, sessions, sign_in_steps};
use crate::sync::erase;
use crate::windows;

use people::SignIn;
use tokens::Reach;

/// What the present store knows that its copy cannot: what was taken away since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Since {
    erased: Vec<UserId>,
    tokens: Vec<Reach>,
    admins: Vec<SignIn>,
    shown: Vec<(CompanyId, Fields)>,
}

/// What was done to a copy before it became the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Carried {
    /// People who were erased again.
    pub erased: usize,
    /// Tokens that were revoked again.
    pub revoked: usize,
    /// Tokens that end earlier or open less again.
    pub narrowed: usize,
    /// Companies, the defaults among them, whose programs see fewer fields again.
    pub hidden: usize,
    /// Admins of the copy who may not sign in any more.
    pub disabled: usize,
    /// Links for a password that open nothing any more.
    pub invitations: usize,
    /// Whether anybody with every right can sign in.
    pub has_admin: bool,
}

impl Since {
    /// Reads it. Blocking. Fails where the store is damaged or of another version.
    pub fn of(present: &Db) -> Result<Self> {
        present.snapshot(|conn| {
            Ok(Self {
                erased: erasures::table.select(erasures::user_id).load(conn)?,
                tokens: tokens::reaches(conn)?,
                admins: people::sign_ins(conn)?,
                shown: fields::shown(conn)?,
            })
        })
    }
}

/// Makes a copy fit to be served: what was taken away since stays away, nobody is signed in or invited, and nothing that a
/// client or a cache has kept is taken for the present. Blocking. `copy` is the name of the file, for the audit log.
pub fn make_fit(app: &App, since: Option<&Since>, copy: &str, now_ms: i64) -> Result<Carried> {
    let mut erased = 0;
    for user in since.iter().flat_map(|since| &since.erased) {
        if app.db.read(|conn| erase::find(conn, *user))?.is_none() {
            erase::erase(app, *user, "restore", now_ms)?;
            erased += 1;
        }
    }
    let carried = app.db.write(|conn| {
        let carried = Carried {
            erased,
            ..take_away(conn, since, now_ms)?
        };
        for company in companies::store::ids(conn)? {
            companies::store::renew(conn, company)?;
            windows::store::void(conn, company)?;
        }
        record(conn, copy, &carried, now_ms)?;
        Ok(carried)
    })?;
    app.db.forget_what_was_written()?;
    Ok(carried)
}

/// Takes from tokens, admins and what programs see what the present store took, and ends whatever opens without them.
fn take_away(conn: &mut Conn, since: Option<&Since>, now_ms: i64) -> Result<Carried> {
    let (mut carried, now) = (Carried::default(), now_ms.div_euclid(1000));
    if let Some(since) = since {
        carried.hidden = fields::hide(conn, &since.shown, now_ms)?;
        (carried.revoked, carried.narrowed) = tokens::take_away(conn, &since.tokens, now)?;
        carried.disabled = people::take_away(conn, &since.admins, now)?;
    }
    diesel::delete(sessions::table).execute(conn)?;
    diesel::delete(sign_in_steps::table).execute(conn)?;
    carried.invitations = diesel::delete(invitations::table).execute(conn)?; // which of them were used, nobody knows
    carried.has_admin = people::has_admin(conn)?;
    Ok(carried)
}

fn record(conn: &mut Conn, copy: &str, carried: &Carried, now_ms: i64) -> Result<()> {
    let entry = audit::Entry {
        actor: "command line",
        company: None,
        action: "store_restored",
        subject: copy,
        before: None,
        after: Some(json!({
            "tokens_revoked_again": carried.revoked,
            "tokens_narrowed_again": carried.narrowed,
            "fewer_fields_again": carried.hidden,
            "admins_shut_out": carried.disabled,
            "invitations_ended": carried.invitations,
        })),
    };
    audit::record(conn, &entry, now_ms)
}
