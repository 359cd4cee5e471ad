//! The HTTP server: bound first, so that whoever starts it knows its address, then run.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::{App as Site, HttpServer, web};

use crate::app::App;
use crate::error::{Error, Result};
use crate::routes;

/// A server that listens and does not serve yet.
pub struct Bound {
    /// Where it listens; the port is real even when 0 was asked for.
    pub addresses: Vec<SocketAddr>,
    server: Server,
}

/// Listens on the configured address.
pub fn bind(app: &Arc<App>) -> Result<Bound> {
    let data = web::Data::from(app.clone());
    let server = HttpServer::new(move || Site::new().app_data(data.clone()).configure(routes::all));
    let listen = &app.config.listen;
    let server = server
        .bind(listen)
        .map_err(|cause| Error::Setup(format!("cannot listen on {listen}: {cause}")))?;
    Ok(Bound {
        addresses: server.addrs(),
        server: server.run(),
    })
}

impl Bound {
    /// Serves until the process is told to stop; requests that are being answered are answered.
    pub async fn run(self) -> Result<()> {
        Ok(self.server.await?)
    }

    /// Stops it from elsewhere.
    pub fn handle(&self) -> actix_web::dev::ServerHandle {
        self.server.handle()
    }
}
