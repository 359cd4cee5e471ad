//! The door of the old plugin: Moodle's REST protocol, one function, Moodle's own shapes.

mod call;
mod exception;
mod form;
mod multipart;
mod php;
mod rows;
mod values;

use actix_web::http::Method;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, Result};

use self::call::{Call, Slice};
use self::exception::MoodleException;
use self::form::Form;
use super::Client;
use super::reply::{Content, Question, cached};
use crate::app::App;
use crate::companies::State;
use crate::progress;
use crate::tokens::Scope;

/// The view's name in cache keys.
const VIEW: &str = "legacy";

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
/// The checks come in Moodle's order: token, function, parameter types, limit, offset, method.
pub async fn call_function(
    request: HttpRequest,
    app: Data<App>,
    body: Result<Bytes>,
) -> HttpResponse {
    let body = match body {
        Ok(body) => body,
        Err(error) => return HttpResponse::from_error(super::body::why(&error)),
    };
    let form = Form::read(&request, &body);
    let format = form.format();
    let mut reply = match answer(&request, app, &form, format).await {
        Ok(reply) => reply,
        Err(exception) => exception.reply(format),
    };
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
    let client = Client::of_token(app.into_inner(), form.text("wstoken")).await?;
    let call = Call::read(form)?;
    client.must(Scope::Read)?;
    let slice = call.slice()?;
    if request.method() != Method::POST {
        return Err(MoodleException::InvalidRequestMethod);
    }
    Ok(serve(request, client, slice, format).await?)
}

async fn serve(
    request: &HttpRequest,
    client: Client,
    slice: Slice,
    format: Format,
) -> Result<HttpResponse, super::ApiError> {
    let Slice { limit, offset } = slice;
    let company = client.caller.company;
    let question = Question {
        view: VIEW,
        query: format!("{format:?}&limit={limit}&offset={offset}"),
    };
    let load = move |conn: &mut _, _: &State| {
        let rows = progress::store::page_at_offset(conn, company, offset, limit)?;
        Ok(Content {
            body: rows::write(&rows, format).into_bytes(),
            content_type: format.content_type(),
            empty: None,
        })
    };
    cached(request, client, question, load).await
}
