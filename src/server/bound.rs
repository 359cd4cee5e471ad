//! The server with its routes: bound first, so that whoever starts it knows its address, then run.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::Data;

use super::{Settings, start};
use crate::app::App;
use crate::error::Result;
use crate::routes;

/// A server that listens.
pub struct Bound {
    /// Where it listens; the port is real even when 0 was asked for.
    pub addresses: Vec<SocketAddr>,
    server: Server,
}

/// Listens on the configured address and serves every route.
///
/// Fails when the address is no address or is taken.
pub fn bind(app: &Arc<App>, signals: bool) -> Result<Bound> {
    let settings = Settings {
        max_connections: app.config.max_connections,
        over_tls: app.config.over_tls(),
        signals,
        ..Settings::new(&app.config.listen)
    };
    let data = Data::from(app.clone());
    let (server, addresses) = start(&settings, move |services| {
        services.app_data(data);
        routes::all(services);
    })?;
    Ok(Bound { addresses, server })
}

impl Bound {
    /// Serves until it is told to stop; requests under way are answered.
    pub async fn run(self) -> Result<()> {
        Ok(self.server.await?)
    }

    /// Stops it from elsewhere.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }
}
