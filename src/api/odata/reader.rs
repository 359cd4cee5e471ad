//! Who reads: the token as the password of Basic sign-in, as a bearer, or as the query parameter `key`.

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::LocalBoxFuture;
use url::form_urlencoded;

use super::ODataError;
use crate::api::client::bearer;
use crate::api::{ApiError, Client};
use crate::app::App;
use crate::tokens::Scope;

/// The parameter that Power BI's *Web API key* sends. It stands in no link and in no log.
pub const KEY: &str = "key";

/// A client that may read.
pub struct Reader(pub Client);

impl FromRequest for Reader {
    type Error = ODataError;
    type Future = LocalBoxFuture<'static, Result<Self, ODataError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request
            .app_data::<Data<App>>()
            .map(|app| app.clone().into_inner());
        let request = request.clone();
        Box::pin(async move {
            let app = app.expect("the server registers the app");
            let token = token(&request).ok_or(ApiError::Unauthorized)?;
            let client = Client::of_token(app, &request, &token).await?;
            client.tell();
            client.must(Scope::Read)?;
            Ok(Self(client))
        })
    }
}

/// The token of a request. A header comes before the address.
pub fn token(request: &HttpRequest) -> Option<String> {
    let key = || {
        let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
        let (_, key) = pairs.find(|(name, _)| name == KEY)?;
        (!key.is_empty()).then(|| key.into_owned())
    };
    let in_header = bearer(request).map(str::to_owned);
    in_header.or_else(|| password(request)).or_else(key)
}

/// The password of `Authorization: Basic …`; the user's name may be anything.
fn password(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, pair) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(pair.trim()).ok()?).ok()?;
    let (_, password) = pair.split_once(':')?;
    (!password.is_empty()).then(|| password.to_owned())
}
