//! The password again, of somebody who is signed in: within the limit on guessing, with a line for what was wrong.

use super::arrivals;
use crate::admins::{self, Checked, Session, Tried, limits};
use crate::app::App;
use crate::db::Conn;
use crate::error::Result;
use crate::time::{now, now_ms};

/// Whose password it is, and from which address it comes.
pub type Asked<'a> = (&'a Session, &'a str);

/// Does something where the password is right. The work says `None` where a code is wrong.
pub async fn with_password<T: Send + 'static>(
    app: &App,
    asked: Asked<'_>,
    password: String,
    work: impl FnMut(&mut Conn) -> Result<Option<T>> + Send + 'static,
) -> Result<Tried<T>> {
    match prove(app, asked, password).await? {
        Tried::Right(checked) => once_proved(app, asked, checked, work).await,
        Tried::Wrong => Ok(Tried::Wrong),
        Tried::Wait(until) => Ok(Tried::Wait(until)),
    }
}

/// Checks the password. The attempt counts until [`once_proved`] has done its work.
pub async fn prove(app: &App, asked: Asked<'_>, password: String) -> Result<Tried<Checked>> {
    let (email, address) = (asked.0.email.clone(), asked.1.to_owned());
    if let Some(until) = attempt(app, &email, &address).await? {
        return Ok(Tried::Wait(until));
    }
    if let Some(checked) = admins::check(&app.db, email.clone(), password).await? {
        return Ok(Tried::Right(checked));
    }
    let note = move |conn: &mut Conn| arrivals::refused(conn, &email, &address, now_ms());
    app.db.change(note).await?;
    Ok(Tried::Wrong)
}

/// Does what the password was asked for, unless it is another one by now.
pub async fn once_proved<T: Send + 'static>(
    app: &App,
    asked: Asked<'_>,
    checked: Checked,
    mut work: impl FnMut(&mut Conn) -> Result<Option<T>> + Send + 'static,
) -> Result<Tried<T>> {
    let (email, address) = (asked.0.email.clone(), asked.1.to_owned());
    let done = app.db.change(move |conn| {
        let done = match checked.still_holds(conn)? {
            true => work(conn)?,
            false => None,
        };
        match done {
            Some(_) => limits::forgive(conn, &email)?,
            None => arrivals::refused(conn, &email, &address, now_ms())?,
        }
        Ok(done)
    });
    Ok(done.await?.map_or(Tried::Wrong, Tried::Right))
}

/// Takes one attempt, see [`limits::take`].
pub(super) async fn attempt(app: &App, email: &str, address: &str) -> Result<Option<i64>> {
    let (email, address) = (email.to_owned(), address.to_owned());
    let take = move |conn: &mut Conn| limits::take(conn, &email, &address, now());
    app.db.change(take).await
}
