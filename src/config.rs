//! What an operator sets, by environment or flag; secrets also from a file.

mod listed;
mod values;

pub use listed::{HIDDEN, Listed, Origin};
pub use values::{Prefix, Secret};

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use url::{Position, Url};

use crate::error::{Error, Result};
use crate::proxies::{Networks, Proxies};

/// Every setting with its default. `--help` explains each one.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings (flag or environment)")]
pub struct Config {
    /// Address and port to serve on. Example: 0.0.0.0:8080 (needs ALX_PUBLIC_URL).
    #[arg(
        long,
        env = "ALX_LISTEN",
        default_value = "127.0.0.1:8080",
        global = true
    )]
    pub listen: String,

    /// Folder for the embedded store, its copies and the secret key. Made when missing. Example: /var/lib/alx
    #[arg(long, env = "ALX_DATA_DIR", default_value = "./data", global = true)]
    pub data_dir: PathBuf,

    /// The store: sqlite://FILE or postgres://USER:PASSWORD@HOST/DB?sslmode=require.
    /// Default: sqlite, alx.db in the data folder. From a file: ALX_DATABASE_URL_FILE.
    #[arg(long, env = "ALX_DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<Secret>,

    /// Moodle's database, read-only: mysql://USER:PASSWORD@HOST/DB, postgres://… or sqlite://FILE.
    /// No default. From a file: ALX_MOODLE_URL_FILE.
    #[arg(long, env = "ALX_MOODLE_URL", hide_env_values = true, global = true)]
    pub moodle_url: Option<Secret>,

    /// Table prefix of Moodle: letters, digits, underscores, at most 20. Example: mdl_
    #[arg(long, env = "ALX_MOODLE_PREFIX", default_value = "mdl_", global = true)]
    pub moodle_prefix: Prefix,

    /// The address that browsers use, where a proxy stands in front: http or https and a host, no
    /// path. With https the session cookie becomes __Host- and Secure. Needed unless we listen on
    /// this machine only. Default: http and the listen address. Example: https://reports.example.com
    #[arg(long, env = "ALX_PUBLIC_URL", global = true)]
    pub public_url: Option<String>,

    /// Whose X-Forwarded-For is believed, for the limit on guessing passwords and for the networks
    /// that tokens may come from: addresses and
    /// networks with commas between. Example: 127.0.0.1,10.0.0.0/8
    #[arg(
        long,
        env = "ALX_TRUSTED_PROXIES",
        default_value = "127.0.0.1,::1",
        global = true
    )]
    pub trusted_proxies: Proxies,

    /// Who may read /metrics: addresses and networks with commas between. Example: 127.0.0.1,10.0.0.0/8
    #[arg(
        long,
        env = "ALX_METRICS_FROM",
        default_value = "127.0.0.1,::1",
        global = true
    )]
    pub metrics_from: Networks,

    /// Key that tokens are hashed with, at least 32 characters, the same on every instance.
    /// Default: made once in the data folder. From a file: ALX_SECRET_KEY_FILE.
    #[arg(long, env = "ALX_SECRET_KEY", hide_env_values = true, global = true)]
    pub secret_key: Option<Secret>,

    /// Password for the mail server of the alert settings. No default. From a file: ALX_SMTP_PASSWORD_FILE.
    #[arg(long, env = "ALX_SMTP_PASSWORD", hide_env_values = true, global = true)]
    pub smtp_password: Option<Secret>,

    /// Key that alerts to the webhook are signed with. Without it they are not signed. From a file:
    /// ALX_WEBHOOK_SECRET_FILE.
    #[arg(
        long,
        env = "ALX_WEBHOOK_SECRET",
        hide_env_values = true,
        global = true
    )]
    pub webhook_secret: Option<Secret>,

    /// Memory for cached API responses, in megabytes, over all companies. Example: 256
    #[arg(long, env = "ALX_CACHE_MB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=65536), global = true)]
    pub cache_mb: u64,

    /// Seconds after which a killed run counts as abandoned. Example: 60
    #[arg(long, env = "ALX_SYNC_LEASE_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600), global = true)]
    pub sync_lease_seconds: u64,

    /// Companies that are synced at the same time; others wait their turn. Example: 2
    #[arg(long, env = "ALX_SYNC_PARALLEL", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=16), global = true)]
    pub sync_parallel: u32,

    /// Minutes that a sync of all companies may take before what still waits goes on behind every
    /// other sync. Nothing of it is lost. Example: 60
    #[arg(long, env = "ALX_BATCH_MINUTES", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1440), global = true)]
    pub batch_minutes: u32,

    /// Seconds that one answer of Moodle's database may take before a sync gives up. Example: 600
    #[arg(long, env = "ALX_MOODLE_TIMEOUT_SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86400), global = true)]
    pub moodle_timeout_seconds: u64,

    /// Days that the change log keeps what each sync did to each row; 0 keeps it for ever. The runs and their
    /// counts stay. Example: 730
    #[arg(long, env = "ALX_CHANGES_DAYS", default_value_t = 400, value_parser = clap::value_parser!(u32).range(0..=36_500), global = true)]
    pub changes_days: u32,

    /// Days that the log of API calls is kept; 0 keeps it for ever. Example: 30
    #[arg(long, env = "ALX_REQUESTS_DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(0..=36_500), global = true)]
    pub requests_days: u32,

    /// Most connections at the same time. Example: 1024
    #[arg(long, env = "ALX_MAX_CONNECTIONS", default_value_t = 512, value_parser = clap::value_parser!(u32).range(8..=65536), global = true)]
    pub max_connections: u32,

    /// The made-up Moodle of `demo`, whose learners a page and a script can let complete courses.
    #[arg(skip)]
    pub demo: Option<PathBuf>,

    /// Calls that the API monitor looks at one by one at most. Nobody sets it but tests.
    #[arg(skip = 1_000_000_i64)]
    pub calls_listed: i64,

    /// Calls whose durations make the numbers of a whole stretch, at most. Nobody sets it but tests.
    #[arg(skip = 100_000_i64)]
    pub calls_timed: i64,

    /// Where each setting comes from that is not its default; the others are missing.
    #[arg(skip)]
    pub origins: BTreeMap<String, Origin>,
}

impl Config {
    /// Takes each secret from the file that its `…_FILE` variable names, spells the public address
    /// as browsers do, and makes the data folder.
    ///
    /// Fails where both forms of one secret are set, a file cannot be read, or the public address
    /// is no origin or is missing although other machines can reach us.
    pub fn prepared(mut self) -> Result<Self> {
        self.database_url = from_file("ALX_DATABASE_URL", self.database_url)?;
        self.moodle_url = from_file("ALX_MOODLE_URL", self.moodle_url)?;
        self.secret_key = from_file("ALX_SECRET_KEY", self.secret_key)?;
        self.smtp_password = from_file("ALX_SMTP_PASSWORD", self.smtp_password)?;
        self.webhook_secret = from_file("ALX_WEBHOOK_SECRET", self.webhook_secret)?;
        self.public_url = self.public_url.as_deref().map(origin).transpose()?;
        let port = self
            .listen
            .rsplit_once(':')
            .map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(_))) {
            let text = format!(
                "ALX_LISTEN is {}; it must be an address and a port, such as 127.0.0.1:8080",
                self.listen
            );
            return Err(Error::Setup(text));
        }
        if self.public_url.is_none() && !is_local(&self.listen) {
            return Err(Error::Setup(format!(
                "ALX_LISTEN is {}, which other machines can reach: set ALX_PUBLIC_URL to the address that browsers \
                 use, such as https://reports.example.com",
                self.listen
            )));
        }
        create_private(&self.data_dir)?;
        tempfile::tempfile_in(&self.data_dir).map_err(|cause| {
            Error::Setup(format!(
                "the data folder {} cannot be written: {cause}",
                self.data_dir.display()
            ))
        })?;
        Ok(self)
    }

    /// The store's address: as set, else the SQLite file in the data folder.
    pub fn store_url(&self) -> Secret {
        let default = || {
            Secret::new(format!(
                "sqlite://{}",
                self.data_dir.join("alx.db").display()
            ))
        };
        self.database_url.clone().unwrap_or_else(default)
    }

    /// How long a run is believed to be alive without a sign of life.
    pub fn sync_lease(&self) -> Duration {
        Duration::from_secs(self.sync_lease_seconds)
    }

    /// Whether browsers reach us over TLS, so that cookies can be `Secure`.
    pub fn over_tls(&self) -> bool {
        let url = self.public_url.as_deref().map(Url::parse);
        url.is_some_and(|url| url.is_ok_and(|url| url.scheme() == "https"))
    }
}

/// The address as browsers send it in `Origin`: in lower case, without a usual port or a slash at its end.
fn origin(text: &str) -> Result<String> {
    let is_origin = |url: &Url| {
        let (scheme, rest) = (url.scheme(), &url[Position::BeforePath..]);
        let nobody = url.username().is_empty() && url.password().is_none();
        (scheme == "http" || scheme == "https") && url.has_host() && nobody && rest == "/"
    };
    let url = Url::parse(text).ok().filter(is_origin);
    url.map(|url| url.origin().ascii_serialization())
        .ok_or_else(|| {
            let wrong = "ALX_PUBLIC_URL must be http:// or https:// and a host, without a path, such as \
                         https://reports.example.com";
            Error::Setup(wrong.into())
        })
}

/// Whether nobody but this machine can reach a listen address.
fn is_local(listen: &str) -> bool {
    match listen.parse::<SocketAddr>() {
        Ok(address) => address.ip().is_loopback(),
        Err(_) => listen
            .rsplit_once(':')
            .is_some_and(|(host, _)| host.eq_ignore_ascii_case("localhost")),
    }
}

fn from_file(name: &str, set: Option<Secret>) -> Result<Option<Secret>> {
    let variable = format!("{name}_FILE");
    let Some(path) = std::env::var_os(&variable) else {
        return Ok(set);
    };
    if set.is_some() {
        return Err(Error::Setup(format!(
            "both {name} and {variable} are set; keep one"
        )));
    }
    let text = std::fs::read_to_string(&path).map_err(|cause| {
        Error::Setup(format!(
            "{variable}: {} cannot be read: {cause}",
            Path::new(&path).display()
        ))
    })?;
    Ok(Some(Secret::new(text.trim_end().to_owned())))
}

fn create_private(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|cause| {
        Error::Setup(format!(
            "the data folder {} cannot be made: {cause}",
            folder.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_spelled_as_browsers_send_it() {
        for (typed, spelled) in [
            ("https://reports.example.com", "https://reports.example.com"),
            (
                "HTTPS://Reports.Example.com:443/",
                "https://reports.example.com",
            ),
            ("http://10.0.0.5:8080", "http://10.0.0.5:8080"),
            ("http://[::1]:80/", "http://[::1]"),
        ] {
            assert_eq!(origin(typed).expect(typed), spelled);
        }
        for wrong in [
            "",
            "reports.example.com",
            "ftp://reports.example.com",
            "https://",
            "https://reports.example.com/alx",
            "https://reports.example.com/?a",
            "https://reports.example.com#a",
            "https://ada:secret@reports.example.com",
        ] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_this_machine_reaches_a_loopback_address() {
        for local in ["127.0.0.1:0", "[::1]:8080", "localhost:8080"] {
            assert!(is_local(local), "{local}");
        }
        for open in ["0.0.0.0:8080", "[::]:8080", "10.0.0.5:80", "8080"] {
            assert!(!is_local(open), "{open}");
        }
    }
}
