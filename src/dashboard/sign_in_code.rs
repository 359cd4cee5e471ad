//! The second page of a sign-in: the code of somebody who has a second factor. No session exists before it is right.

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::sign_in::{self, Next};
use super::{Chrome, Flash, PageError, PublicForm, cookies, filters, page, see_other, signed_in};
use crate::admins::second_factor::Proof;
use crate::admins::{Tried, steps};
use crate::app::App;
use crate::language::Said;
use crate::staff::second_factor;
use crate::time::now;

/// The cookie of a sign-in that waits for its code.
const NAME: &str = "step";

/// The page that asks for a code.
#[derive(Template)]
#[template(path = "sessions/code.html")]
pub struct CodePage {
    chrome: Chrome,
    next: String,
    error: Option<Said>,
}

/// The fields of its form.
#[derive(Deserialize)]
pub struct Code {
    code: String,
    #[serde(default)]
    next: String,
}

/// `GET /sign-in/code`
pub async fn show_code(
    request: HttpRequest,
    app: Data<App>,
    query: Query<Next>,
) -> Result<HttpResponse, PageError> {
    let next = query.into_inner().next;
    let Some(cookie) = sent(&request, &app) else {
        return Ok(over(&request, next));
    };
    let waiting = app
        .db
        .run(move |conn| steps::find(conn, &cookie, now()))
        .await?;
    Ok(match waiting {
        Some(_) => code_page(&request, StatusCode::OK, next, None),
        None => over(&request, next),
    })
}

/// `POST /sign-in/code`: begins the session, whatever session the browser had before.
pub async fn finish_sign_in(
    request: HttpRequest,
    app: Data<App>,
    form: PublicForm<Code>,
) -> Result<HttpResponse, PageError> {
    let Code { code, next } = form.0;
    let Some(cookie) = sent(&request, &app) else {
        return Ok(over(&request, next));
    };
    let visit = sign_in::visit(&request, &app);
    let Some(tried) = second_factor::finish_sign_in(&app, cookie, code, visit).await? else {
        return Ok(over(&request, next));
    };
    match tried {
        Tried::Right((session, proof)) => {
            sign_in::end_old_session(&request, &app).await?;
            let mut response = see_other(sign_in::local(&next));
            response.cookie(signed_in::begun(&app, session));
            response.cookie(cookies::take_away(app.config.over_tls(), NAME));
            if let Proof::Recovery(left) = proof {
                response.cookie(Flash::RecoveryCodeUsed(left).cookie(&app));
            }
            Ok(response.finish())
        }
        Tried::Wrong => {
            let error = Said::new("The code is wrong or was used already.");
            Ok(code_page(
                &request,
                StatusCode::FORBIDDEN,
                next,
                Some(error),
            ))
        }
        Tried::Wait(until) => {
            let (status, error) = (StatusCode::TOO_MANY_REQUESTS, sign_in::wait(until));
            let mut response = code_page(&request, status, next, Some(error));
            let seconds = (until - now()).max(1);
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            Ok(response)
        }
    }
}

/// The cookie of a sign-in whose password was right.
pub(super) fn begun(app: &App, step: String) -> Cookie<'static> {
    cookies::keep(app.config.over_tls(), NAME, step)
}

/// The address of the page, with the page to go on to.
pub(super) fn address(next: &str) -> String {
    match next {
        "" | "/" => "/sign-in/code".into(),
        next => format!(
            "/sign-in/code?next={}",
            utf8_percent_encode(next, NON_ALPHANUMERIC)
        ),
    }
}

fn sent(request: &HttpRequest, app: &App) -> Option<String> {
    cookies::sent(request, app.config.over_tls(), NAME)
}

fn code_page(
    request: &HttpRequest,
    status: StatusCode,
    next: String,
    error: Option<Said>,
) -> HttpResponse {
    let shown = CodePage {
        chrome: Chrome::visitor(request),
        next,
        error,
    };
    page::with_status(status, &shown, request)
}

/// The first page again: this browser has no sign-in that waits.
fn over(request: &HttpRequest, next: String) -> HttpResponse {
    let why = "This sign-in took too long, or was begun in another browser. Begin again.";
    sign_in::again(request, next, why)
}
