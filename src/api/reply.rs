//! Replies: from the company's group where the stamp decides, with a strong `ETag` always.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{ApiError, Client};
use crate::cache::{Answer, Found, Key, Loaded};
use crate::companies::{self, State};
use crate::db::Conn;
use crate::error;
use crate::ids::{RunId, hex};
use crate::time::rfc3339;

const DATA_VERSION: HeaderName = HeaderName::from_static("alx-data-version");
const AS_OF: HeaderName = HeaderName::from_static("alx-as-of");
const SYNC_RUN: HeaderName = HeaderName::from_static("alx-sync-run");
const CACHE: HeaderName = HeaderName::from_static("alx-cache");
const EMPTY_REASON: HeaderName = HeaderName::from_static("alx-empty-reason");
/// Whoever keeps a reply asks us before showing it again.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("private, no-cache");

/// A question whose answer depends on the company's data alone.
pub struct Question {
    /// The kind of answer.
    pub view: &'static str,
    /// The checked parameters in one fixed spelling.
    pub query: String,
}

/// What a load found, before it becomes an answer.
pub struct Content {
    /// The body.
    pub body: Vec<u8>,
    /// Its type.
    pub content_type: HeaderValue,
    /// Why there are no rows, where there are none and it is known.
    pub empty: Option<&'static str>,
}

impl Content {
    /// A JSON body.
    pub fn json(value: &impl Serialize, empty: Option<&'static str>) -> Self {
        Self {
            body: to_json(value),
            content_type: HeaderValue::from_static("application/json"),
            empty,
        }
    }
}

/// Answers from the company's group, else from one snapshot: its stamp is read first, its rows second.
///
/// A client that has this very answer already gets 304.
pub async fn cached(
    request: &HttpRequest,
    client: Client,
    question: Question,
    load: impl FnOnce(&mut Conn, &State) -> error::Result<Content> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let Client { caller, app } = client;
    if is_read(request) && has_condition(request) {
        let etag = etag_of(&[&caller.stamp, question.view, &question.query]);
        if is_known(request, &etag) {
            let headers = version(caller.seq, caller.synced_at, caller.run_id.as_ref());
            return Ok(not_modified(headers, etag, Found::Hit));
        }
    }
    let (company, ttl) = (caller.company, caller.cache_ttl);
    let key = Key {
        stamp: caller.stamp,
        view: question.view,
        query: question.query,
    };
    let asked = key.clone();
    let in_snapshot = move |conn: &mut Conn| {
        let state = companies::store::state(conn, company)?;
        let content = load(conn, &state)?;
        Ok(loaded(&asked, state, content))
    };
    let load = || app.db.run(in_snapshot);
    let (answer, found) = app.cache.answer(company, ttl, key, load).await?;
    Ok(respond(&answer, found))
}

/// A JSON reply that is computed for this request alone, because it can change without the company's stamp. `state` is of
/// the same snapshot as the value.
pub fn fresh(
    request: &HttpRequest,
    state: &State,
    status: StatusCode,
    value: &impl Serialize,
) -> HttpResponse {
    let body = to_json(value);
    let etag = etag_of(&[&String::from_utf8_lossy(&body)]);
    let headers = version(state.seq, state.synced_at, state.run_id.as_ref());
    if status == StatusCode::OK && is_read(request) && is_known(request, &etag) {
        return not_modified(headers, etag, Found::Miss);
    }
    let mut response = HttpResponse::build(status);
    for header in headers {
        response.insert_header(header);
    }
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, ASK_AGAIN))
        .insert_header((CACHE, Found::Miss.as_str()))
        .content_type("application/json")
        .body(body)
}

fn loaded(asked: &Key, state: State, content: Content) -> Loaded {
    let mut headers = version(state.seq, state.synced_at, state.run_id.as_ref());
    headers.push((header::CONTENT_TYPE, content.content_type));
    headers.push((
        header::ETAG,
        etag_of(&[&state.stamp, asked.view, &asked.query]),
    ));
    headers.push((header::CACHE_CONTROL, ASK_AGAIN));
    if let Some(reason) = content.empty {
        headers.push((EMPTY_REASON, HeaderValue::from_static(reason)));
    }
    Loaded {
        stamp: state.stamp,
        answer: Answer {
            body: content.body.into(),
            headers: headers.into(),
        },
    }
}

fn respond(answer: &Answer, found: Found) -> HttpResponse {
    let mut response = HttpResponse::with_body(StatusCode::OK, answer.body.clone());
    let headers = response.headers_mut();
    for (name, value) in answer.headers.iter() {
        headers.insert(name.clone(), value.clone());
    }
    headers.insert(CACHE, HeaderValue::from_static(found.as_str()));
    response.map_into_boxed_body()
}

fn not_modified(
    headers: Vec<(HeaderName, HeaderValue)>,
    etag: HeaderValue,
    found: Found,
) -> HttpResponse {
    let mut response = HttpResponse::NotModified();
    for header in headers {
        response.insert_header(header);
    }
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, ASK_AGAIN))
        .insert_header((CACHE, found.as_str()))
        .finish()
}

/// The headers that say which version a reply shows.
fn version(
    seq: i64,
    synced_at: Option<i64>,
    run: Option<&RunId>,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::with_capacity(8);
    headers.push((DATA_VERSION, HeaderValue::from(seq)));
    let texts = [
        (AS_OF, synced_at.and_then(rfc3339)),
        (SYNC_RUN, run.map(|run| run.0.clone())),
    ];
    for (name, text) in texts {
        if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.push((name, value));
        }
    }
    headers
}

fn etag_of(parts: &[&str]) -> HeaderValue {
    let mut hash = Sha256::new_with_prefix(env!("CARGO_PKG_VERSION"));
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let text = format!("\"{}\"", hex(&hash.finalize()[..16]));
    HeaderValue::try_from(text).expect("quoted hex fits a header")
}

fn has_condition(request: &HttpRequest) -> bool {
    request.headers().contains_key(header::IF_NONE_MATCH)
}

/// Whether the client says it has this answer; weak marks compare as equal, as they do for reads.
fn is_known(request: &HttpRequest, etag: &HeaderValue) -> bool {
    let known = |value: &HeaderValue| {
        let text = value.as_bytes();
        text.split(|byte| *byte == b',').any(|one| {
            let one = one.trim_ascii();
            one == b"*" || one.strip_prefix(b"W/").unwrap_or(one) == etag.as_bytes()
        })
    };
    request.headers().get_all(header::IF_NONE_MATCH).any(known)
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("replies are texts, numbers, lists and objects with text keys")
}

/// Only reads can be answered with "you have it".
fn is_read(request: &HttpRequest) -> bool {
    request.method().is_safe()
}
