//! `SignedIn`: a handler that takes it runs for admins only.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::{Chrome, Flash, PageError, Tab, cookies};
use crate::admins::{Session, sessions};
use crate::app::App;
use crate::error::{Error, Result};
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
    /// The frame of a page of this admin.
    pub fn chrome(&self, tab: Tab) -> Chrome {
        Chrome {
            tab,
            email: Some(self.session.email.clone()),
            csrf: self.session.csrf.clone(),
            flash: self.flash,
            demo: self.demo,
            ..Chrome::nobody()
        }
    }

    /// Who sends this request; nobody is sent to the sign-in page, and after it back here.
    pub(super) async fn of(request: &HttpRequest) -> std::result::Result<Self, PageError> {
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
        if session.is_due(now) {
            let used = session.clone();
            let db = app.db.clone();
            let prolonging = actix_web::rt::spawn(async move {
                if let Err(error) = db
                    .change(move |conn| sessions::prolong(conn, &used, now))
                    .await
                {
                    log::warn!("a session was not prolonged: {error}");
                }
            });
            // Usually done at once; while a large sync holds the writer, the page does not wait for it.
            let _ = actix_web::rt::time::timeout(PATIENCE, prolonging).await;
        }
        Ok(Self {
            session,
            flash: Flash::sent(request),
            demo: app.is_demo(),
        })
    }
}

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
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
