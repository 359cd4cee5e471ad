//! What part of the history of syncs is shown, as the address says it.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Deserialize;

use super::labels::{self, Choice, Label as _};
use super::{Downloads, PageError, SignedIn, company_field};
use crate::app::App;
use crate::error::Error;
use crate::ids::{CompanyId, RunId};
use crate::language::Said;
use crate::sync::history::{Filter, Mark};
use crate::sync::{Mode, RunState, Trigger};
use crate::time::day;

/// The fields of the form, as they were typed, and the place of the page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct View {
    company: String,
    state: String,
    trigger: String,
    mode: String,
    dry_run: String,
    /// A day in the reader's zone, or empty.
    pub from: String,
    /// The last day, or empty.
    pub to: String,
    after: String,
}

/// A filter that is on, and where the list is without it.
pub struct Chip {
    /// What it is about.
    pub name: &'static str,
    /// What it keeps to: a name from Moodle may be in it.
    pub value: String,
    /// Whether the value is a word of ours, which can be translated.
    pub is_word: bool,
    /// The address without it.
    pub without: String,
}

impl View {
    /// Takes a company by its name too.
    pub async fn resolve(&mut self, admin: &SignedIn, app: &App) -> Result<(), PageError> {
        company_field::resolve(admin, app, &mut self.company).await
    }

    /// Which runs it asks for, checked. Days are those of the zone; `only` is the one company that the reader may see.
    pub fn filter(&self, zone: Tz, only: Option<CompanyId>) -> Result<Filter, PageError> {
        let chosen = labels::chosen("the company", &self.company)?;
        if only.is_some() && chosen.is_some() && chosen != only {
            return Err(PageError::Failed(Error::NotFound("the company")));
        }
        let chosen_day = |name, text| labels::chosen::<NaiveDate>(name, text);
        Ok(Filter {
            company: only.or(chosen),
            state: labels::chosen("the state", &self.state)?,
            trigger: labels::chosen("the trigger", &self.trigger)?,
            mode: labels::chosen("the mode", &self.mode)?,
            dry_run: self.dry_run()?,
            from_ms: chosen_day("the first day", &self.from)?
                .map(|day| day::begin(day, zone) * 1000),
            until_ms: chosen_day("the last day", &self.to)?.map(|day| day::end(day, zone) * 1000),
        })
    }

    fn dry_run(&self) -> Result<Option<bool>, PageError> {
        match self.dry_run.as_str() {
            "" => Ok(None),
            "yes" => Ok(Some(true)),
            "no" => Ok(Some(false)),
            other => {
                let why = Said::new("the previews cannot be “{text}”").with("text", other);
                Err(PageError::BadRequest(why))
            }
        }
    }

    /// Whether previews are left out, or everything else; for the form.
    pub fn previews(&self) -> Vec<Choice> {
        let choice = |(value, label): (&str, &str)| Choice {
            value: value.into(),
            label: label.into(),
            selected: self.dry_run == value,
        };
        [("yes", "Previews only"), ("no", "Without previews")]
            .map(choice)
            .into()
    }

    /// Where the page before this one ended: time and id of its last run.
    pub fn mark(&self) -> Result<Option<Mark>, PageError> {
        if self.after.is_empty() {
            return Ok(None);
        }
        let mark = self.after.split_once('.').and_then(|(time, id)| {
            Some(Mark {
                requested_at_ms: time.parse().ok()?,
                id: RunId(id.to_owned()),
            })
        });
        mark.map(Some).ok_or_else(|| {
            PageError::BadRequest(Said::new("this page of the history does not exist"))
        })
    }

    /// The filters that are on. `names` are those of the companies.
    pub fn chips(&self, names: &[(CompanyId, String)]) -> Vec<Chip> {
        let on = self
            .fields()
            .into_iter()
            .filter(|(_, value)| !value.is_empty());
        on.map(|(field, value)| {
            let word = word(field, value);
            Chip {
                name: title(field),
                is_word: word.is_some(),
                value: word.map_or_else(|| name(field, value, names), str::to_owned),
                without: self.with(&[(field, "")]),
            }
        })
        .collect()
    }

    /// The files of this view: all of its pages.
    pub fn downloads(&self, filtered: bool) -> Downloads {
        Downloads::at("runs", self.address("")).filtered(filtered)
    }

    /// The address of this view and a place in it.
    pub fn address(&self, after: &str) -> String {
        self.with(&[("after", after)])
    }

    /// The address of this view with other values in some fields; at its beginning, unless `after` is among them.
    pub fn with(&self, others: &[(&'static str, &str)]) -> String {
        let path = "/sync/history?".to_owned();
        let start = path.len();
        let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
        let mut fields = self.fields().to_vec();
        for (name, value) in others {
            fields.retain(|(field, _)| field != name);
            fields.push((name, value));
        }
        query.extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
        query.finish().trim_end_matches('?').to_owned()
    }

    fn fields(&self) -> [(&'static str, &str); 7] {
        [
            ("company", self.company.as_str()),
            ("state", &self.state),
            ("trigger", &self.trigger),
            ("mode", &self.mode),
            ("dry_run", &self.dry_run),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }
}

fn title(field: &str) -> &'static str {
    match field {
        "company" => "Company",
        "state" => "State",
        "trigger" => "Trigger",
        "mode" => "Mode",
        "dry_run" => "Previews",
        "from" => "From",
        _ => "To",
    }
}

/// A value that is a word of ours, as people read it.
fn word(field: &str, value: &str) -> Option<&'static str> {
    match field {
        "state" => value.parse().ok().map(|state: RunState| state.label()),
        "trigger" => value.parse().ok().map(|trigger: Trigger| trigger.label()),
        "mode" => value.parse().ok().map(|mode: Mode| mode.label()),
        "dry_run" => Some(if value == "yes" {
            "Previews only"
        } else {
            "Without previews"
        }),
        _ => None,
    }
}

/// Any other value: the name of a company, or what was typed.
fn name(field: &str, value: &str, names: &[(CompanyId, String)]) -> String {
    let named = |(id, _): &&(CompanyId, String)| field == "company" && id.to_string() == value;
    let name = names.iter().find(named).map(|(_, name)| name.as_str());
    name.unwrap_or(value).to_owned()
}
