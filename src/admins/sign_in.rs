//! One sign-in: the limit, the password, the session.

use super::{Visit, limits, password, second_factor, sessions, steps, store};
use crate::db::{Db, off_thread};
use crate::error::{Error, Result};

/// How a sign-in ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// The value for the session's cookie.
    Welcome(String),
    /// The password was right; the value for the cookie of a sign-in that waits for its code.
    HalfWay(String),
    /// Unknown email or wrong password; which of the two is not said.
    Wrong,
    /// Too many failures; the next attempt is allowed at this time (UTC seconds).
    Wait(i64),
}

/// Tries an email and a password from an address. At most two passwords are checked at once.
pub async fn sign_in(
    db: &Db,
    email: &str,
    password: String,
    visit: Visit,
    now: i64,
) -> Result<SignIn> {
    let email = store::normal(email);
    if email.len() > store::LONGEST_EMAIL {
        return Ok(SignIn::Wrong); // nobody has it, and the list of failures is no place to store it
    }
    let (key, found, address) = (email.clone(), email.clone(), visit.address.clone());
    let wait = db
        .change(move |conn| limits::take(conn, &key, &address, now))
        .await?;
    if let Some(until) = wait {
        return Ok(SignIn::Wait(until));
    }
    let admin = db
        .run(move |conn| store::find_by_email(conn, &found))
        .await?;
    let hash = admin.as_ref().map(|admin| admin.password_hash.clone());
    let right = is_right(password, hash).await?;
    let Some(admin) = admin.filter(|admin| right && !admin.disabled) else {
        return Ok(SignIn::Wrong);
    };
    let begun = db.change(move |conn| {
        if second_factor::codes_left(conn, admin.id)?.is_some() {
            let step = steps::start(conn, admin.id, now)?;
            return Ok(SignIn::HalfWay(step)); // its attempt counts until the code was right too
        }
        limits::forgive(conn, &email)?;
        let session = sessions::start(conn, admin.id, &visit, now)?;
        Ok(SignIn::Welcome(session))
    });
    begun.await
}

/// Whether this is the password of an admin.
pub async fn is_password(db: &Db, email: String, password: String) -> Result<bool> {
    let found = db.run(move |conn| store::find_by_email(conn, &email));
    let hash = found.await?.map(|admin| admin.password_hash);
    is_right(password, hash).await
}

/// Whether a password belongs to a hash, with the same work for a missing one.
async fn is_right(password: String, hash: Option<String>) -> Result<bool> {
    let turn = password::CHECKS.acquire().await;
    let _turn = turn.map_err(Error::unavailable)?;
    off_thread(move || password::matches(&password, hash.as_deref())).await
}
