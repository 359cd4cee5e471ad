//! Replies: from the company's group where the stamp decides, with a strong `ETag` always.

mod etag;
mod headers;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{ApiError, Client, Encoding};
use crate::cache::{Answer, Found, Key, Loaded};
use crate::companies::{self, State};
use crate::db::{Conn, off_thread};
use crate::error;
use crate::ids::hex;

pub use etag::{etag_of, has_condition, in_hand};
pub use headers::{Version, common, found_by, headers_of};

use etag::etag_of_body;
use headers::{ASK_AGAIN, CACHE, VARY};

/// Why there are no rows.
pub const EMPTY_REASON: HeaderName = HeaderName::from_static("alx-empty-reason");
/// Bytes from which on compressing would hold up the thread that serves others.
const LARGE: usize = 64 << 10;

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
    let version = client.caller.seq;
    client.call.note(|known| known.version = Some(version)); // until an answer shows another one
    if is_read(request) && has_condition(request) {
        let etag = etag_of(&[&key.stamp, key.view, &key.query]);
        if let Some(found) = in_hand(request, &etag) {
            let headers = headers_of(&Version::of_caller(&client.caller));
            return Ok(not_modified(headers, etag, found));
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
        known.version = Some(answer.version);
        known.rows = i64::try_from(answer.rows).ok();
    });
    Ok(respond(&answer, found))
}

/// A reply for this request alone, of which nothing is kept. `state` is of the same snapshot as the content. The call is
/// admitted already.
pub async fn once(
    request: &HttpRequest,
    client: &Client,
    state: State,
    content: Content,
) -> Result<HttpResponse, ApiError> {
    let encoding = Encoding::wanted(request.headers());
    let (seq, rows) = (state.seq, content.rows);
    client.call.note(|known| {
        known.version = Some(seq);
        known.rows = i64::try_from(rows).ok();
    });
    let made = by_size(content.body.len(), move || {
        let asked = Key {
            stamp: state.stamp.clone(),
            view: "once",
            query: hex(&Sha256::digest(&content.body)),
        };
        loaded(&asked, state, content, encoding)
    });
    Ok(respond(&made.await?.answer, Found::Miss))
}

/// Does what takes as long as a body is big: of a large one off the thread that serves others.
async fn by_size<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> error::Result<T> {
    match bytes {
        ..LARGE => Ok(work()),
        _ => off_thread(move || Ok(work())).await,
    }
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

/// Answers what can change without a new stamp: read for this request alone, in one snapshot.
///
/// A client that has this very answer already gets 304, which counts for no limit. Where no such client asks, nothing is
/// read for a token whose calls are used up.
pub async fn anew(
    request: &HttpRequest,
    client: &Client,
    load: impl FnOnce(&mut Conn, &State) -> error::Result<Content> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    if !has_condition(request) {
        client.admit().await?;
    }
    let company = client.caller.company;
    let read = move |conn: &mut Conn| {
        let state = companies::store::state(conn, company)?;
        let content = load(conn, &state)?;
        Ok((state, content))
    };
    let (state, content) = client.read(read).await?;
    let rows = i64::try_from(content.rows).ok();
    let reply = fresh_content(request, client, &state, StatusCode::OK, content).await?;
    if reply.status() == StatusCode::OK {
        client.call.note(|known| known.rows = rows); // a 304 holds none
    }
    Ok(reply)
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
    in_hand(request, &etag).map(|_| {
        client.call.note(|known| known.version = Some(state.seq));
        not_modified(headers, etag, Found::Miss)
    })
}

/// The same as [`fresh`] of a body of any type.
async fn fresh_content(
    request: &HttpRequest,
    client: &Client,
    state: &State,
    status: StatusCode,
    content: Content,
) -> Result<HttpResponse, ApiError> {
    let (wanted, plain) = (Encoding::wanted(request.headers()), content.body);
    let (way, body) = by_size(plain.len(), move || wanted.apply(plain)).await?;
    let etag = match content.empty {
        Some(reason) => etag_of(&[reason, &hex(&Sha256::digest(&body))]), // it may be empty for another one later
        None => etag_of_body(&body),
    };
    client.call.note(|known| known.version = Some(state.seq));
    if status == StatusCode::OK && is_read(request) && in_hand(request, &etag).is_some() {
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
    if let Some(reason) = content.empty {
        response.insert_header((EMPTY_REASON, reason));
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
            version: state.seq,
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

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("replies are texts, numbers, lists and objects with text keys")
}

/// Only reads can be answered with "you have it".
fn is_read(request: &HttpRequest) -> bool {
    request.method().is_safe()
}
