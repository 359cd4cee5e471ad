//! Around every call: it is counted, its reply says how the limits stand, and the log of requests gets a line.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest};
use bytes::Bytes;

use super::call::{Call, Known, RequestId};
use super::odata::ODataError;
use super::{ApiError, problem};
use crate::app::App;
use crate::cache::Found;
use crate::requests::{Request, Standing};
use crate::time::{now, now_ms};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The middleware of everything that programs ask for.
pub async fn watch(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let app = request.app_data::<Data<App>>().cloned();
    let app = app.expect("the server registers the app").into_inner();
    let call = Call::of(request.request());
    let mut reply = next.call(request).await?.map_into_boxed_body();
    let error = error_of(&reply, &call.known());
    let status = reply.status().as_u16();
    if let Err(cause) = call.settle(&app, status, error.is_some()).await {
        log::error!(
            "a call was not counted: {}",
            cause.for_log().unwrap_or_default()
        );
    }
    tell_limits(&app, &call, reply.headers_mut()).await;
    for (name, value) in call.known().told {
        if !reply.headers().contains_key(&name) {
            reply.headers_mut().insert(name, value);
        }
    }
    let reply = explained(reply);
    Ok(logged(reply, app, &call.known(), error, started))
}

/// An error that says which request it answers: the body as it goes over the wire, so that its bytes are counted.
fn explained(reply: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let error = reply.response().error();
    let Some(error) = error.and_then(|error| error.as_error::<ApiError>()) else {
        return reply;
    };
    let id = request_id(reply.request());
    let document = error.document(Some(reply.request().path()), id.as_deref());
    reply.map_body(|_, _| BoxBody::new(document))
}

fn request_id(request: &HttpRequest) -> Option<String> {
    let id = request.extensions().get::<RequestId>().cloned();
    id.and_then(|RequestId(id)| id.to_str().map(str::to_owned).ok())
}

/// What was wrong, in one word.
fn error_of(reply: &ServiceResponse<BoxBody>, known: &Known) -> Option<String> {
    if let Some(error) = known.error {
        return Some(error.to_owned());
    }
    let error = reply.response().error();
    let named = error.and_then(|error| {
        let of_odata = || error.as_error::<ODataError>().map(ODataError::name);
        error.as_error().map(problem::name).or_else(of_odata)
    });
    let unnamed = || reply.status().as_str().to_owned();
    match named {
        Some(name) => Some(name.to_owned()),
        None => (reply.status().as_u16() >= 400).then(unnamed),
    }
}

async fn tell_limits(app: &Arc<App>, call: &Call, headers: &mut HeaderMap) {
    let known = call.known();
    let standing = match (known.standing, known.limits) {
        (None, Some(limits)) => app
            .quota
            .standing(&app.db, limits, now())
            .await
            .ok()
            .flatten(),
        (standing, _) => standing,
    };
    if let Some(standing) = standing {
        for (name, value) in limit_headers(&standing) {
            headers.insert(name, value);
        }
    }
}

/// How a limit stands, as the IETF's draft on rate limits writes it: `q` calls in `w` seconds, `r` left, `t` seconds to go.
fn limit_headers(standing: &Standing) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
    let whose = if standing.of_company {
        "company"
    } else {
        "token"
    };
    let texts = [
        (POLICY, format!("\"{whose}\";q={};w=86400", standing.limit)),
        (
            LIMIT,
            format!("\"{whose}\";r={};t={}", standing.left(), standing.resets_in),
        ),
    ];
    texts
        .into_iter()
        .filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?)))
}

/// Notes the call when the last byte of its body has gone, or its reader has.
fn logged(
    reply: ServiceResponse<BoxBody>,
    app: Arc<App>,
    known: &Known,
    error: Option<String>,
    started: Instant,
) -> ServiceResponse<BoxBody> {
    if known.token.is_none() && reply.status() != StatusCode::UNAUTHORIZED && known.error.is_none()
    {
        return reply;
    }
    let line = line_of(reply.request(), reply.status(), known, error);
    let mut end = End {
        app,
        line: Some(line),
        started,
        bytes: 0,
    };
    let is_head = reply.request().method() == Method::HEAD;
    match reply.response().body().size() {
        BodySize::Stream => reply.map_body(|_, body| BoxBody::new(Counted { body, end })),
        BodySize::Sized(bytes) if !is_head => {
            end.bytes = bytes;
            reply
        }
        _ => reply,
    }
}

fn line_of(
    request: &HttpRequest,
    status: StatusCode,
    known: &Known,
    error: Option<String>,
) -> Request {
    Request {
        at_ms: 0,
        company: known.company,
        token: known.token,
        method: method(request.method()),
        route: request.match_pattern().unwrap_or_else(|| "-".into()),
        status: status.as_u16(),
        error,
        rows: known.rows,
        bytes: 0,
        duration_us: 0,
        cache: known.found.map(Found::as_str),
        version: known.version,
        request_id: request_id(request).unwrap_or_default(),
    }
}

fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let known = KNOWN.into_iter().find(|name| *name == method.as_str());
    known.unwrap_or("other")
}

/// The end of a reply: writes its line when dropped.
struct End {
    app: Arc<App>,
    line: Option<Request>,
    started: Instant,
    bytes: u64,
}

impl Drop for End {
    fn drop(&mut self) {
        if let Some(mut line) = self.line.take() {
            line.at_ms = now_ms();
            line.bytes = i64::try_from(self.bytes).unwrap_or(i64::MAX);
            line.duration_us =
                i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
            self.app.requests.note(&self.app.db, &self.app.quota, line);
        }
    }
}

/// A body that is made while it is sent, and counted.
struct Counted {
    body: BoxBody,
    end: End,
}

impl MessageBody for Counted {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let piece = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(bytes))) = &piece {
            self.end.bytes += bytes.len() as u64;
        }
        piece
    }
}
