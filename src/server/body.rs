//! A request's body with a deadline: whoever reads it, a slow one ends in an error.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::rt::time::{Sleep, sleep};
use bytes::Bytes;
use futures_util::Stream;

/// Gives a body this long to arrive as a whole; no body stays no body.
pub fn with_deadline(body: Payload, patience: Duration) -> Payload {
    match body {
        Payload::None => Payload::None,
        body => Payload::Stream {
            payload: Box::pin(Timed {
                body,
                deadline: Box::pin(sleep(patience)),
            }),
        },
    }
}

struct Timed {
    body: Payload,
    deadline: Pin<Box<Sleep>>,
}

impl Stream for Timed {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.deadline.as_mut().poll(context).is_ready() {
            let late = io::Error::new(io::ErrorKind::TimedOut, "the body came too slowly");
            return Poll::Ready(Some(Err(PayloadError::Io(late))));
        }
        Pin::new(&mut self.body).poll_next(context)
    }
}
