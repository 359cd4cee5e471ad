//! The fields of a schedule: as they are shown, as they were typed, and what is wrong with them.

use serde::Deserialize;

use super::labels::{self, Choice};
use crate::language::Said;
use crate::sync::Mode;
use crate::sync::schedule::{EVERY_MINUTES, Plan, Rhythm, RhythmKind, Schedule, clock, zone_names};

/// What the form says.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Fields {
    /// The kind of rhythm.
    pub rhythm: String,
    /// For rhythms that count minutes.
    pub every_minutes: String,
    /// For hourly ones.
    pub minute: String,
    /// For daily ones, as `HH:MM`.
    pub time: String,
    /// For hourly and daily ones.
    pub zone: String,
    /// How much to read.
    pub mode: String,
    /// What the schedule was when the form was made.
    pub seen: Option<String>,
    /// Whether they are for all companies that have no schedule: then they cannot be off.
    #[serde(skip)]
    pub for_all: bool,
    /// The fields that were not accepted, and why.
    #[serde(skip)]
    pub errors: Vec<(&'static str, Said)>,
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            rhythm: RhythmKind::Off.to_string(),
            every_minutes: "60".into(),
            minute: "0".into(),
            time: "02:00".into(),
            zone: "UTC".into(),
            mode: Mode::Changes.to_string(),
            seen: None,
            for_all: false,
            errors: Vec::new(),
        }
    }
}

impl Fields {
    /// What is proposed for all companies that have no schedule.
    pub fn for_all() -> Self {
        Self {
            rhythm: RhythmKind::Daily.to_string(),
            for_all: true,
            ..Self::default()
        }
    }

    /// The fields of a schedule.
    pub fn of(schedule: &Schedule) -> Self {
        let shown = Self {
            rhythm: schedule.rhythm.kind().to_string(),
            mode: schedule.mode.to_string(),
            zone: schedule
                .rhythm
                .zone()
                .map_or("UTC", |zone| zone.name())
                .into(),
            ..Self::default()
        };
        match schedule.rhythm {
            Rhythm::Off => shown,
            Rhythm::Minutes(every) => Self {
                every_minutes: every.to_string(),
                ..shown
            },
            Rhythm::Hourly(minute, _) => Self {
                minute: minute.to_string(),
                ..shown
            },
            Rhythm::Daily(minute, _) => Self {
                time: clock(minute),
                ..shown
            },
        }
    }

    /// The kinds of rhythm as choices.
    pub fn rhythms(&self) -> Vec<Choice> {
        let mut choices = labels::choices(RhythmKind::ALL, self.rhythm.parse().ok());
        choices.retain(|choice| !self.for_all || choice.value != RhythmKind::Off.to_string());
        choices
    }

    /// Every time zone, to choose from while typing.
    pub fn zones(&self) -> Vec<&'static str> {
        zone_names().collect()
    }

    /// What is wrong with a field.
    pub fn error(&self, field: &str) -> Option<&Said> {
        let found = self.errors.iter().find(|(name, _)| *name == field);
        found.map(|(_, why)| why)
    }

    /// [`Self::checked`] for all companies that have no schedule: refuses one that is off.
    pub fn checked_for_all(mut self) -> Result<Plan, Box<Self>> {
        self.for_all = true;
        if self.rhythm.parse() == Ok(RhythmKind::Off) {
            self.blame(
                "rhythm",
                Said::new("Choose when: “off” is as good as none."),
            );
        }
        self.checked()
    }

    /// The schedule they mean, or themselves with what is wrong at which field.
    pub fn checked(mut self) -> Result<Plan, Box<Self>> {
        let rhythm = self.rhythm();
        let mode = self.mode.parse().ok();
        let mode = mode.filter(|mode| matches!(mode, Mode::Changes | Mode::Full));
        if mode.is_none() {
            self.blame("mode", Said::new("Choose what each run reads."));
        }
        match (rhythm, mode) {
            (Some(rhythm), Some(mode)) if self.errors.is_empty() => Ok(Plan { rhythm, mode }),
            _ => Err(Box::new(self)),
        }
    }

    fn rhythm(&mut self) -> Option<Rhythm> {
        let Ok(kind) = self.rhythm.parse() else {
            self.blame("rhythm", Said::new("Choose a rhythm."));
            return None;
        };
        let (every, at) = match kind {
            RhythmKind::Off => (Some(0), Some(0)),
            RhythmKind::Minutes => (self.every(), Some(0)),
            RhythmKind::Hourly => (Some(0), self.minute()),
            RhythmKind::Daily => (Some(0), self.minute_of_day()),
        };
        let zone = self.zone.trim().to_owned();
        match Rhythm::of(kind, every?, at?, &zone) {
            Ok(rhythm) => Some(rhythm),
            Err(_) => {
                let why = Said::new("Choose a time zone of the list, such as Europe/Berlin.");
                self.blame("zone", why);
                None
            }
        }
    }

    fn every(&mut self) -> Option<i32> {
        let every = self.every_minutes.trim().parse().ok();
        let every = every.filter(|every| EVERY_MINUTES.contains(every));
        if every.is_none() {
            let (least, most) = (EVERY_MINUTES.start(), EVERY_MINUTES.end());
            let why = Said::new("Type a whole number from {least} to {most}.")
                .number("least", least)
                .number("most", most);
            self.blame("every_minutes", why);
        }
        every
    }

    fn minute(&mut self) -> Option<i32> {
        let minute = self.minute.trim().parse().ok();
        let minute = minute.filter(|minute| (0..=59).contains(minute));
        if minute.is_none() {
            self.blame(
                "minute",
                Said::new("Type a whole number from {least} to {most}.")
                    .number("least", 0)
                    .number("most", 59),
            );
        }
        minute
    }

    fn minute_of_day(&mut self) -> Option<i32> {
        let time = chrono::NaiveTime::parse_from_str(self.time.trim(), "%H:%M").ok();
        if time.is_none() {
            self.blame("time", Said::new("Type a time such as 02:00 or 14:30."));
        }
        time.map(|time| {
            let since_midnight = time - chrono::NaiveTime::MIN;
            since_midnight.num_minutes() as i32
        })
    }

    fn blame(&mut self, field: &'static str, why: Said) {
        self.errors.push((field, why));
    }
}
