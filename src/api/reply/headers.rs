//! Headers of replies: which version they show, and who may keep them.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::cache::Found;
use crate::companies::State;
use crate::ids::RunId;
use crate::time::rfc3339;
use crate::tokens::Caller;

const DATA_VERSION: HeaderName = HeaderName::from_static("alx-data-version");
const AS_OF: HeaderName = HeaderName::from_static("alx-as-of");
const SYNC_RUN: HeaderName = HeaderName::from_static("alx-sync-run");
/// Whether a reply lay ready.
pub const CACHE: HeaderName = HeaderName::from_static("alx-cache");
/// Whoever keeps a reply asks us before showing it again.
pub const ASK_AGAIN: HeaderValue = HeaderValue::from_static("private, no-cache");
/// What a reply depends on besides its address.
pub const VARY: HeaderValue = HeaderValue::from_static("Authorization, Accept, Accept-Encoding");

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

/// What a reply says of where it comes from, for the log of requests; `None` of an error.
pub fn found_by(headers: &HeaderMap) -> Option<Found> {
    let said = headers.get(CACHE)?;
    let both = [Found::Hit, Found::Miss];
    both.into_iter().find(|found| said == found.as_str())
}

/// What every reply to a read says of who may keep it.
pub fn common(reply: &mut HttpResponseBuilder, found: Found) {
    reply
        .insert_header((header::VARY, VARY))
        .insert_header((header::CACHE_CONTROL, ASK_AGAIN))
        .insert_header((CACHE, found.as_str()));
}
