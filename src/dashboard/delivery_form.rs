//! The form of what programs get: as it is shown, and as it was typed.

use super::labels::Label as _;
use super::settings_form::Pairs;
use super::typed::{Mistakes, Typed};
use crate::fields::Fields;
use crate::language::Said;
use crate::settings::delivery::{AnswerMode, Delivery, DeliveryOverrides};
use crate::sync::schedule::zone_names;

/// The settings in the order of the form, and what each is called where it is said to be wrong.
const NAMES: [(&str, &str); 10] = [
    ("fields", "Fields"),
    ("mode", "Mode of the old plugin's door"),
    ("window_hours", "Hours of the window"),
    ("courseid_for_username", "User name or course id"),
    ("max_records", "Most rows of one call"),
    ("allow_get", "GET"),
    ("calls_per_token", "Calls a day of each token"),
    ("calls_per_company", "Calls a day of the company"),
    ("zone", "Time zone"),
    ("cache_minutes", "Minutes that an answer is kept"),
];

/// The form of a company, or of the defaults.
#[derive(Debug, Clone)]
pub struct DeliveryForm {
    /// As it was typed.
    pub typed: Typed,
    /// What is wrong with it.
    pub mistakes: Mistakes<Said>,
    /// What holds where a field says nothing.
    pub base: Delivery,
    /// What is saved.
    pub saved: DeliveryOverrides,
    /// Whether it is a company's, which can follow the defaults.
    pub follows: bool,
}

impl DeliveryForm {
    /// As a browser sent it.
    pub fn sent(self, pairs: Pairs) -> Self {
        Self {
            typed: Typed::new(pairs),
            ..self
        }
    }

    /// What is saved, over what holds where it says nothing.
    pub fn of(saved: DeliveryOverrides, base: Delivery, held: &Delivery, follows: bool) -> Self {
        let mut typed = Typed::default();
        let numbers = [
            ("window_hours", i64::from(held.window_hours)),
            ("calls_per_token", held.calls_per_token.into()),
            ("calls_per_company", held.calls_per_company.into()),
            ("max_records", held.max_records.into()),
            ("cache_minutes", held.cache_minutes.into()),
        ];
        for (name, value) in numbers {
            if saved.says(name) || !follows {
                typed.set(name, value.to_string());
            }
        }
        let said = |name: &str, value: String| match saved.says(name) || !follows {
            true => value,
            false => "inherit".to_owned(),
        };
        let yes = |on: bool| if on { "yes" } else { "no" }.to_owned();
        typed.set("mode", said("mode", held.mode.to_string()));
        let courseid = yes(held.courseid_for_username);
        typed.set(
            "courseid_for_username",
            said("courseid_for_username", courseid),
        );
        typed.set("allow_get", yes(held.allow_get));
        if saved.says("zone") || !follows {
            typed.set("zone", String::from(held.zone));
        }
        typed.set("fields", said("fields", "own".into()));
        typed.tick(held.fields);
        Self {
            typed,
            mistakes: Mistakes::none(),
            base,
            saved,
            follows,
        }
    }

    /// What is wrong, in the order of the form: the place of each setting, its name, and why.
    pub fn wrongs(&self) -> Vec<(&'static str, &'static str, &Said)> {
        let named = NAMES.into_iter();
        named
            .filter_map(|(setting, name)| Some((setting, name, self.mistakes.of(setting)?)))
            .collect()
    }

    /// Ticks every field, or none.
    pub fn tick_all(&mut self, on: bool) {
        let none = Vec::new();
        self.typed.set("fields", "own");
        self.typed.tick(if on {
            Fields::all()
        } else {
            Fields::from(none)
        });
    }

    /// The four modes with what they are called and what they mean.
    pub fn modes(&self) -> Vec<(&'static str, &'static str, Said)> {
        let meaning = |mode: AnswerMode| match mode {
            AnswerMode::Full => Said::new("every row, each time"),
            AnswerMode::Auto => Said::new(
                "what moved since the client's last calls, where that is certain; else every row",
            ),
            AnswerMode::Incremental => Said::new("as auto, with a full list once a day"),
            AnswerMode::Disabled => Said::new(
                "every row, each time: the old plugin's name for switching the choice off",
            ),
        };
        let modes = AnswerMode::ALL.iter();
        modes
            .map(|mode| (mode.as_str(), mode.label(), meaning(*mode)))
            .collect()
    }

    /// What the defaults say, in words.
    pub fn default_of(&self, name: &str) -> Said {
        let limit = |calls: u32| match calls {
            0 => Said::new("no limit"),
            calls => Said::figure(calls),
        };
        match name {
            "mode" => Said::new(self.base.mode.label()),
            "window_hours" => Said::figure(self.base.window_hours),
            "zone" => Said::as_it_is(String::from(self.base.zone)),
            "calls_per_token" => limit(self.base.calls_per_token),
            "calls_per_company" => limit(self.base.calls_per_company),
            "cache_minutes" => Said::figure(self.base.cache_minutes),
            "max_records" => Said::figure(self.base.max_records),
            "courseid_for_username" if self.base.courseid_for_username => {
                Said::as_it_is("courseid")
            }
            "courseid_for_username" => Said::as_it_is("username"),
            _ if self.base.fields.is_all() => Said::new("all twelve"),
            _ if self.base.fields.is_empty() => Said::new("field|none"),
            _ => Said::as_it_is(self.base.fields.to_string().replace(' ', ", ")),
        }
    }

    /// Every time zone, to choose from while typing.
    pub fn zones(&self) -> Vec<&'static str> {
        zone_names().collect()
    }
}
