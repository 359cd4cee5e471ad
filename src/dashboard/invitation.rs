//! The page that a link of an invitation opens: whoever has it chooses a password, once.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::{Chrome, Flash, Page, PageError, PublicForm, filters, page, see_other, sign_in};
use crate::admins::{self, MIN_LENGTH, Reading, invitations};
use crate::app::App;
use crate::db::off_thread;
use crate::error::{Error, Result};
use crate::language::Said;
use crate::staff;
use crate::time::{now, now_ms};

/// The page that asks for a password.
#[derive(Template)]
#[template(path = "admins/invitation.html")]
pub struct InvitationPage {
    chrome: Chrome,
    token: String,
    email: String,
    /// Whether an account is made.
    is_new: bool,
    min_length: usize,
    error: Option<Said>,
}

/// What the link carries.
#[derive(Deserialize)]
pub struct Key {
    #[serde(default)]
    token: String,
}

/// The fields of the form.
#[derive(Deserialize)]
pub struct Chosen {
    token: String,
    password: String,
    repeated: String,
}

/// `GET /invitation?token=…`
pub async fn show_invitation(
    request: HttpRequest,
    app: Data<App>,
    key: Query<Key>,
) -> std::result::Result<Page<InvitationPage>, PageError> {
    let token = key.into_inner().token;
    Ok(Page(invitation_page(&request, &app, token, None).await?))
}

/// `POST /invitation`: sets the password, and leads to the page where it is used.
pub async fn accept_invitation(
    request: HttpRequest,
    app: Data<App>,
    form: PublicForm<Chosen>,
) -> std::result::Result<HttpResponse, PageError> {
    let Chosen {
        token,
        password,
        repeated,
    } = form.0;
    let chosen = (password, repeated);
    match accept(&app, token.clone(), chosen, filters::reader_of(&request)).await {
        Ok(()) => Ok(see_other(&sign_in::address(None))
            .cookie(Flash::PasswordSet.cookie(&app))
            .finish()),
        Err(Error::Invalid(why)) => {
            let shown = invitation_page(&request, &app, token, Some(why)).await?;
            let refused = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(page::with_status(refused, &shown, &request))
        }
        Err(other) => Err(other.into()),
    }
}

async fn accept(
    app: &App,
    token: String,
    (password, repeated): (String, String),
    reading: Reading,
) -> Result<()> {
    let text = token.clone();
    app.db
        .run(move |conn| invitations::open(conn, &text, now()))
        .await?; // before the costly hash: a stranger's guess costs one look
    if password != repeated {
        return Err(Error::Invalid("the two passwords differ".into()));
    }
    let hash = off_thread(move || admins::hash(&password)).await?;
    app.db
        .change(move |conn| staff::accept(conn, (&token, &hash), reading, now_ms()))
        .await?;
    Ok(())
}

async fn invitation_page(
    request: &HttpRequest,
    app: &App,
    token: String,
    error: Option<Said>,
) -> Result<InvitationPage> {
    let text = token.clone();
    let read = app
        .db
        .run(move |conn| invitations::open(conn, &text, now()));
    let link = read.await?;
    Ok(InvitationPage {
        chrome: Chrome::visitor(request),
        token,
        is_new: link.admin_id.is_none(),
        email: link.email,
        min_length: MIN_LENGTH,
        error,
    })
}
