//! What is kept, under which key, and how it was found.

use std::sync::Arc;

use actix_web::http::header::{HeaderName, HeaderValue};
use bytes::Bytes;

/// One response, ready to send. Cloning it copies no bytes.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The body as it goes over the wire.
    pub body: Bytes,
    /// The headers that belong to this body, among them its type and `ETag`.
    pub headers: Arc<[(HeaderName, HeaderValue)]>,
    /// Rows in the body.
    pub rows: usize,
    /// The data version that it shows.
    pub version: i64,
}

impl Answer {
    /// What keeping this answer costs, in bytes.
    pub fn size(&self) -> usize {
        let header = |(name, value): &(HeaderName, HeaderValue)| {
            size_of::<(HeaderName, HeaderValue)>() + name.as_str().len() + value.len()
        };
        self.body.len() + self.headers.iter().map(header).sum::<usize>()
    }
}

/// Which answer of a company: the data it shows, the view, and the canonical query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The stamp of the data.
    pub stamp: String,
    /// The kind of answer, for example `progress`.
    pub view: &'static str,
    /// The checked parameters in one fixed spelling, so that equal questions are equal texts.
    pub query: String,
}

/// What a load gives back: the answer and the stamp that was read in the same snapshot.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The stamp of the snapshot; the answer is kept under it.
    pub stamp: String,
    /// The answer.
    pub answer: Answer,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The group had it: no report query ran.
    Hit,
    /// It was loaded for this request, or for another one that asked the same at the same time.
    Miss,
}

impl Found {
    /// The value of `Alx-Cache`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}
