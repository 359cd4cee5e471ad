//! Every setting with its value, its default and where it comes from: for people who read, never with a secret.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args as _, Command};
use url::Url;

use super::{Config, Secret};

/// What stands in the place of a secret.
pub const HIDDEN: &str = "set, not shown";

/// Where a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A variable of the environment.
    Environment,
    /// A flag of the command.
    Flag,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The variable that sets it.
    pub variable: String,
    /// The flag that does.
    pub flag: String,
    /// What it does.
    pub help: String,
    /// What it is; of a secret only whether it is set, of an address nothing before its host.
    pub value: String,
    /// What it is while nobody sets it; empty where there is nothing.
    pub default: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl Config {
    /// Notes where the settings come from.
    pub fn note_origins(&mut self, matches: &ArgMatches) {
        for setting in arguments().get_arguments() {
            let name = setting.get_id().as_str();
            let origin = match matches.value_source(name) {
                Some(ValueSource::CommandLine) => Origin::Flag,
                Some(ValueSource::EnvVariable) => Origin::Environment,
                _ => continue,
            };
            self.origins.insert(name.to_owned(), origin);
        }
    }

    /// Where a setting comes from, by the name of its field.
    pub fn origin(&self, name: &str) -> Origin {
        let noted = self.origins.get(name).copied();
        noted.unwrap_or(Origin::Default)
    }

    /// Every setting, in the order of `--help`.
    pub fn listed(&self) -> Vec<Listed> {
        let command = arguments();
        let listed = command
            .get_arguments()
            .map(|setting| self.list_one(setting));
        listed.collect()
    }

    fn list_one(&self, setting: &Arg) -> Listed {
        let name = setting.get_id().as_str();
        let text = |text: Option<&std::ffi::OsStr>| {
            text.unwrap_or_default().to_string_lossy().into_owned()
        };
        Listed {
            variable: text(setting.get_env()),
            flag: format!("--{}", setting.get_long().unwrap_or_default()),
            help: setting
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default(),
            value: self.shown(name).unwrap_or_default(),
            default: text(setting.get_default_values().first().map(AsRef::as_ref)),
            origin: self.origin(name),
        }
    }

    /// A setting as it may be shown; `None` for one that nobody has thought of.
    fn shown(&self, name: &str) -> Option<String> {
        let shown = match name {
            "listen" => self.listen.clone(),
            "data_dir" => self.data_dir.display().to_string(),
            "database_url" => address(self.database_url.as_ref()),
            "moodle_url" => address(self.moodle_url.as_ref()),
            "moodle_prefix" => self.moodle_prefix.as_str().to_owned(),
            "public_url" => self.public_url.clone().unwrap_or_default(),
            "trusted_proxies" => self.trusted_proxies.to_string(),
            "metrics_from" => self.metrics_from.to_string(),
            "secret_key" => is_set(self.secret_key.as_ref()),
            "smtp_password" => is_set(self.smtp_password.as_ref()),
            "webhook_secret" => is_set(self.webhook_secret.as_ref()),
            "cache_mb" => self.cache_mb.to_string(),
            "sync_lease_seconds" => self.sync_lease_seconds.to_string(),
            "sync_parallel" => self.sync_parallel.to_string(),
            "batch_minutes" => self.batch_minutes.to_string(),
            "moodle_timeout_seconds" => self.moodle_timeout_seconds.to_string(),
            "changes_days" => self.changes_days.to_string(),
            "requests_days" => self.requests_days.to_string(),
            "max_connections" => self.max_connections.to_string(),
            _ => return None,
        };
        Some(shown)
    }
}

fn arguments() -> Command {
    Config::augment_args(Command::new("settings"))
}

fn is_set(secret: Option<&Secret>) -> String {
    secret.map_or(String::new(), |_| HIDDEN.into())
}

/// An address without whoever signs in there, and without what follows the path.
fn address(secret: Option<&Secret>) -> String {
    let Some(secret) = secret else {
        return String::new();
    };
    let url = Url::parse(secret.reveal());
    let Some(url) = url.ok().filter(|url| !url.cannot_be_a_base()) else {
        return HIDDEN.into(); // nobody knows where in it the password is
    };
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let who = if url.username().is_empty() && url.password().is_none() {
        ""
    } else {
        "…@"
    };
    format!("{}://{who}{host}{port}{}", url.scheme(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_variable_a_help_and_is_known() {
        for setting in arguments().get_arguments() {
            let name = setting.get_id().as_str();
            let config = config();
            assert!(config.shown(name).is_some(), "{name}");
            let listed = config.list_one(setting);
            assert!(listed.variable.starts_with("ALX_"), "{listed:?}");
            assert!(!listed.help.is_empty(), "{listed:?}");
        }
    }

    #[test]
    fn no_address_shows_who_signs_in_there() {
        for (secret, shown) in [
            (
                "postgres://ada:s3cret@db.example.com:5433/alx?sslmode=require&password=x",
                "postgres://…@db.example.com:5433/alx",
            ),
            ("mysql://ada@db/moodle", "mysql://…@db/moodle"),
            ("sqlite:///srv/alx.db", "sqlite:///srv/alx.db"),
            ("ada:s3cret", "set, not shown"),
            ("s3cret", "set, not shown"),
        ] {
            let told = address(Some(&secret.into()));
            assert_eq!(told, shown);
            assert!(!told.contains("s3cret"), "{told}");
        }
    }

    fn config() -> Config {
        #[derive(clap::Parser)]
        struct Settings {
            #[command(flatten)]
            config: Config,
        }
        <Settings as clap::Parser>::parse_from(["test"]).config
    }
}
