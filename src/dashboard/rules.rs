//! The rules of alerts as a form has them, and what a setting of the site is called away from its form.

use crate::alerts::Kind;
use crate::language::Said;
use crate::settings::site::{Group, Kind as FieldKind, Setting};

/// A rule.
pub struct Rule {
    /// What its alerts are about.
    pub kind: Kind,
    /// The setting that says whether it looks.
    pub switch: Setting,
    /// The settings that say from where on it finds something.
    pub thresholds: Vec<Setting>,
}

/// All rules in the order of the settings: a switch begins one, its thresholds follow.
pub fn all() -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for setting in Setting::of(Group::Rules) {
        let name = setting.as_str().trim_start_matches("rule_");
        match (name.parse(), rules.last_mut()) {
            (Ok(kind), _) => rules.push(Rule {
                kind,
                switch: setting,
                thresholds: Vec::new(),
            }),
            (Err(_), Some(rule)) => rule.thresholds.push(setting),
            (Err(_), None) => {}
        }
    }
    rules
}

/// What a setting is called where no fieldset says which rule it belongs to.
pub fn name(setting: Setting) -> Said {
    let label = Said::new(setting.field().label);
    let is_its = |rule: &Rule| rule.switch == setting || rule.thresholds.contains(&setting);
    match all().into_iter().find(is_its) {
        Some(rule) => Said::new("{rule}: {setting}")
            .saying("rule", Said::new(rule.kind.title()))
            .saying("setting", label),
        None => label,
    }
}

/// What the store has for a setting, as its form says it.
pub fn value(setting: Setting, kept: &str) -> Said {
    match (setting.field().kind, kept) {
        (FieldKind::Switch, "on") => Said::new("On"),
        (FieldKind::Switch, _) => Said::new("Off"),
        (FieldKind::Choice(_), word) => Said::brought(word.to_owned()),
        (_, text) => Said::as_it_is(text),
    }
}
