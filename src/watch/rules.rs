//! What one look found, rule by rule.

use crate::alerts::store::Finding;
use crate::alerts::{Kind, Values};
use crate::ids::CompanyId;
use crate::settings::site::{Setting, Site};
use crate::words::Severity;

/// The setting that switches a rule on and off; it has the name of its kind.
pub fn switch(kind: Kind) -> Option<Setting> {
    format!("rule_{kind}").parse().ok()
}

/// What a look found, and which rules it has followed: alerts of those that it does not find again are over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked<'a> {
    /// The thresholds.
    pub site: &'a Site,
    /// The rules that were followed, with those that are off.
    pub followed: Vec<Kind>,
    /// What needs somebody.
    pub found: Vec<Finding>,
}

impl<'a> Looked<'a> {
    /// Before the look.
    pub fn with(site: &'a Site) -> Self {
        Self {
            site,
            followed: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Begins to follow a rule; `false` where it is off.
    pub fn follows(&mut self, kind: Kind) -> bool {
        self.followed.push(kind);
        is_on(self.site, kind)
    }

    /// A threshold.
    pub fn number(&self, setting: Setting) -> i64 {
        self.site.number(setting)
    }

    /// Notes something of the whole site.
    pub fn find(&mut self, kind: Kind, severity: Severity, subject: &str, values: Values) {
        self.found.push(Finding {
            kind,
            severity,
            company: None,
            subject: subject.to_owned(),
            values,
        });
    }

    /// Notes something of a company.
    pub fn find_of(
        &mut self,
        company: CompanyId,
        (kind, severity): (Kind, Severity),
        subject: &str,
        values: Values,
    ) {
        self.found.push(Finding {
            kind,
            severity,
            company: Some(company),
            subject: subject.to_owned(),
            values,
        });
    }
}

/// Whether a rule looks.
pub(super) fn is_on(site: &Site, kind: Kind) -> bool {
    switch(kind).is_some_and(|setting| site.is_on(setting))
}

/// The values of a sentence.
pub(super) fn values<const N: usize>(all: [(&str, String); N]) -> Values {
    all.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// How many of a hundred, rounded down.
pub(super) fn percent(part: i64, whole: i64) -> i64 {
    if whole > 0 {
        part.saturating_mul(100) / whole
    } else {
        0
    }
}

/// Whether a share is above a number of per cent.
pub(super) fn is_above(part: i64, whole: i64, percent: i64) -> bool {
    part.saturating_mul(100) > whole.saturating_mul(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_switch() {
        for kind in Kind::ALL {
            assert!(switch(*kind).is_some(), "{kind}");
        }
    }

    #[test]
    fn above_is_not_at() {
        assert!(!is_above(10, 100, 10) && is_above(11, 100, 10));
        assert!(!is_above(2, 20, 10) && is_above(3, 20, 10));
        assert_eq!((percent(1, 3), percent(0, 0)), (33, 0));
    }
}
