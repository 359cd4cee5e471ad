//! The mark of a reply, and whether the client has it already.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderValue};
use sha2::{Digest as _, Sha256};

use crate::cache::Found;
use crate::ids::hex;

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
pub fn etag_of_body(body: &[u8]) -> HeaderValue {
    etag_of(&[&hex(&Sha256::digest(body))])
}

/// Whether the client says that it has an answer already.
pub fn has_condition(request: &HttpRequest) -> bool {
    request.headers().contains_key(header::IF_NONE_MATCH)
}

/// Whether the client has this answer: a hit where it names it, as good as kept, and none where `*` takes any that there
/// is. Weak marks compare as equal, as they do for reads.
pub fn in_hand(request: &HttpRequest, etag: &HeaderValue) -> Option<Found> {
    let marks = request.headers().get_all(header::IF_NONE_MATCH);
    let marks = marks.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let found = marks.filter_map(|mark| match mark.trim_ascii() {
        b"*" => Some(Found::Miss),
        mark => (mark.strip_prefix(b"W/").unwrap_or(mark) == etag.as_bytes()).then_some(Found::Hit),
    });
    found.max_by_key(|found| *found == Found::Hit)
}
