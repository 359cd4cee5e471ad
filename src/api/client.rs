//! Who calls: the token of a request, looked up after the request arrived.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use super::ApiError;
use crate::app::App;
use crate::time::now;
use crate::tokens::{Caller, Scope, store};

/// A program with a valid token, and the version of its company's data.
pub struct Client {
    /// Company, scopes and version.
    pub caller: Caller,
    /// What the handlers work with.
    pub app: Arc<App>,
}

impl Client {
    /// The caller that a token speaks for, or `Unauthorized`. Notes that the token was used.
    pub async fn of_token(app: Arc<App>, token: &str) -> Result<Self, ApiError> {
        let (hash, now) = (app.key.token_hash(token), now());
        let found = app
            .db
            .lookup(move |conn| store::find_by_hash(conn, &hash, now))
            .await?;
        let caller = found.ok_or(ApiError::Unauthorized)?;
        app.usage.note(&app.db, &caller, now);
        Ok(Self { caller, app })
    }

    /// Goes on only with this scope.
    pub fn must(&self, scope: Scope) -> Result<(), ApiError> {
        if self.caller.scopes.has(scope) {
            Ok(())
        } else {
            Err(ApiError::MissingScope(scope))
        }
    }
}

impl FromRequest for Client {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request
            .app_data::<Data<App>>()
            .map(|app| app.clone().into_inner());
        let token = bearer(request).map(str::to_owned);
        Box::pin(async move {
            let app = app.expect("the server registers the app");
            Self::of_token(app, &token.ok_or(ApiError::Unauthorized)?).await
        })
    }
}

/// The token of `Authorization: Bearer …`.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
