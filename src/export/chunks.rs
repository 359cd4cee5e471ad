//! Bytes from a thread that writes to a connection that sends, a few pieces ahead of it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tokio::sync::mpsc;

use crate::error::{Result, with_causes};

/// Bytes of one piece.
const PIECE: usize = 64 << 10;
/// Pieces that wait for a slow reader; then the writer waits.
const AHEAD: usize = 4;
/// How long a download lasts at most: it holds a thread and a snapshot of the store.
const LONGEST: Duration = Duration::from_secs(3600);

type Piece = Result<Bytes>;

/// The body of a download. Dropped before its end, it ends the thread that writes it.
pub struct Body {
    first: Option<Piece>,
    rest: mpsc::Receiver<Piece>,
}

impl Stream for Body {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => self.rest.poll_recv(context),
        };
        piece.map_err(io::Error::other)
    }
}

/// Runs a writer on a thread of its own. Its failure before the first piece is an error; later it cuts the body short.
///
/// `seat` is the right to do so, whatever gives it; it is dropped when the thread ends. After an hour the body is cut short.
pub async fn written(
    seat: impl Send + 'static,
    work: impl FnOnce(&mut Pieces) -> Result<()> + Send + 'static,
) -> Result<Body> {
    written_until(Instant::now() + LONGEST, seat, work).await
}

async fn written_until(
    until: Instant,
    seat: impl Send + 'static,
    work: impl FnOnce(&mut Pieces) -> Result<()> + Send + 'static,
) -> Result<Body> {
    let (send, mut rest) = mpsc::channel(AHEAD);
    let run = move || {
        let _seat = seat;
        let mut pieces = Pieces {
            send,
            piece: BytesMut::with_capacity(PIECE),
            begun: false,
            until,
        };
        let done = work(&mut pieces).and_then(|()| pieces.flush());
        if let Err(error) = done
            && !pieces.send.is_closed()
        {
            if pieces.begun {
                log::warn!("an export was cut short: {}", with_causes(&error));
            }
            let _ = pieces.send.blocking_send(Err(error)); // whoever left need not know
        }
    };
    std::thread::Builder::new()
        .name("export".into())
        .spawn(run)?;
    match rest.recv().await {
        Some(Err(error)) => Err(error),
        first => Ok(Body { first, rest }),
    }
}

/// Collects bytes into pieces and hands them over.
pub struct Pieces {
    send: mpsc::Sender<Piece>,
    piece: BytesMut,
    begun: bool,
    until: Instant,
}

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            io::Write::flush(self)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        self.still_wanted()?;
        let piece = self.piece.split().freeze();
        let sent = self.send.blocking_send(Ok(piece));
        self.begun = true;
        sent.map_err(|_| cancelled())
    }
}

fn cancelled() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the download was cancelled")
}

fn too_slow() -> io::Error {
    let why = "it was taken too slowly: a download has an hour";
    io::Error::new(io::ErrorKind::TimedOut, why)
}

impl Pieces {
    /// Fails when nobody waits for the file any more, or its time is up.
    pub fn still_wanted(&self) -> io::Result<()> {
        if self.send.is_closed() {
            return Err(cancelled());
        }
        if Instant::now() > self.until {
            return Err(too_slow());
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(io::Write::flush(self)?)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[actix_web::test]
    async fn a_download_that_is_taken_too_slowly_is_cut_short_and_gives_its_place_back() {
        let place = std::sync::Arc::new(());
        let soon = Instant::now() + Duration::from_millis(200);
        let endless = |pieces: &mut Pieces| loop {
            io::Write::write_all(pieces, &[b'x'; PIECE])?;
        };

        let mut body = written_until(soon, place.clone(), endless)
            .await
            .expect("it begins");
        actix_web::rt::time::sleep(Duration::from_millis(300)).await;
        let mut last = None;
        while let Some(piece) = body.next().await {
            last = Some(piece);
        }

        let why = last.expect("a piece").expect_err("it breaks off");
        assert!(why.to_string().contains("too slowly"), "{why}");
        while std::sync::Arc::strong_count(&place) > 1 {
            actix_web::rt::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
