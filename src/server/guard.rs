//! What happens to every request and reply: refusals, deadlines, headers, the log line.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};

use super::watch::{Connection, Watched};
use super::{Settings, body, request_id};
use crate::api::doors::{Door, ENCODED, is_encoded};
use crate::api::odata::ODataError;
use crate::api::{ApiError, RequestId};
use crate::dashboard::PageError;
use crate::language::Said;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

const FOR_PAGES: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
     manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const FOR_DATA: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Headers of every reply, unless its handler set them.
const ALWAYS: [(HeaderName, HeaderValue); 7] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
    (COOP, HeaderValue::from_static("same-origin")),
    (CORP, HeaderValue::from_static("same-origin")),
];

/// What the guard needs to know of the settings.
#[derive(Debug, Clone)]
pub struct Rules {
    body_timeout: Duration,
    over_tls: bool,
}

impl Rules {
    /// The part of the settings that is about requests.
    pub fn new(settings: &Settings) -> Self {
        Self {
            body_timeout: settings.body_timeout,
            over_tls: settings.over_tls,
        }
    }
}

/// The one middleware around everything.
pub async fn guard<B: MessageBody + 'static>(
    rules: Rules,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let started = Instant::now();
    let id = request_id::next();
    let connection = request.request().conn_data::<Arc<Connection>>().cloned();
    let _work = connection.as_ref().map(Connection::work);
    if !request.method().is_safe() {
        request.headers_mut().remove(header::IF_NONE_MATCH); // 304 answers reads only
    }
    let reply = if let Some(refused) = refused(request.request()) {
        // Not `into_response`, which forgets what the error was.
        ServiceResponse::new(request.into_parts().0, refused).map_into_right_body()
    } else {
        let payload = request.take_payload();
        request.set_payload(body::with_deadline(payload, rules.body_timeout));
        request.extensions_mut().insert(RequestId(id.clone()));
        next.call(request).await?.map_into_left_body()
    };
    let reply = explain(reply, &id);
    let reply = dress(reply, &rules, id);
    record(&reply, started);
    Ok(watched(reply, connection))
}

/// A body that is made while it is sent shows with each piece that its connection does not hang.
fn watched<B: MessageBody + 'static>(
    reply: ServiceResponse<EitherBody<B>>,
    connection: Option<Arc<Connection>>,
) -> ServiceResponse<EitherBody<B>> {
    let Some(connection) =
        connection.filter(|_| reply.response().body().size() == BodySize::Stream)
    else {
        return reply;
    };
    let watched = |_: &mut _, body: EitherBody<B>| {
        let body = Watched {
            body: Box::pin(body),
            connection,
        };
        EitherBody::right(BoxBody::new(body))
    };
    reply.map_body(watched)
}

/// What is refused before a byte of the body is read. Doors look for themselves, since they count and note what they refuse.
fn refused(request: &HttpRequest) -> Option<HttpResponse> {
    if Door::at(request.path()).is_some() {
        return None;
    }
    if is_encoded(request.headers()) {
        return Some(HttpResponse::from_error(ApiError::UnsupportedMedia(
            ENCODED,
        )));
    }
    has_nul(request).then(|| {
        HttpResponse::from_error(PageError::BadRequest(Said::new(
            "the address holds a NUL character (%00), which no text may have",
        )))
    })
}

/// Whether the address holds a NUL, which no text of a store can hold.
fn has_nul(request: &HttpRequest) -> bool {
    let address = request.uri().path_and_query();
    address.is_some_and(|address| address.as_str().contains("%00"))
}

/// Fills in what an error could not know: which request it answers.
fn explain<B: MessageBody>(
    reply: ServiceResponse<EitherBody<B>>,
    id: &HeaderValue,
) -> ServiceResponse<EitherBody<B>> {
    let Some(error) = reply.response().error() else {
        return reply;
    };
    let id = id.to_str().unwrap_or_default();
    let (cause, document) = if let Some(error) = error.as_error::<ApiError>() {
        let path = reply.request().path();
        (error.for_log(), error.document(Some(path), Some(id)))
    } else if let Some(error) = error.as_error::<ODataError>() {
        (error.for_log(), error.document())
    } else if let Some(error) = error.as_error::<PageError>() {
        let request = reply.request();
        (
            error.for_log(),
            error.document(Some(id), Some(request)).into(),
        )
    } else {
        return reply;
    };
    if let Some(cause) = cause {
        log::error!(request = id; "{cause}");
    }
    reply.map_body(|_, _| EitherBody::right(BoxBody::new(document)))
}

fn dress<B>(
    mut reply: ServiceResponse<EitherBody<B>>,
    rules: &Rules,
    id: HeaderValue,
) -> ServiceResponse<EitherBody<B>> {
    if reply.status() == StatusCode::REQUEST_TIMEOUT {
        reply
            .response_mut()
            .head_mut()
            .set_connection_type(ConnectionType::Close);
    }
    let headers = reply.headers_mut();
    headers.insert(REQUEST_ID, id);
    for (name, value) in ALWAYS {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let is_page = kind.is_some_and(|kind| kind.starts_with(b"text/html"));
        let policy = if is_page { FOR_PAGES } else { FOR_DATA };
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if rules.over_tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    reply
}

/// One line per request: the pattern of the address, never the address itself, which can hold names and tokens.
fn record<B>(reply: &ServiceResponse<B>, started: Instant) {
    if !log::log_enabled!(log::Level::Info) {
        return;
    }
    let request = reply.request();
    let route = request.match_pattern();
    let id = reply
        .headers()
        .get(REQUEST_ID)
        .and_then(|id| id.to_str().ok());
    log::info!(
        method = known(request.method()),
        route = route.as_deref().unwrap_or("-"),
        status = reply.status().as_u16(),
        ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        request = id.unwrap_or_default();
        "answered"
    );
}

/// A method by its name; whatever else a client made up is `other`.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
    ];
    KNOWN
        .into_iter()
        .find(|name| *name == method.as_str())
        .unwrap_or("other")
}
