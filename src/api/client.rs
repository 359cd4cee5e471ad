//! Who calls: the token of a request, looked up after the request arrived.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use super::reply::{Version, headers_of};
use super::{ApiError, Call};
use crate::app::App;
use crate::db::Conn;
use crate::delivery;
use crate::error;
use crate::fields::Fields;
use crate::proxies::Networks;
use crate::requests::Standing;
use crate::settings::delivery::Delivery;
use crate::time::{now, rfc3339};
use crate::tokens::{Caller, NOTICE_DAYS, Scope, store};

/// When the token ends.
const TOKEN_EXPIRES: HeaderName = HeaderName::from_static("alx-token-expires");

/// A program with a valid token, and the version of its company's data.
pub struct Client {
    /// Company, scopes and version.
    pub caller: Caller,
    /// How the company's rows are delivered.
    pub delivery: Delivery,
    /// The fields that this token may see.
    pub fields: Fields,
    /// What is noted of this call.
    pub call: Call,
    /// What the handlers work with.
    pub app: Arc<App>,
}

impl Client {
    /// The caller that a token speaks for. Notes that the token was used.
    ///
    /// Fails with `Unauthorized` where it is unknown, `Expired` where it has ended, `WrongNetwork` where it may not come
    /// from there, and `Refused` where Moodle refuses it.
    pub async fn of_token(
        app: Arc<App>,
        request: &HttpRequest,
        token: &str,
    ) -> Result<Self, ApiError> {
        let call = Call::of(request);
        let (hash, now) = (app.key.token_hash(token), now());
        let found = app
            .db
            .lookup(move |conn| store::find_by_hash(conn, &hash))
            .await?;
        let caller = found.ok_or(ApiError::Unauthorized)?;
        call.note(|known| {
            (known.company, known.token) = (Some(caller.company), Some(caller.token));
        });
        if caller.expires_at.is_some_and(|end| end <= now) {
            return Err(ApiError::Expired);
        }
        let sender = app.config.trusted_proxies.sender(request);
        let fits = |networks: &Networks| sender.is_some_and(|sender| networks.hold(sender));
        if !caller.networks.as_ref().is_none_or(fits) {
            return Err(ApiError::WrongNetwork);
        }
        if let Some(refusal) = caller.refusal.clone() {
            return Err(ApiError::Refused(refusal));
        }
        let delivery = Delivery::read(&caller.delivery)?;
        if !caller.is_ours {
            let limits = delivery::limits(caller.company, caller.token, &delivery);
            call.note(|known| known.limits = Some(limits));
        }
        app.usage.note(&app.db, &caller, now);
        let fields = caller
            .fields
            .map_or(delivery.fields, |mask| delivery.fields.and(mask));
        Ok(Self {
            caller,
            delivery,
            fields,
            call,
            app,
        })
    }

    /// Several reads in one snapshot, in the company's own lane.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn) -> error::Result<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let lane = self.app.lanes.read(self.caller.company).await;
        let place = lane.ok_or(ApiError::Busy)?;
        // The place is given back when the read has ended, also where nobody waits for it any more.
        let read = move |conn: &mut Conn| {
            let done = work(conn);
            drop(place);
            done
        };
        Ok(self.app.db.run(read).await?)
    }

    /// Lets every reply say what there is to say to its token.
    pub(super) fn tell(&self) {
        let told = told(&self.caller, now());
        self.call.note(|known| known.told = told);
    }

    /// How the limit stands that is nearest to its end, with this call where it was counted already.
    pub async fn standing(&self) -> Result<Option<Standing>, ApiError> {
        let known = self.call.known();
        match (known.standing, known.limits) {
            (None, Some(limits)) => {
                Ok(self.app.quota.standing(&self.app.db, limits, now()).await?)
            }
            (standing, _) => Ok(standing),
        }
    }

    /// Counts this call, or refuses it where a limit is used up.
    pub async fn admit(&self) -> Result<(), ApiError> {
        self.call.admit(&self.app).await
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
        let request = request.clone();
        Box::pin(async move {
            let app = app.expect("the server registers the app");
            let token = bearer(&request).ok_or(ApiError::Unauthorized)?;
            let client = Self::of_token(app, &request, token).await?;
            client.tell();
            Ok(client)
        })
    }
}

/// What every reply to a token says: the version that there was when the request arrived and, in the last 30 days, the
/// token's end.
fn told(caller: &Caller, now: i64) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = headers_of(&Version::of_caller(caller));
    let end = caller
        .expires_at
        .filter(|end| end - now <= NOTICE_DAYS * 86_400);
    let end = end.and_then(rfc3339).map(HeaderValue::try_from);
    headers.extend(end.and_then(Result::ok).map(|end| (TOKEN_EXPIRES, end)));
    headers
}

/// The token of `Authorization: Bearer …`.
pub(super) fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
