//! `SignedIn`: a handler that takes it runs for somebody who signed in, whom the gate let in.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};

use super::{Chrome, Flash, PageError, Tab, cookies};
use crate::admins::{Session, sessions};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::time;

const NAME: &str = "session";

/// How long a page waits until its session is prolonged.
const PATIENCE: Duration = Duration::from_millis(500);

/// The admin whose browser asks.
pub struct SignedIn {
    /// The session, with the admin's id and email.
    pub session: Session,
    flash: Option<Flash>,
    demo: bool,
}

impl SignedIn {
    /// The one company that they may see; `None` is all.
    pub fn only(&self) -> Option<CompanyId> {
        self.session.only
    }

    /// The company that a list of all is narrowed to: the chosen one, or a company manager's own. Another company than
    /// theirs is as unknown as one that does not exist.
    pub fn narrowed(&self, chosen: Option<CompanyId>) -> Result<Option<CompanyId>> {
        narrowed(self.only(), chosen)
    }

    /// The frame of a page of this admin.
    pub fn chrome(&self, tab: Tab) -> Chrome {
        Chrome {
            tab,
            email: Some(self.session.email.clone()),
            csrf: self.session.csrf.clone(),
            flash: self.flash,
            demo: self.demo,
            role: Some(self.session.role),
            reading: self.session.reading,
            ..Chrome::nobody()
        }
    }

    /// Whom the gate let in with this request; without a session there is nobody.
    pub(super) fn of(request: &HttpRequest) -> std::result::Result<Self, PageError> {
        let session = request.extensions().get::<Session>().cloned();
        let session = session.ok_or_else(|| stranger(request))?;
        Ok(Self::with(session, request, &*app(request)?))
    }

    /// Somebody with this session.
    pub(super) fn with(session: Session, request: &HttpRequest, app: &App) -> Self {
        Self {
            session,
            flash: Flash::sent(request),
            demo: app.is_demo(),
        }
    }
}

/// What is left of a wish where somebody may see one company only.
pub(super) fn narrowed(
    only: Option<CompanyId>,
    chosen: Option<CompanyId>,
) -> Result<Option<CompanyId>> {
    match (only, chosen) {
        (Some(own), Some(other)) if own != other => Err(Error::NotFound("the company")),
        (own, chosen) => Ok(own.or(chosen)),
    }
}

/// Whose session this request belongs to; nobody is sent to the sign-in page, and after it back here.
pub(super) async fn find(request: &HttpRequest) -> std::result::Result<Session, PageError> {
    let app = app(request)?;
    let now = time::now();
    let Some(cookie) = cookie(request) else {
        return Err(stranger(request));
    };
    let found = app
        .db
        .lookup(move |conn| sessions::find(conn, &cookie, now))
        .await?;
    let Some(session) = found else {
        return Err(stranger(request));
    };
    request.extensions_mut().insert(session.reading);
    if session.is_due(now) {
        prolong(&app, session.clone(), now).await;
    }
    Ok(session)
}

/// Usually done at once; while a large sync holds the writer, the page does not wait for it.
async fn prolong(app: &App, used: Session, now: i64) {
    let db = app.db.clone();
    let prolonging = actix_web::rt::spawn(async move {
        let prolonged = db.change(move |conn| sessions::prolong(conn, &used, now));
        if let Err(error) = prolonged.await {
            log::warn!("a session was not prolonged: {error}");
        }
    });
    let _ = actix_web::rt::time::timeout(PATIENCE, prolonging).await;
}

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Ready<std::result::Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// The value of the session's cookie, if the browser sent one.
pub(super) fn cookie(request: &HttpRequest) -> Option<String> {
    cookies::sent(request, app(request).ok()?.config.over_tls(), NAME)
}

/// The cookie of a session that has just begun.
pub(super) fn begun(app: &App, value: String) -> Cookie<'static> {
    cookies::keep(app.config.over_tls(), NAME, value)
}

/// Takes the cookie of a session away.
pub(super) fn ended(app: &App) -> Cookie<'static> {
    cookies::take_away(app.config.over_tls(), NAME)
}

/// The application a request belongs to.
pub(super) fn app(request: &HttpRequest) -> Result<Data<App>> {
    let app = request.app_data::<Data<App>>().cloned();
    app.ok_or_else(|| Error::Setup("the server was put together without its application".into()))
}

fn stranger(request: &HttpRequest) -> PageError {
    let here = request.uri().path_and_query().map(ToString::to_string);
    PageError::SignIn(here.filter(|_| request.method() == Method::GET))
}
