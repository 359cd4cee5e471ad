//! Signing in and out.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{
    Chrome, Flash, Page, PageError, PublicForm, Submitted, filters, page, see_other, signed_in,
};
use crate::admins::{self, SignIn, sessions};
use crate::app::App;
use crate::time::now;

/// The sign-in page.
#[derive(Template)]
#[template(path = "sessions/sign_in.html")]
pub struct SignInPage {
    chrome: Chrome,
    email: String,
    next: String,
    error: Option<String>,
}

/// Where to go on after signing in.
#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// The fields of the sign-in form.
#[derive(Deserialize)]
pub struct Credentials {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Nothing but the session's token.
#[derive(Deserialize)]
pub struct Nothing {}

/// `GET /sign-in`
pub async fn show_sign_in(request: HttpRequest, query: Query<Next>) -> Page<SignInPage> {
    let next = query.into_inner().next;
    Page(SignInPage {
        chrome: Chrome::visitor(&request),
        email: String::new(),
        next,
        error: None,
    })
}

/// `POST /sign-in`: a new session, whatever session the browser had before.
pub async fn sign_in(
    request: HttpRequest,
    app: Data<App>,
    form: PublicForm<Credentials>,
) -> Result<HttpResponse, PageError> {
    let Credentials {
        email,
        password,
        next,
    } = form.0;
    let address = address_of(&request, &app);
    let answer = admins::sign_in(&app.db, &email, password, address, now()).await?;
    let refused = |status, error| {
        let error = Some(error);
        let shown = SignInPage {
            chrome: Chrome::visitor(&request),
            email,
            next: next.clone(),
            error,
        };
        page::with_status(status, &shown, &request)
    };
    match answer {
        SignIn::Welcome(session) => {
            end_old_session(&request, &app).await?;
            Ok(see_other(local(&next))
                .cookie(signed_in::begun(&app, session))
                .finish())
        }
        SignIn::Wrong => Ok(refused(
            StatusCode::FORBIDDEN,
            "The email or the password is wrong.".into(),
        )),
        SignIn::Wait(until) => {
            let mut response = refused(StatusCode::TOO_MANY_REQUESTS, wait_text(until));
            response
                .headers_mut()
                .insert(RETRY_AFTER, (until - now()).max(1).into());
            Ok(response)
        }
    }
}

/// `POST /sign-out`: the session is gone from the store, so a copy of its cookie opens nothing.
pub async fn sign_out(
    request: HttpRequest,
    app: Data<App>,
    _form: Submitted<Nothing>,
) -> Result<HttpResponse, PageError> {
    end_old_session(&request, &app).await?;
    let response = see_other("/sign-in")
        .cookie(signed_in::ended(&app))
        .cookie(Flash::SignedOut.cookie(&app))
        .finish();
    Ok(response)
}

/// The address of the sign-in page, with the page to go on to.
pub(super) fn address(next: Option<&str>) -> String {
    match next {
        None | Some("/") => "/sign-in".into(),
        Some(next) => format!(
            "/sign-in?next={}",
            utf8_percent_encode(next, NON_ALPHANUMERIC)
        ),
    }
}

/// A path of ours, else the first page: no browser is sent to another host.
fn local(next: &str) -> &str {
    let path = next.starts_with('/') && !next[1..].starts_with(['/', '\\']);
    let printable = next
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if path && printable { next } else { "/" }
}

async fn end_old_session(request: &HttpRequest, app: &App) -> Result<(), PageError> {
    if let Some(cookie) = signed_in::cookie(request) {
        app.db
            .change(move |conn| sessions::end(conn, &cookie))
            .await?;
    }
    Ok(())
}

/// Who knocks: the peer, or whom a proxy of ours speaks for.
fn address_of(request: &HttpRequest, app: &App) -> String {
    let headers = request.headers().get_all("x-forwarded-for");
    let lists: Vec<&str> = headers.filter_map(|list| list.to_str().ok()).collect();
    let forwarded = lists.iter().flat_map(|list| list.split(','));
    let peer = request.peer_addr().map(|peer| peer.ip());
    let client = peer.map(|peer| app.config.trusted_proxies.client(peer, forwarded));
    client.map(|client| client.to_string()).unwrap_or_default()
}

fn wait_text(until: i64) -> String {
    let minutes = filters::counted_text((until - now() + 59).max(60) / 60, "minute");
    format!("There were too many failed attempts. Try again in {minutes}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_a_browser_stays_on_this_host() {
        assert_eq!(local("/companies/42?page=2"), "/companies/42?page=2");
        for foreign in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "javascript:x",
        ] {
            assert_eq!(local(foreign), "/", "{foreign}");
        }
    }
}
