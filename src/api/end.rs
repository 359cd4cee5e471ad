//! The end of a call: its line for the log of requests, written when its last byte has gone or its caller has.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode};
use bytes::Bytes;

use super::call::{Call, id_of};
use super::reply::found_by;
use crate::app::App;
use crate::cache::Found;
use crate::requests::Request;
use crate::time::now_ms;

/// The status of a call whose caller left before there was an answer, as proxies write it.
const LEFT: u16 = 499;
/// What was wrong when a caller left.
const CALLER_LEFT: &str = "caller-left";
/// What was wrong when a body broke off on our side.
const CUT_SHORT: &str = "cut-short";

/// Writes the line of a call when dropped.
pub struct End {
    app: Arc<App>,
    call: Call,
    started: Instant,
    method: &'static str,
    route: String,
    request_id: String,
    status: u16,
    error: Option<String>,
    cache: Option<&'static str>,
    bytes: u64,
}

impl End {
    /// The end of a call that begins now: until there is an answer, its caller may leave.
    pub fn of(request: &HttpRequest, app: &Arc<App>, call: &Call) -> Self {
        Self {
            app: app.clone(),
            call: call.clone(),
            started: Instant::now(),
            method: method(request.method()),
            route: request.match_pattern().unwrap_or_else(|| "-".into()),
            request_id: id_of(request).unwrap_or_default(),
            status: LEFT,
            error: Some(CALLER_LEFT.into()),
            cache: None,
            bytes: 0,
        }
    }

    /// The answer, with this as the end of its body.
    pub fn with_reply(
        mut self,
        reply: ServiceResponse<BoxBody>,
        error: Option<String>,
    ) -> ServiceResponse<BoxBody> {
        (self.status, self.error) = (reply.status().as_u16(), error);
        self.cache = found_by(reply.headers()).map(Found::as_str);
        let is_head = reply.request().method() == Method::HEAD;
        match reply.response().body().size() {
            _ if is_head => reply,
            BodySize::Sized(bytes) => {
                self.bytes = bytes;
                reply
            }
            BodySize::Stream => {
                self.error.get_or_insert_with(|| CALLER_LEFT.into());
                reply.map_body(|_, body| BoxBody::new(Counted { body, end: self }))
            }
            BodySize::None => reply,
        }
    }

    /// Whether it is a call: not a wrong address, and not a stranger who left.
    fn counts(&self) -> bool {
        let known = self.call.known();
        let is_stranger = self.status == StatusCode::UNAUTHORIZED.as_u16();
        known.token.is_some() || is_stranger || known.error.is_some()
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.counts() {
            return;
        }
        let known = self.call.known();
        let line = Request {
            at_ms: now_ms(),
            company: known.company,
            token: known.token,
            method: self.method,
            route: std::mem::take(&mut self.route),
            status: self.status,
            error: self.error.take(),
            rows: known.rows(),
            bytes: i64::try_from(self.bytes).unwrap_or(i64::MAX),
            duration_us: i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX),
            cache: self.cache,
            version: known.version,
            request_id: std::mem::take(&mut self.request_id),
        };
        self.app.requests.note(&self.app.db, &self.app.quota, line);
    }
}

fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let known = KNOWN.into_iter().find(|name| *name == method.as_str());
    known.unwrap_or("other")
}

/// A body that is made while it is sent, and counted. Its caller left unless it came to its end.
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
        match &piece {
            Poll::Ready(Some(Ok(bytes))) => self.end.bytes += bytes.len() as u64,
            Poll::Ready(Some(Err(_))) => self.end.error = Some(CUT_SHORT.into()),
            Poll::Ready(None) => self
                .end
                .error
                .take_if(|error| error == CALLER_LEFT)
                .map_or((), drop),
            Poll::Pending => {}
        }
        piece
    }
}
