//! Settings of the whole site: each has a type, a range and a default, and a row in the store once somebody changed it.

mod address;
mod fields;
mod kind;
mod store;

pub use address::{host_only, without_address};
pub use fields::{Field, Group, Setting};
pub use kind::Kind;
pub use store::{last_change, lock, read, second_factor_for, write};

use std::collections::HashMap;

use crate::words::Severity;

crate::words! {
    /// Who must have a second factor.
    NeededFor {
        /// Whoever wants one.
        Nobody = "nobody",
        /// Those who may do everything.
        Admins = "admins",
        /// Everybody who signs in.
        Everybody = "everybody",
    }
}

crate::words! {
    /// How the way to the mail server is protected.
    Security {
        /// A plain connection becomes TLS before anything is said; without TLS nothing is sent.
        Starttls = "starttls",
        /// TLS from the first byte.
        Tls = "tls",
        /// Nothing: only for a server on this machine or in a trusted network.
        None = "none",
    }
}

/// What holds now: the default of every setting that nobody has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site(HashMap<Setting, String>);

impl Site {
    /// Takes what the store has. A value that its setting does not allow any more is its default.
    pub(super) fn of(stored: Vec<(String, String)>) -> Self {
        let known = stored.into_iter().filter_map(|(name, value)| {
            let setting: Setting = name.parse().ok()?;
            Some((setting, setting.checked(&value).ok()?))
        });
        Self(known.collect())
    }

    /// The value as a form shows it and the store has it.
    pub fn text(&self, setting: Setting) -> &str {
        let own = self.0.get(&setting).map(String::as_str);
        own.unwrap_or_else(|| setting.field().default)
    }

    /// Whether somebody has set it to something else than the default.
    pub fn is_changed(&self, setting: Setting) -> bool {
        self.text(setting) != setting.field().default
    }

    /// The value of a [`Kind::Number`]; 0 for any other kind.
    pub fn number(&self, setting: Setting) -> i64 {
        self.text(setting).parse().unwrap_or(0)
    }

    /// Whether a [`Kind::Switch`] is on.
    pub fn is_on(&self, setting: Setting) -> bool {
        self.text(setting) == "on"
    }

    /// The addresses of a [`Kind::Emails`], each once.
    pub fn emails(&self, setting: Setting) -> Vec<String> {
        kind::emails(self.text(setting))
            .map(str::to_owned)
            .collect()
    }

    /// From which severity on somebody is told.
    pub fn threshold(&self) -> Severity {
        let word = self.text(Setting::AlertsThreshold).parse();
        word.unwrap_or(Severity::Medium)
    }

    /// How the way to the mail server is protected.
    pub fn smtp_security(&self) -> Security {
        let word = self.text(Setting::SmtpSecurity).parse();
        word.unwrap_or(Security::Starttls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_of_its_setting() {
        for setting in Setting::ALL {
            let default = setting.field().default;
            assert_eq!(
                setting.checked(default).as_deref(),
                Ok(default),
                "{setting}"
            );
        }
    }

    #[test]
    fn what_is_stored_holds_unless_it_is_none_of_its_setting() {
        let stored = [
            ("alerts_cooldown_minutes", "5"),
            ("alerts_threshold", "utter"),
            ("gone_since_long", "1"),
        ];
        let stored = stored.map(|(name, value)| (name.to_owned(), value.to_owned()));

        let site = Site::of(stored.into());

        assert_eq!(site.number(Setting::AlertsCooldownMinutes), 5);
        assert!(site.is_changed(Setting::AlertsCooldownMinutes));
        assert_eq!(site.threshold(), Severity::Medium);
        assert!(site.is_on(Setting::AlertsOn) && !site.is_changed(Setting::AlertsOn));
    }
}
