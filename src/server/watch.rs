//! Closes connections that hang while no request is worked on.
//!
//! actix limits the first head and idle time only: a second head sent byte by byte, the rest of a body nobody
//! reads, or a reply nobody takes would keep their connection for ever.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Extensions;
use actix_web::rt;
use bytes::Bytes;

/// The mark of a connection whose request is being worked on.
const BUSY: u64 = u64::MAX;

/// A connection, as its requests see it.
pub struct Connection {
    stream: TcpStream,
    born: Instant,
    /// Milliseconds since `born` at which the last work ended, or [`BUSY`].
    quiet_since: AtomicU64,
}

/// Every open connection.
#[derive(Default)]
pub struct Watch(Mutex<Vec<Weak<Connection>>>);

impl Watch {
    /// A callback for each new connection; a thread closes those that hang longer than `patience`.
    pub fn start(
        patience: Duration,
    ) -> impl Fn(&dyn Any, &mut Extensions) + Send + Clone + 'static {
        let watch = Arc::new(Self::default());
        let patrol = Arc::downgrade(&watch);
        std::thread::Builder::new()
            .name("connection-watch".into())
            .spawn(move || patrol_until_dropped(&patrol, patience))
            .expect("the operating system starts one thread");
        move |stream, extensions| {
            if let Some(connection) = Connection::of(stream) {
                watch.add(&connection);
                extensions.insert(connection);
            }
        }
    }

    fn add(&self, connection: &Arc<Connection>) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.push(Arc::downgrade(connection));
    }

    fn close_hanging(&self, patience: Duration) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|connection| match connection.upgrade() {
            Some(connection) => !connection.close_when_hanging(patience),
            None => false,
        });
    }
}

fn patrol_until_dropped(watch: &Weak<Watch>, patience: Duration) {
    while let Some(watch) = watch.upgrade() {
        watch.close_hanging(patience);
        drop(watch);
        std::thread::sleep((patience / 4).min(Duration::from_secs(1)));
    }
}

impl Connection {
    fn of(stream: &dyn Any) -> Option<Arc<Self>> {
        let stream = stream.downcast_ref::<rt::net::TcpStream>()?;
        let handle = stream.as_fd().try_clone_to_owned().ok()?;
        Some(Arc::new(Self {
            stream: handle.into(),
            born: Instant::now(),
            quiet_since: AtomicU64::new(0),
        }))
    }

    /// A request is worked on from here until the value is dropped.
    pub fn work(self: &Arc<Self>) -> Work {
        self.quiet_since.store(BUSY, Ordering::Relaxed);
        Work(self.clone())
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(BUSY - 1)
    }

    fn close_when_hanging(&self, patience: Duration) -> bool {
        let since = self.quiet_since.load(Ordering::Relaxed);
        let hangs =
            since != BUSY && Duration::from_millis(self.now().saturating_sub(since)) > patience;
        if hangs {
            let _ = self.stream.shutdown(Shutdown::Both); // it may be closed already
        }
        hangs
    }
}

/// A request being worked on.
pub struct Work(Arc<Connection>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.quiet_since.store(self.0.now(), Ordering::Relaxed);
    }
}

/// A body that is made while it is sent: its connection does not hang while piece follows piece.
pub struct Watched<B> {
    /// The pieces.
    pub body: Pin<Box<B>>,
    /// What they are sent on.
    pub connection: Arc<Connection>,
}

impl<B: MessageBody> MessageBody for Watched<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, B::Error>>> {
        let polled = self.body.as_mut().poll_next(context);
        if polled.is_ready() {
            drop(self.connection.work());
        }
        polled
    }
}
