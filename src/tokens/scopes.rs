//! What a token may do.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::language::Said;

crate::words! {
    /// One permission.
    Scope {
        /// Rows and the history of syncs.
        Read = "read",
        /// What each sync changed, with before and after.
        Changes = "changes",
        /// Starting a sync.
        Sync = "sync",
    }
}

impl Scope {
    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes; as text, their names with blanks between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope there is.
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// Whether the set has this one.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | scope.bit()))
    }
}

impl FromStr for Scopes {
    type Err = Error;

    /// Names with blanks or commas between.
    fn from_str(text: &str) -> Result<Self, Error> {
        let named = |name: &str| {
            let scope = name.parse::<Scope>();
            scope.map_err(|words| {
                let why = Said::new("“{name}” is no scope: {words}").with("name", name);
                Error::Invalid(why.with("words", words))
            })
        };
        text.split([' ', ','])
            .filter(|name| !name.is_empty())
            .map(named)
            .collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Scope::ALL.iter().filter(|scope| self.has(**scope));
        for (place, scope) in held.enumerate() {
            let blank = if place == 0 { "" } else { " " };
            write!(out, "{blank}{}", scope.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_survive_being_written_and_read() {
        let some: Scopes = [Scope::Sync, Scope::Read].into_iter().collect();

        assert_eq!(some.to_string(), "read sync");
        assert_eq!("read sync".parse::<Scopes>().expect("both are known"), some);
        assert_eq!(
            "read,changes,sync".parse::<Scopes>().expect("known"),
            Scopes::all()
        );
        assert!("read admin".parse::<Scopes>().is_err());
        assert!(some.has(Scope::Sync) && !some.has(Scope::Changes));
    }
}
