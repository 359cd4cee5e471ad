//! The door of the old plugin: Moodle's REST protocol, one function, Moodle's own shapes.

mod answer;
mod call;
mod exception;
mod form;
mod multipart;
mod php;
mod rows;
mod values;

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderName, HeaderValue};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, Result};

use self::call::Call;
use self::exception::MoodleException;
use self::form::Form;
use super::doors::Door;
use super::reply::has_condition;
use super::{ApiError, Client};
use crate::app::App;
use crate::db::Conn;
use crate::error;
use crate::settings::DEFAULTS;
use crate::settings::delivery::{Delivery, DeliveryOverrides, own};
use crate::tokens::{Scope, adopt};

/// Whether a list is full or incremental.
const SYNC_MODE: HeaderName = HeaderName::from_static("alx-sync-mode");

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Asked for by `moodlewsrestformat=json`.
    Json,
    /// Everything else.
    Xml,
}

/// `POST /webservice/rest/server.php`: the rows of the token's company as the plugin served them.
///
/// The checks come in Moodle's and the plugin's order: token, function, access, parameter types, limit, offset, rate limit,
/// method, company.
pub async fn call_function(
    request: HttpRequest,
    app: Data<App>,
    body: Result<Bytes>,
) -> HttpResponse {
    let body = match body {
        Ok(body) => body,
        Err(error) => {
            Door::Legacy.identify(&app.into_inner(), &request).await;
            return refuse(&request, super::body::why(&error));
        }
    };
    let form = Form::read(&request, &body);
    let format = form.format();
    let answered = answer(&request, app, &form, format).await;
    finished(&request, answered, format)
}

/// The answer to a call whose body is not read, in the format that its address asks for.
pub(super) fn refuse(request: &HttpRequest, error: ApiError) -> HttpResponse {
    let format = Form::read(request, &[]).format();
    finished(request, Err(error.into()), format)
}

fn finished(
    request: &HttpRequest,
    answered: Result<HttpResponse, MoodleException>,
    format: Format,
) -> HttpResponse {
    let mut reply = answered.unwrap_or_else(|exception| {
        let is_about_the_body = matches!(exception, MoodleException::Refused(_));
        super::Call::of(request).note(|known| {
            // Whose call it was is mostly in the body: a stranger's is no call with a wrong token.
            let is_call = known.token.is_some() || !is_about_the_body;
            known.error = is_call.then(|| exception.code());
        });
        exception.reply(format)
    });
    let headers = reply.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    format.label(headers);
    reply
}

async fn answer(
    request: &HttpRequest,
    app: Data<App>,
    form: &Form,
    format: Format,
) -> Result<HttpResponse, MoodleException> {
    let (app, token) = (app.into_inner(), form.text("wstoken"));
    let client = match Client::of_token(app.clone(), request, token).await {
        Err(ApiError::Unauthorized) => return Err(without_company(app, request, form).await),
        found => found?,
    };
    Call::check_function(form)?;
    client.must(Scope::Read)?;
    let slice = Call::read(form)?.slice(client.delivery.max_records)?;
    let allowed = check_method(request, &client.delivery);
    let may_have_it = request.method().is_safe() && has_condition(request) && allowed.is_ok();
    if !may_have_it {
        client.admit().await?; // what a client has already costs nothing, also when nothing is left
    }
    allowed?;
    let (mut reply, kind) = answer::rows(request, client, slice, format).await?;
    let kind = HeaderValue::from_static(kind.as_str());
    reply.headers_mut().insert(SYNC_MODE, kind);
    Ok(reply)
}

/// What a call without a company's token fails with: it is checked like any other where its person is in no company.
async fn without_company(app: Arc<App>, request: &HttpRequest, form: &Form) -> MoodleException {
    let hash = app.key.token_hash(form.text("wstoken"));
    let look = move |conn: &mut Conn| -> error::Result<Option<Delivery>> {
        if !adopt::is_without_company(conn, &hash)? {
            return Ok(None);
        }
        let defaults = own(conn, DEFAULTS)?;
        defaults.held_over(&DeliveryOverrides::default()).map(Some)
    };
    let checked = match app.db.lookup(look).await.map_err(ApiError::from) {
        Ok(Some(delivery)) => check_alone(request, form, &delivery),
        Ok(None) => Err(MoodleException::InvalidToken),
        Err(error) => Err(error.into()),
    };
    checked.err().unwrap_or(MoodleException::NoCompany)
}

fn check_alone(
    request: &HttpRequest,
    form: &Form,
    delivery: &Delivery,
) -> Result<(), MoodleException> {
    Call::check_function(form)?;
    Call::read(form)?.slice(delivery.max_records)?;
    check_method(request, delivery)
}

fn check_method(request: &HttpRequest, delivery: &Delivery) -> Result<(), MoodleException> {
    match *request.method() {
        Method::POST => Ok(()),
        Method::GET | Method::HEAD if delivery.allow_get => Ok(()),
        _ => Err(MoodleException::InvalidRequestMethod),
    }
}
