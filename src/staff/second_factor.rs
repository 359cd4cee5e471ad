//! The second factor: set up, asked for at sign-in, renewed, turned off and reset, each with its line in the audit log.

use serde_json::json;

use super::proof::{attempt, with_password};
use super::{arrivals, record};
use crate::admins::second_factor::{self, Proof};
use crate::admins::totp::Shared;
use crate::admins::{self, Session, Tried, Vault, Visit, limits, people, sessions, steps};
use crate::app::App;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::AdminId;
use crate::language::Said;
use crate::time::{now, now_ms};
use crate::tokens::SecretKey;

/// How long a set-up may take.
const OFFER_SECONDS: i64 = 30 * 60;

/// What a set-up begins with.
#[derive(Debug, Clone)]
pub struct Offer {
    /// What the app is to know.
    pub shared: Shared,
    /// The same for the form, readable and changeable by nobody: the store has nothing before a code was right.
    pub sealed: String,
}

/// What somebody types to prove that it is them.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// Their password.
    pub password: String,
    /// A code of the app, or a recovery code.
    pub code: String,
}

/// What second factors are encrypted and hashed with.
pub fn vault(key: &SecretKey) -> Vault {
    let part = |part: &[u8]| key.sign("second-factor", part);
    Vault::new(part(b"sealing"), part(b"hashing"))
}

/// Begins a set-up, after the password was right.
pub async fn begin(
    app: &App,
    session: &Session,
    password: String,
    address: &str,
) -> Result<Tried<Offer>> {
    refuse_second(session)?;
    let right = with_password(app, (session, address), password, |_| Ok(Some(()))).await?;
    Ok(right.map(|()| {
        let shared = Shared::new();
        let purpose = purpose(session, now().div_euclid(OFFER_SECONDS));
        let sealed = vault(&app.key).seal(&purpose, shared.bytes());
        Offer { shared, sealed }
    }))
}

/// The set-up of a form; `None` where it is too old or was not begun in this session.
pub fn open(app: &App, session: &Session, sealed: String) -> Result<Option<Offer>> {
    refuse_second(session)?;
    let (vault, this) = (vault(&app.key), now().div_euclid(OFFER_SECONDS));
    let mut spans = [this, this - 1].into_iter();
    let opened = spans.find_map(|span| vault.open(&purpose(session, span), &sealed));
    let shared = opened.and_then(|bytes| Shared::of(&bytes));
    Ok(shared.map(|shared| Offer { shared, sealed }))
}

/// Turns it on where the code of the app is right, ends the other sessions, and gives the recovery codes; `None` for a
/// wrong code.
pub async fn turn_on(
    app: &App,
    session: &Session,
    offer: &Offer,
    code: &str,
) -> Result<Option<Vec<String>>> {
    let digits: String = code.split_whitespace().collect();
    let Some(step) = offer.shared.step_of(&digits, now())? else {
        return Ok(None);
    };
    let (vault, shared, session) = (vault(&app.key), offer.shared.clone(), session.clone());
    let turned = app.db.change(move |conn| {
        let id = session.admin;
        let codes = second_factor::turn_on(conn, &vault, id, (&shared, step))?;
        sessions::end_others(conn, id, Some(&session.hash))?;
        steps::remove_of(conn, id)?;
        note(conn, &session.email, "second_factor_turned_on")?;
        Ok(codes)
    });
    turned.await.map(Some)
}

/// Puts new recovery codes in the place of the old ones, after password and code were right.
pub async fn renew_codes(
    app: &App,
    session: &Session,
    typed: Typed,
    address: &str,
) -> Result<Tried<Vec<String>>> {
    let (vault, owner) = (vault(&app.key), session.clone());
    let renew = move |conn: &mut Conn| {
        if second_factor::accept(conn, &vault, owner.admin, &typed.code, now())?.is_none() {
            return Ok(None);
        }
        note(conn, &owner.email, "recovery_codes_renewed")?;
        second_factor::renew_codes(conn, &vault, owner.admin).map(Some)
    };
    with_password(app, (session, address), typed.password, renew).await
}

/// Turns it off, after password and code were right.
pub async fn turn_off(
    app: &App,
    session: &Session,
    typed: Typed,
    address: &str,
) -> Result<Tried<()>> {
    let (vault, owner) = (vault(&app.key), session.clone());
    let off = move |conn: &mut Conn| {
        if second_factor::accept(conn, &vault, owner.admin, &typed.code, now())?.is_none() {
            return Ok(None);
        }
        second_factor::turn_off(conn, owner.admin)?;
        steps::remove_of(conn, owner.admin)?;
        note(conn, &owner.email, "second_factor_turned_off").map(Some)
    };
    with_password(app, (session, address), typed.password, off).await
}

/// Takes somebody's second factor away, who lost what it needs, and ends their sessions. Call it in a transaction.
///
/// [`Error::Conflict`] where there is none.
pub fn reset(conn: &mut Conn, id: AdminId, actor: &str, now_ms: i64) -> Result<()> {
    let person = people::get(conn, id)?;
    if !second_factor::turn_off(conn, id)? {
        let why = Said::new("{email} has no second factor").with("email", person.email);
        return Err(Error::Conflict(why));
    }
    sessions::end_others(conn, id, None)?;
    steps::remove_of(conn, id)?;
    let done = ("admin_second_factor_reset", &*person.email, None, None);
    record(conn, actor, done, now_ms)
}

/// Goes on with a sign-in that waits for its code: gives the session's cookie and what was proved with. `None` where no
/// sign-in waits under this cookie any more.
pub async fn finish_sign_in(
    app: &App,
    step: String,
    code: String,
    visit: Visit,
) -> Result<Option<Tried<(String, Proof)>>> {
    let cookie = step.clone();
    let waiting = app.db.run(move |conn| steps::find(conn, &cookie, now()));
    let Some(waiting) = waiting.await? else {
        return Ok(None);
    };
    if let Some(until) = attempt(app, &waiting.email, &visit.address).await? {
        return Ok(Some(Tried::Wait(until)));
    }
    let vault = vault(&app.key);
    let finish = move |conn: &mut Conn| {
        admins::hold(conn, waiting.admin)?; // another password ends this sign-in, before or after
        finish(conn, &vault, (&step, &code), &visit)
    };
    Ok(Some(app.db.change(finish).await?))
}

fn finish(
    conn: &mut Conn,
    vault: &Vault,
    (cookie, code): (&str, &str),
    visit: &Visit,
) -> Result<Tried<(String, Proof)>> {
    let Some(waiting) = steps::find(conn, cookie, now())? else {
        return Ok(Tried::Wrong); // it was finished or taken away at this moment
    };
    let Some(proof) = second_factor::accept(conn, vault, waiting.admin, code, now())? else {
        arrivals::failed(conn, &waiting.email, &visit.address, now_ms())?;
        return Ok(Tried::Wrong);
    };
    if !steps::end(conn, cookie)? {
        return Ok(Tried::Wrong);
    }
    limits::forgive(conn, &waiting.email)?;
    let session = sessions::start(conn, waiting.admin, visit, now())?;
    let after = match proof {
        Proof::App => json!({ "address": visit.address, "second_factor": "app" }),
        Proof::Recovery(left) => {
            json!({ "address": visit.address, "second_factor": "recovery code", "codes_left": left })
        }
    };
    let email = &waiting.email;
    record(
        conn,
        email,
        ("signed_in", email, None, Some(after)),
        now_ms(),
    )?;
    Ok(Tried::Right((session, proof)))
}

fn refuse_second(session: &Session) -> Result<()> {
    if session.second_factor {
        return Err(Error::Conflict("your second factor is on already".into()));
    }
    Ok(())
}

/// A set-up belongs to a session and to a span of time.
fn purpose(session: &Session, span: i64) -> String {
    format!("set-up {} {span}", session.hash)
}

/// One's own doing, in the audit log.
fn note(conn: &mut Conn, email: &str, action: &str) -> Result<()> {
    record(conn, email, (action, email, None, None), now_ms())
}
