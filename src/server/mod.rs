//! The HTTP server and what it refuses, whoever knocks.

mod body;
mod bound;
mod files;
mod guard;
mod request_id;
mod watch;

pub use bound::{Bound, bind};

use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::KeepAlive;
use actix_web::middleware::from_fn;
use actix_web::web::{PayloadConfig, ServiceConfig};
use actix_web::{App, HttpServer};

use crate::error::{Error, Result};

/// Most bytes of a request's body.
pub const BODY_LIMIT: usize = 256 * 1024;

/// How the server listens and how patient it is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address and port; port 0 takes a free one.
    pub listen: String,
    /// Most connections at the same time, over all threads.
    pub max_connections: u32,
    /// Threads that serve; `None` means one per core.
    pub workers: Option<usize>,
    /// Whether browsers come over TLS, so that they are told to stay there.
    pub over_tls: bool,
    /// Whether SIGINT and SIGTERM end the server, after the requests under way.
    pub signals: bool,
    /// How long the head of a request may take.
    pub head_timeout: Duration,
    /// How long the body of a request may take as a whole.
    pub body_timeout: Duration,
    /// How long an idle connection stays open.
    pub keep_alive: Duration,
    /// How long a connection may hang with no request being worked on, whatever it does meanwhile.
    pub quiet_timeout: Duration,
}

impl Settings {
    /// The usual patience at this address.
    pub fn new(listen: &str) -> Self {
        Self {
            listen: listen.to_owned(),
            max_connections: 512,
            workers: None,
            over_tls: false,
            signals: true,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            keep_alive: Duration::from_secs(30),
            quiet_timeout: Duration::from_secs(60),
        }
    }
}

/// Starts serving the routes that `configure` adds; gives the server to await and its addresses.
///
/// Fails when the address is no address or is taken.
pub fn start<C>(settings: &Settings, configure: C) -> Result<(Server, Vec<SocketAddr>)>
where
    C: FnOnce(&mut ServiceConfig) + Send + Clone + 'static,
{
    let listener = listen(&settings.listen)?;
    let address = listener.local_addr()?;
    let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
    let workers = settings.workers.unwrap_or_else(cores);
    let connections = (settings.max_connections as usize).div_ceil(workers).max(1);
    files::make_room(settings.max_connections);
    let shared = settings.clone();
    let mut server = HttpServer::new(move || {
        let rules = guard::Rules::new(&shared);
        App::new()
            .app_data(PayloadConfig::new(BODY_LIMIT))
            .configure(configure.clone())
            .wrap(from_fn(move |request, next| {
                guard::guard(rules.clone(), request, next)
            }))
    })
    .workers(workers)
    .max_connections(connections)
    .keep_alive(KeepAlive::Timeout(settings.keep_alive))
    .client_request_timeout(settings.head_timeout)
    .client_disconnect_timeout(Duration::from_secs(5))
    .h1_allow_half_closed(false) // who closes has left: no more work for them
    .shutdown_timeout(30)
    .on_connect(watch::Watch::start(settings.quiet_timeout))
    .listen(listener)?;
    if !settings.signals {
        server = server.disable_signals();
    }
    Ok((server.run(), vec![address]))
}

fn listen(address: &str) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|cause| {
        Error::Setup(format!(
            "cannot listen on {address}: {cause}; choose another address with --listen (ALX_LISTEN)"
        ))
    })
}
