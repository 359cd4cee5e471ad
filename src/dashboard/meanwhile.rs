//! Whether somebody else has changed settings of the site since a form of them was opened.
//!
//! Each form brings what it was made of, in fields named `seen_` and the setting: what the store has otherwise by then,
//! somebody else has saved.

use super::rules;
use crate::language::Said;
use crate::settings::site::{Setting, Site};

/// A setting that the store has otherwise than the form was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otherwise {
    /// Which.
    pub setting: Setting,
    /// What the store has.
    pub now: String,
}

impl Otherwise {
    /// What it is called.
    pub fn name(&self) -> Said {
        rules::name(self.setting)
    }

    /// What the store has, as the form says it.
    pub fn value(&self) -> Said {
        rules::value(self.setting, &self.now)
    }
}

/// The field that says what the form was made of.
pub fn seen(setting: Setting) -> String {
    format!("seen_{setting}")
}

/// Those that somebody else has changed; `sent` gives a field of the form, as it came.
pub fn otherwise<'f>(
    site: &Site,
    settings: &[Setting],
    sent: impl Fn(&str) -> Option<&'f str>,
) -> Vec<Otherwise> {
    let other = |one: &&Setting| sent(&seen(**one)).is_some_and(|seen| seen != site.text(**one));
    let changed = settings.iter().filter(other);
    let saved = |one: &Setting| Otherwise {
        setting: *one,
        now: site.text(*one).to_owned(),
    };
    changed.map(saved).collect()
}

/// The fields of the form that is shown again: what nobody typed into is as it is saved now, and what was typed stays.
pub fn renewed<'f>(
    otherwise: &[Otherwise],
    sent: impl Fn(&str) -> Option<&'f str>,
) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for Otherwise { setting, now } in otherwise {
        let (field, before) = (setting.as_str(), seen(*setting));
        if sent(field).map(str::trim) == sent(&before) {
            fields.push((field.to_owned(), now.clone()));
        }
        fields.push((before, now.clone()));
    }
    fields
}
