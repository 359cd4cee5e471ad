//! Resetting the second factor of somebody who lost it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;

use super::sign_in::Nothing;
use super::{Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, see_other};
use crate::admins::{Person, people};
use crate::app::App;
use crate::db::Conn;
use crate::error::Error;
use crate::ids::AdminId;
use crate::staff::second_factor;
use crate::time::now_ms;

/// What a reset does, before it is done.
#[derive(Template)]
#[template(path = "admins/second_factor.html")]
pub struct ResetPage {
    chrome: Chrome,
    person: Person,
    /// Whether it is the reader.
    is_me: bool,
}

/// `GET /admins/{admin}/second-factor`
pub async fn show_reset(
    admin: SignedIn,
    app: Data<App>,
    id: Path<AdminId>,
) -> Result<Page<ResetPage>, PageError> {
    let id = id.into_inner();
    let person = app.db.run(move |conn| people::get(conn, id)).await?;
    Ok(Page(ResetPage {
        chrome: admin.chrome(Tab::Admins),
        is_me: admin.session.admin == id,
        person,
    }))
}

/// `POST /admins/{admin}/second-factor`: takes it away and ends their sessions. One's own is turned off with a code.
pub async fn reset(
    app: Data<App>,
    id: Path<AdminId>,
    form: Submitted<Nothing>,
) -> Result<HttpResponse, PageError> {
    let (id, session) = (id.into_inner(), form.admin.session);
    if session.admin == id {
        let why = "your own second factor is turned off on the page of your account, with a code";
        return Err(Error::Conflict(why.into()).into());
    }
    let by = session.email;
    let reset = move |conn: &mut Conn| second_factor::reset(conn, id, &by, now_ms());
    app.db.change(reset).await?;
    Ok(see_other(&format!("/admins/{id}"))
        .cookie(Flash::SecondFactorReset.cookie(&app))
        .finish())
}
