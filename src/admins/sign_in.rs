//! One sign-in: the limit, the password, the session.

use super::{Visit, check, limits, second_factor, sessions, steps, store};
use crate::db::Db;
use crate::error::Result;

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
    let (key, address) = (email.clone(), visit.address.clone());
    let wait = db
        .change(move |conn| limits::take(conn, &key, &address, now))
        .await?;
    if let Some(until) = wait {
        return Ok(SignIn::Wait(until));
    }
    let Some(checked) = check(db, email.clone(), password).await? else {
        return Ok(SignIn::Wrong);
    };
    let begun = db.change(move |conn| {
        if !checked.still_holds(conn)? {
            return Ok(SignIn::Wrong); // it was changed, or its owner kept out, while it was checked
        }
        if second_factor::codes_left(conn, checked.admin)?.is_some() {
            let step = steps::start(conn, checked.admin, now)?;
            return Ok(SignIn::HalfWay(step)); // its attempt counts until the code was right too
        }
        limits::forgive(conn, &email)?;
        let session = sessions::start(conn, checked.admin, &visit, now)?;
        Ok(SignIn::Welcome(session))
    });
    begun.await
}
