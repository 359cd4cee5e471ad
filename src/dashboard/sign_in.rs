//! Signing in and out. The second page, for a code, is [`super::sign_in_code`].

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, USER_AGENT};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{
    Chrome, Flash, Page, PageError, PublicForm, Submitted, filters, page, see_other, sign_in_code,
    signed_in,
};
use crate::admins::{self, SignIn, Visit, sessions};
use crate::app::App;
use crate::db::Conn;
use crate::language::Said;
use crate::staff::arrivals;
use crate::time::{now, now_ms};

/// The sign-in page.
#[derive(Template)]
#[template(path = "sessions/sign_in.html")]
pub struct SignInPage {
    chrome: Chrome,
    email: String,
    next: String,
    error: Option<Said>,
}

/// Where to go on after signing in.
#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    pub(super) next: String,
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

/// `POST /sign-in`: a new session, whatever session the browser had before; with a second factor the page for its code.
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
    let visit = visit(&request, &app);
    let noted = (email.clone(), visit.address.clone());
    let answer = admins::sign_in(&app.db, &email, password, visit, now()).await?;
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
            let (email, address) = (admins::normal(&noted.0), noted.1);
            let note = move |conn: &mut Conn| arrivals::signed_in(conn, &email, &address, now_ms());
            app.db.change(note).await?;
            Ok(see_other(local(&next))
                .cookie(signed_in::begun(&app, session))
                .finish())
        }
        SignIn::HalfWay(step) => Ok(see_other(&sign_in_code::address(&next))
            .cookie(sign_in_code::begun(&app, step))
            .finish()),
        SignIn::Wrong => {
            let (email, address) = noted;
            let note = move |conn: &mut Conn| arrivals::failed(conn, &email, &address, now_ms());
            app.db.change(note).await?;
            let why = Said::new("The email or the password is wrong.");
            Ok(refused(StatusCode::FORBIDDEN, why))
        }
        SignIn::Wait(until) => {
            let mut response = refused(StatusCode::TOO_MANY_REQUESTS, wait(until));
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
    form: Submitted<Nothing>,
) -> Result<HttpResponse, PageError> {
    end_old_session(&request, &app).await?;
    let email = form.admin.session.email;
    let note = move |conn: &mut Conn| arrivals::signed_out(conn, &email, now_ms());
    app.db.change(note).await?;
    let response = see_other("/sign-in")
        .cookie(signed_in::ended(&app))
        .cookie(Flash::SignedOut.cookie(&app))
        .finish();
    Ok(response)
}

/// The sign-in page with what went wrong, for somebody who has to begin again.
pub(super) fn again(request: &HttpRequest, next: String, why: &'static str) -> HttpResponse {
    let shown = SignInPage {
        chrome: Chrome::visitor(request),
        email: String::new(),
        next,
        error: Some(Said::new(why)),
    };
    page::with_status(StatusCode::FORBIDDEN, &shown, request)
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
pub(super) fn local(next: &str) -> &str {
    let path = next.starts_with('/') && !next[1..].starts_with(['/', '\\']);
    let printable = next
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if path && printable { next } else { "/" }
}

/// Ends the session that a browser had before.
pub(super) async fn end_old_session(request: &HttpRequest, app: &App) -> Result<(), PageError> {
    if let Some(cookie) = signed_in::cookie(request) {
        app.db
            .change(move |conn| sessions::end(conn, &cookie))
            .await?;
    }
    Ok(())
}

/// Where a request comes from, and with which browser.
pub(super) fn visit(request: &HttpRequest, app: &App) -> Visit {
    let agent = request.headers().get(USER_AGENT);
    let agent = agent.map(|said| String::from_utf8_lossy(said.as_bytes()));
    Visit::new(address_of(request, app), &agent.unwrap_or_default())
}

/// Who knocks: the peer, or whom a proxy of ours speaks for. All whom a proxy cannot name share its address and its limit.
fn address_of(request: &HttpRequest, app: &App) -> String {
    let client = app.config.trusted_proxies.sender(request);
    let peer = || request.peer_addr().map(|peer| peer.ip().to_canonical());
    let known = client.or_else(peer);
    known.map(|known| known.to_string()).unwrap_or_default()
}

/// That there were too many failures, and when the next attempt is allowed.
pub(super) fn wait(until: i64) -> Said {
    let minutes = (until - now() + 59).max(60) / 60;
    Said::new("There were too many failed attempts. Try again in {minutes}.")
        .counted("minutes", minutes, "minute")
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
