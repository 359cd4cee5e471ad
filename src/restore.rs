//! A store that is put back from a copy: what it must not forget of the time between, and why no client can miss it.

use std::collections::HashSet;

use diesel::prelude::*;
use serde_json::json;

use crate::app::App;
use crate::audit;
use crate::companies;
use crate::db::{Conn, Db};
use crate::error::Result;
use crate::ids::UserId;
use crate::schema::{admins, api_tokens, erasures, sessions, sign_in_steps};
use crate::sync::erase;
use crate::windows;

/// What the present store knows that its copy cannot: what was taken away since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Since {
    erased: Vec<UserId>,
    revoked: Vec<(String, i64)>,
    admins: Vec<SignIn>,
}

/// How an admin signs in, or that they do not any more.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = admins, treat_none_as_null = true)]
struct SignIn {
    email: String,
    password_hash: String,
    role: String,
    company_id: Option<i64>,
    disabled_at: Option<i64>,
    totp_secret: Option<String>,
    totp_step: i64,
    recovery: Option<String>,
}

/// What was done to a copy before it became the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Carried {
    /// People who were erased again.
    pub erased: usize,
    /// Tokens that were revoked again.
    pub revoked: usize,
    /// Admins of the copy who may not sign in any more.
    pub disabled: usize,
}

impl Since {
    /// Reads it. Blocking. Fails where the store is damaged or of another version.
    pub fn of(present: &Db) -> Result<Self> {
        present.snapshot(|conn| {
            Ok(Self {
                erased: erasures::table.select(erasures::user_id).load(conn)?,
                revoked: api_tokens::table
                    .filter(api_tokens::revoked_at.is_not_null())
                    .select((api_tokens::hash, api_tokens::revoked_at.assume_not_null()))
                    .load(conn)?,
                admins: admins::table.select(SignIn::as_select()).load(conn)?,
            })
        })
    }
}

/// Makes a copy fit to be served: what was taken away since stays away, nobody is signed in, and nothing that a client or
/// a cache has kept is taken for the present. Blocking. `copy` is the name of the file, for the audit log.
pub fn make_fit(app: &App, since: Option<&Since>, copy: &str, now_ms: i64) -> Result<Carried> {
    let mut carried = Carried::default();
    for user in since.iter().flat_map(|since| &since.erased) {
        if app.db.read(|conn| erase::find(conn, *user))?.is_none() {
            erase::erase(app, *user, "restore", now_ms)?;
            carried.erased += 1;
        }
    }
    let (revoked, disabled) = app.db.write(|conn| {
        let taken = match since {
            Some(since) => take_away(conn, since, now_ms.div_euclid(1000))?,
            None => (0, 0),
        };
        diesel::delete(sessions::table).execute(conn)?;
        diesel::delete(sign_in_steps::table).execute(conn)?;
        for company in companies::store::ids(conn)? {
            companies::store::renew(conn, company)?;
            windows::store::void(conn, company)?;
        }
        record(conn, copy, taken, now_ms)?;
        Ok(taken)
    })?;
    (carried.revoked, carried.disabled) = (revoked, disabled);
    app.db.forget_what_was_written()?;
    Ok(carried)
}

/// Revokes the tokens and shuts out the admins that the present store does; gives how many of each.
fn take_away(conn: &mut Conn, since: &Since, now: i64) -> Result<(usize, usize)> {
    let mut revoked = 0;
    for (hash, at) in &since.revoked {
        let open = api_tokens::table
            .filter(api_tokens::hash.eq(hash))
            .filter(api_tokens::revoked_at.is_null());
        revoked += diesel::update(open)
            .set(api_tokens::revoked_at.eq(at))
            .execute(conn)?;
    }
    let present: HashSet<&str> = since.admins.iter().map(|one| one.email.as_str()).collect();
    let open = admins::table.filter(admins::disabled_at.is_null());
    let before: Vec<String> = open.select(admins::email).load(conn)?;
    let gone = |email: &&String| !present.contains(email.as_str());
    for email in before.iter().filter(gone) {
        diesel::update(admins::table.filter(admins::email.eq(email)))
            .set(admins::disabled_at.eq(now))
            .execute(conn)?;
    }
    for admin in &since.admins {
        diesel::update(admins::table.filter(admins::email.eq(&admin.email)))
            .set(admin)
            .execute(conn)?;
    }
    let left: i64 = admins::table
        .filter(admins::disabled_at.is_null())
        .count()
        .get_result(conn)?;
    let disabled = before
        .len()
        .saturating_sub(usize::try_from(left).unwrap_or(0));
    Ok((revoked, disabled))
}

fn record(conn: &mut Conn, copy: &str, taken: (usize, usize), now_ms: i64) -> Result<()> {
    let entry = audit::Entry {
        actor: "command line",
        company: None,
        action: "store_restored",
        subject: copy,
        before: None,
        after: Some(json!({ "tokens_revoked_again": taken.0, "admins_shut_out": taken.1 })),
    };
    audit::record(conn, &entry, now_ms)
}
