//! What typed delivery settings come to, or what is wrong with them, field by field.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::delivery_form::DeliveryForm;
use crate::fields::Fields;
use crate::language::Said;
use crate::settings::delivery::{AnswerMode, Delivery, DeliveryOverrides, Zone};

/// Longest time that answers are kept: a day.
const MOST_MINUTES: i64 = 1440;

/// A field that is checked: nothing where it follows the level above.
type Checked = Result<Option<Value>, Said>;

impl DeliveryForm {
    /// The settings that were typed; `None` where something is wrong with them, which is noted then.
    pub fn checked(&mut self) -> Option<DeliveryOverrides> {
        let mut checked: Vec<(&'static str, Checked)> = vec![
            ("fields", self.fields()),
            ("mode", self.mode()),
            ("window_hours", self.number("window_hours", 1..=168)),
            (
                "courseid_for_username",
                self.choice("courseid_for_username"),
            ),
            (
                "calls_per_token",
                self.number("calls_per_token", 0..=1_000_000),
            ),
            (
                "calls_per_company",
                self.number("calls_per_company", 0..=1_000_000),
            ),
            ("zone", self.zone()),
            (
                "cache_minutes",
                self.number("cache_minutes", 0..=MOST_MINUTES),
            ),
        ];
        if !self.follows {
            checked.push(("max_records", self.number("max_records", 100..=10_000)));
            checked.push(("allow_get", self.choice("allow_get")));
        }
        let mut own = self.saved.clone();
        for (name, value) in checked {
            if let Some(value) = self.mistakes.keep(name, value) {
                own.set(name, value.filter(|value| self.is_news(name, value)));
            }
        }
        (!self.mistakes.any()).then_some(own)
    }

    /// A company says what it likes; the defaults say nothing that holds anyway.
    fn is_news(&self, name: &str, value: &Value) -> bool {
        let usual = serde_json::to_value(Delivery::default()).unwrap_or_default();
        self.follows || usual.get(name) != Some(value)
    }

    fn fields(&self) -> Checked {
        let ticked = self.typed.ticked();
        let before = self.saved.held_over(&DeliveryOverrides::default());
        let before = before.map_or(Fields::all(), |saved| saved.fields);
        match self.typed.text("fields") {
            "inherit" if self.follows && ticked != self.base.fields && ticked != before => {
                Err(Said::new(
                    "Fields are ticked otherwise, but not chosen. Choose “Only these fields”, or tick them as the defaults do.",
                ))
            }
            "inherit" if self.follows => Ok(None),
            "own" if ticked.is_empty() => Err(Said::new(
                "Tick at least one field. To keep programs out altogether, revoke their tokens.",
            )),
            "own" => Ok(Some(json!(ticked))),
            _ => Err(choose()),
        }
    }

    fn mode(&self) -> Checked {
        match self.typed.text("mode") {
            "inherit" if self.follows => Ok(None),
            mode => match mode.parse::<AnswerMode>() {
                Ok(mode) => Ok(Some(json!(mode))),
                Err(_) => Err(choose()),
            },
        }
    }

    fn choice(&self, name: &str) -> Checked {
        match self.typed.text(name) {
            "inherit" if self.follows => Ok(None),
            "yes" => Ok(Some(json!(true))),
            "no" => Ok(Some(json!(false))),
            _ => Err(choose()),
        }
    }

    fn number(&self, name: &str, range: RangeInclusive<i64>) -> Checked {
        let typed = self.typed.text(name);
        if typed.is_empty() {
            return Ok(None);
        }
        let number = typed
            .parse::<i64>()
            .ok()
            .filter(|number| range.contains(number));
        let wrong = || {
            Said::new(
                "Give a whole number from {least} to {most}, or nothing: then the default holds.",
            )
            .number("least", range.start())
            .number("most", range.end())
        };
        number.map(|number| Some(json!(number))).ok_or_else(wrong)
    }

    fn zone(&self) -> Checked {
        match self.typed.text("zone") {
            "" => Ok(None),
            zone => match zone.parse::<Zone>() {
                Ok(zone) => Ok(Some(json!(String::from(zone)))),
                Err(_) => Err(Said::new(
                    "Use the name of a time zone, such as Europe/Berlin.",
                )),
            },
        }
    }
}

fn choose() -> Said {
    Said::new("Choose one of these.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn company(saved: DeliveryOverrides) -> DeliveryForm {
        let base = Delivery::default();
        let held = saved
            .held_over(&DeliveryOverrides::default())
            .expect("known");
        DeliveryForm::of(saved, base, &held, true)
    }

    #[test]
    fn a_form_and_its_settings_say_the_same() {
        let mut saved = DeliveryOverrides::default();
        saved.set("fields", Some(json!(["userid", "status"])));
        saved.set("calls_per_token", Some(json!(0)));
        saved.set("zone", Some(json!("Europe/Berlin")));
        saved.set("mode", Some(json!("auto")));
        saved.set("cache_minutes", Some(json!(0)));

        for saved in [saved, DeliveryOverrides::default()] {
            let wanted = company(saved.clone()).checked().expect("nothing is wrong");
            assert_eq!(wanted, saved);
        }
    }

    #[test]
    fn the_defaults_say_only_what_differs() {
        let (saved, usual) = (DeliveryOverrides::default(), Delivery::default());
        let mut form = DeliveryForm::of(saved, usual.clone(), &usual, false);
        form.typed.set("max_records", "500");

        let wanted = form.checked().expect("nothing is wrong");

        assert!(wanted.says("max_records") && !wanted.says("zone"));
        assert!(!wanted.says("fields") && !wanted.says("calls_per_token"));
        assert!(!wanted.says("cache_minutes"));
    }

    #[test]
    fn every_mistake_is_told_at_its_field() {
        let mut form = company(DeliveryOverrides::default());
        for (name, typed) in [
            ("window_hours", "169"),
            ("calls_per_token", "-1"),
            ("calls_per_company", "many"),
            ("zone", "Mars/Olympus"),
            ("mode", "other"),
            ("courseid_for_username", ""),
            ("cache_minutes", "1441"),
        ] {
            form.typed.set(name, typed);
        }
        form.typed.tick("userid".parse().expect("a field"));

        assert_eq!(form.checked(), None);

        for name in [
            "window_hours",
            "calls_per_token",
            "calls_per_company",
            "zone",
            "mode",
            "courseid_for_username",
            "cache_minutes",
            "fields",
        ] {
            assert!(form.mistakes.of(name).is_some(), "{name}");
        }
    }
}
