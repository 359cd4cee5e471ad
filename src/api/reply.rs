//! Replies: from the company's group where the stamp decides, with a strong `ETag` always.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::call::Known;
use super::{ApiError, Client, Encoding};
use crate::cache::{Answer, Found, Key, Loaded};
use crate::companies::{self, State};
use crate::db::{Conn, off_thread};
use crate::error;
use crate::ids::{RunId, hex};
use crate::time::rfc3339;
use crate::tokens::Caller;

const DATA_VERSION: HeaderName = HeaderName::from_static("alx-data-version");
const AS_OF: HeaderName = HeaderName::from_static("alx-as-of");
const SYNC_RUN: HeaderName = HeaderName::from_static("alx-sync-run");
const CACHE: HeaderName = HeaderName::from_static("alx-cache");
const EMPTY_REASON: HeaderName = HeaderName::from_static("alx-empty-reason");
/// Whoever keeps a reply asks us before showing it again.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("private, no-cache");
/// Bytes from which on compressing would hold up the thread that serves others.
const LARGE: usize = 64 << 10;
/// What a reply depends on besides its address.
const VARY: HeaderValue = HeaderValue::from_static("Authorization, Accept, Accept-Encoding");

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
    /// How many rows the body holds.
    pub rows: usize,
}

impl Content {
    /// A JSON body.
    pub fn json(value: &impl Serialize, rows: usize, empty: Option<&'static str>) -> Self {
        Self {
            body: to_json(value),
            content_type: HeaderValue::from_static("application/json"),
            empty,
            rows,
        }
    }
}

/// Answers from the company's group, else from one snapshot: its stamp is read first, its rows second.
///
/// A client that has this very answer already gets 304, which counts for no limit.
pub async fn cached(
    request: &HttpRequest,
    client: Client,
    question: Question,
    load: impl FnOnce(&mut Conn, &State) -> error::Result<Content> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let encoding = Encoding::wanted(request.headers());
    let key = key_of(&client, question, encoding);
    let known = |known: &mut Known| known.version = Some(client.caller.seq);
    client.call.note(known);
    if is_read(request) && has_condition(request) {
        let etag = etag_of(&[&key.stamp, key.view, &key.query]);
        if is_known(request, &etag) {
            let headers = headers_of(&Version::of_caller(&client.caller));
            return Ok(not_modified(headers, etag, Found::Hit));
        }
    }
    client.admit().await?;
    let (company, ttl) = (client.caller.company, client.caller.cache_ttl);
    let (asked, app) = (key.clone(), client.app.clone());
    let load = || async {
        let place = app.lanes.read(company).await.ok_or(ApiError::Busy)?;
        let db = app.db.clone();
        let made = off_thread(move || {
            let read = db.snapshot(|conn| {
                let state = companies::store::state(conn, company)?;
                let content = load(conn, &state)?;
                Ok((state, content))
            });
            drop(place);
            let (state, content) = read?;
            Ok(loaded(&asked, state, content, encoding))
        });
        made.await.map_err(ApiError::from)
    };
    let (answer, found) = client.app.cache.answer(company, ttl, key, load).await?;
    client.call.note(|known| {
        known.found = Some(found);
        known.rows = i64::try_from(answer.rows).ok();
    });
    Ok(respond(&answer, found))
}

/// A reply for this request alone, of which nothing is kept. `state` is of the same snapshot as the content. The call is
/// admitted already.
pub fn once(
    request: &HttpRequest,
    client: &Client,
    state: State,
    content: Content,
) -> HttpResponse {
    let encoding = Encoding::wanted(request.headers());
    let asked = Key {
        stamp: state.stamp.clone(),
        view: "once",
        query: hex(&Sha256::digest(&content.body)),
    };
    let (seq, rows) = (state.seq, content.rows);
    client.call.note(|known| {
        known.version = Some(seq);
        known.rows = i64::try_from(rows).ok();
    });
    respond(
        &loaded(&asked, state, content, encoding).answer,
        Found::Miss,
    )
}

/// How the company's rows are delivered, the fields that this token sees, and the way over the wire belong to every question.
fn key_of(client: &Client, question: Question, encoding: Encoding) -> Key {
    let (fields, way) = (client.fields.code(), encoding.name());
    Key {
        stamp: client.caller.stamp.clone(),
        view: question.view,
        query: format!(
            "{}|{fields}|{way}|{}",
            question.query, client.caller.delivery
        ),
    }
}

/// A JSON reply that is computed for this request alone, because it can change without the company's stamp. `state` is of
/// the same snapshot as the value. A client that has it already gets 304, which counts for no limit.
pub async fn fresh(
    request: &HttpRequest,
    client: &Client,
    state: &State,
    status: StatusCode,
    value: &impl Serialize,
) -> Result<HttpResponse, ApiError> {
    let content = Content::json(value, 0, None);
    fresh_content(request, client, state, status, content).await
}

/// 304 where a client has this very value already, as [`fresh`] would give it; for values that change with the count of the
/// call itself.
pub fn unchanged(
    request: &HttpRequest,
    client: &Client,
    state: &State,
    value: &impl Serialize,
) -> Option<HttpResponse> {
    if !has_condition(request) {
        return None;
    }
    let (_, body) = Encoding::wanted(request.headers()).apply(to_json(value));
    let etag = etag_of_body(&body);
    let headers = headers_of(&Version::of_state(state));
    is_known(request, &etag).then(|| {
        client.call.note(|known| known.version = Some(state.seq));
        not_modified(headers, etag, Found::Miss)
    })
}

/// The same as [`fresh`] of a body of any type.
pub async fn fresh_content(
    request: &HttpRequest,
    client: &Client,
    state: &State,
    status: StatusCode,
    content: Content,
) -> Result<HttpResponse, ApiError> {
    let (wanted, plain) = (Encoding::wanted(request.headers()), content.body);
    let (way, body) = match plain.len() {
        ..LARGE => wanted.apply(plain),
        _ => off_thread(move || Ok(wanted.apply(plain))).await?,
    };
    let etag = etag_of_body(&body);
    client.call.note(|known| known.version = Some(state.seq));
    if status == StatusCode::OK && is_read(request) && is_known(request, &etag) {
        let headers = headers_of(&Version::of_state(state));
        return Ok(not_modified(headers, etag, Found::Miss));
    }
    client.admit().await?;
    let mut response = HttpResponse::build(status);
    for header in headers_of(&Version::of_state(state)) {
        response.insert_header(header);
    }
    if let Some(encoding) = way.header() {
        response.insert_header((header::CONTENT_ENCODING, encoding));
    }
    common(&mut response, Found::Miss);
    Ok(response
        .insert_header((header::ETAG, etag))
        .insert_header((header::CONTENT_TYPE, content.content_type))
        .body(body))
}

fn loaded(asked: &Key, state: State, content: Content, encoding: Encoding) -> Loaded {
    let (way, body) = encoding.apply(content.body);
    let mut headers = headers_of(&Version::of_state(&state));
    headers.push((header::CONTENT_TYPE, content.content_type));
    headers.push((
        header::ETAG,
        etag_of(&[&state.stamp, asked.view, &asked.query]),
    ));
    headers.push((header::CACHE_CONTROL, ASK_AGAIN));
    headers.push((header::VARY, VARY));
    if let Some(encoding) = way.header() {
        headers.push((header::CONTENT_ENCODING, encoding));
    }
    if let Some(reason) = content.empty {
        headers.push((EMPTY_REASON, HeaderValue::from_static(reason)));
    }
    Loaded {
        stamp: state.stamp,
        answer: Answer {
            body: body.into(),
            headers: headers.into(),
            rows: content.rows,
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

/// 304: the client has this answer.
pub fn not_modified(
    headers: Vec<(HeaderName, HeaderValue)>,
    etag: HeaderValue,
    found: Found,
) -> HttpResponse {
    let mut response = HttpResponse::NotModified();
    for header in headers {
        response.insert_header(header);
    }
    common(&mut response, found);
    response.insert_header((header::ETAG, etag)).finish()
}

/// Which version a reply shows.
pub struct Version<'a> {
    seq: i64,
    synced_at: Option<i64>,
    run: Option<&'a RunId>,
}

impl<'a> Version<'a> {
    /// The one that a snapshot shows.
    pub fn of_state(state: &'a State) -> Self {
        Self {
            seq: state.seq,
            synced_at: state.synced_at,
            run: state.run_id.as_ref(),
        }
    }

    /// The one that there was when the request arrived.
    pub fn of_caller(caller: &'a Caller) -> Self {
        Self {
            seq: caller.seq,
            synced_at: caller.synced_at,
            run: caller.run_id.as_ref(),
        }
    }
}

/// The headers that say which version a reply shows.
pub fn headers_of(version: &Version<'_>) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::with_capacity(8);
    headers.push((DATA_VERSION, HeaderValue::from(version.seq)));
    let texts = [
        (AS_OF, version.synced_at.and_then(rfc3339)),
        (SYNC_RUN, version.run.map(|run| run.0.clone())),
    ];
    for (name, text) in texts {
        if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.push((name, value));
        }
    }
    headers
}

/// What every reply to a read says of who may keep it.
pub fn common(reply: &mut HttpResponseBuilder, found: Found) {
    reply
        .insert_header((header::VARY, VARY))
        .insert_header((header::CACHE_CONTROL, ASK_AGAIN))
        .insert_header((CACHE, found.as_str()));
}

/// A strong `ETag` of everything that decides the body.
pub fn etag_of(parts: &[&str]) -> HeaderValue {
    let mut hash = Sha256::new_with_prefix(env!("CARGO_PKG_VERSION"));
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let text = format!("\"{}\"", hex(&hash.finalize()[..16]));
    HeaderValue::try_from(text).expect("quoted hex fits a header")
}

/// A strong `ETag` of a body as it goes over the wire.
fn etag_of_body(body: &[u8]) -> HeaderValue {
    etag_of(&[&hex(&Sha256::digest(body))])
}

/// Whether the client says that it has an answer already.
pub fn has_condition(request: &HttpRequest) -> bool {
    request.headers().contains_key(header::IF_NONE_MATCH)
}

/// Whether the client says it has this answer; weak marks compare as equal, as they do for reads.
pub fn is_known(request: &HttpRequest, etag: &HeaderValue) -> bool {
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
