//! Opening connections: which database an address names, and TLS.

use std::sync::Arc;
use std::time::Duration;

use diesel::ConnectionError;
use diesel_async::{AsyncMysqlConnection, AsyncPgConnection};
use mysql_async::OptsBuilder;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::driver::{MysqlConnection, PgConnection};
use super::io;
use crate::error::with_causes;

/// How long a connection may take to open.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may be quiet before the machine asks whether the other side is there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// The databases that an address can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `sqlite://path` or a plain path.
    Sqlite,
    /// `postgres://` or `postgresql://`.
    Postgres,
    /// `mysql://` or `mariadb://`.
    Mysql,
}

impl Kind {
    /// The database an address names, or `None` for a scheme nobody knows.
    pub fn of(url: &str) -> Option<Self> {
        match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("sqlite") => Some(Self::Sqlite),
            Some("postgres" | "postgresql") => Some(Self::Postgres),
            Some("mysql" | "mariadb") => Some(Self::Mysql),
            _ => None,
        }
    }
}

/// Opens a PostgreSQL connection; `sslmode` in the address decides about TLS: `disable`, `prefer` (the default: TLS
/// where it can be verified, else none, with a warning) or `require` (verified). Gives up after `limit`, and after
/// [`CONNECT_TIMEOUT`] in any case.
pub fn postgres(url: &str, limit: Duration) -> Result<PgConnection, ConnectionError> {
    let mut config: tokio_postgres::Config = without_grades(url).parse().map_err(unreadable)?;
    config
        .connect_timeout(CONNECT_TIMEOUT)
        .keepalives_idle(KEEPALIVE)
        .keepalives_interval(KEEPALIVE / 3)
        .keepalives_retries(3);
    within(limit, async {
        let opened = match config.get_ssl_mode() {
            SslMode::Disable => without_tls(&config).await,
            SslMode::Require => with_tls(&config).await,
            _ => match with_tls(&config).await {
                Err(cause) => without_tls(&config)
                    .await
                    .inspect(|_| log::warn!("a database is used without TLS: {cause}")),
                done => done,
            },
        };
        opened.map(PgConnection::new)
    })
}

/// `require` is verified here, so the stronger words of libpq mean the same.
fn without_grades(url: &str) -> String {
    url.replace("sslmode=verify-full", "sslmode=require")
        .replace("sslmode=verify-ca", "sslmode=require")
}

fn unreadable(cause: impl std::error::Error) -> ConnectionError {
    let hint = "special characters in a password are written as %XX";
    ConnectionError::InvalidConnectionUrl(format!("{} ({hint})", with_causes(&cause)))
}

async fn with_tls(config: &tokio_postgres::Config) -> Result<AsyncPgConnection, ConnectionError> {
    let (client, wire) = config
        .connect(MakeRustlsConnect::new(tls()))
        .await
        .map_err(bad)?;
    AsyncPgConnection::try_from_client_and_connection(client, wire).await
}

async fn without_tls(
    config: &tokio_postgres::Config,
) -> Result<AsyncPgConnection, ConnectionError> {
    let (client, wire) = config.connect(tokio_postgres::NoTls).await.map_err(bad)?;
    AsyncPgConnection::try_from_client_and_connection(client, wire).await
}

/// Opens a MariaDB or MySQL connection; `?require_ssl=true` in the address asks for TLS. Gives up as [`postgres`] does.
pub fn mysql(url: &str, limit: Duration) -> Result<MysqlConnection, ConnectionError> {
    let url = url.replacen("mariadb://", "mysql://", 1);
    let options = mysql_async::Opts::from_url(&url).map_err(unreadable)?;
    let options = OptsBuilder::from_opts(options)
        .stmt_cache_size(0)
        .client_found_rows(true)
        .tcp_keepalive(Some(KEEPALIVE.as_millis() as u32))
        .prefer_socket(false);
    within(limit, async {
        let opened = mysql_async::Conn::new(options).await.map_err(bad)?;
        Ok(MysqlConnection::new(
            AsyncMysqlConnection::try_from(opened).await?,
        ))
    })
}

/// Waits for a connection to open, TLS, sign-in and all.
fn within<C>(
    limit: Duration,
    opening: impl Future<Output = Result<C, ConnectionError>>,
) -> Result<C, ConnectionError> {
    let limit = limit.min(CONNECT_TIMEOUT);
    let opened = io::wait(async { tokio::time::timeout(limit, opening).await });
    opened.unwrap_or_else(|_| {
        let text = format!("no answer within {} seconds", limit.as_secs());
        Err(ConnectionError::BadConnection(text))
    })
}

fn bad(cause: impl std::error::Error) -> ConnectionError {
    ConnectionError::BadConnection(with_causes(&cause))
}

fn tls() -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
