//! How pages look for somebody: zone, language, theme.

use chrono_tz::Tz;

use crate::language::Language;

/// What an admin chose for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The zone that times are shown in.
    pub zone: Tz,
    /// The language of the pages.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            zone: Tz::UTC,
            language: Language::English,
            theme: Theme::System,
        }
    }
}

impl Reading {
    /// As the store keeps it; a zone that this version does not know any more reads as UTC.
    pub fn of(zone: &str, language: Language, theme: Theme) -> Self {
        Self {
            zone: zone.parse().unwrap_or(Tz::UTC),
            language,
            theme,
        }
    }
}

crate::words! {
    /// Light or dark.
    Theme {
        /// As the reader's system has it.
        System = "system",
        /// Dark on light.
        Light = "light",
        /// Light on dark.
        Dark = "dark",
    }
}
