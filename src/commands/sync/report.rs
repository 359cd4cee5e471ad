//! What the command prints, and the status it exits with.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::say;

/// One company's end.
pub struct Done {
    company: CompanyId,
    state: String,
    run: Value,
    dry_run: bool,
}

impl Done {
    /// Of a run as the API writes it.
    pub fn of(company: CompanyId, run: Value, dry_run: bool) -> Self {
        let state = run["state"].as_str().unwrap_or_default().to_owned();
        Self {
            company,
            state,
            run,
            dry_run,
        }
    }

    /// Of a run that could not be asked for or followed.
    pub fn failed(company: CompanyId, error: &Error) -> Self {
        Self {
            company,
            dry_run: false,
            state: "failed".into(),
            run: json!({"statistics": {"success": false, "errors": [error.to_string()]}}),
        }
    }

    /// The exit status, and how bad it is among several.
    fn status(&self) -> (u8, u8) {
        match self.state.as_str() {
            "succeeded" => (0, 0),
            "partial" => (4, 1),
            "queued" | "running" => (5, 2),
            "needs_confirmation" => (3, 3),
            _ => (1, 4),
        }
    }

    /// The statistics with what they belong to.
    fn json(&self) -> Value {
        let mut told =
            json!({"company_id": self.company, "run_id": self.run["id"], "state": self.state});
        match self.run["statistics"].as_object() {
            Some(statistics) => {
                for (name, value) in statistics {
                    told[name] = value.clone();
                }
            }
            None => told["success"] = json!(false), // it has not ended
        }
        told
    }

    fn words(&self) -> String {
        let statistics = &self.run["statistics"];
        let number = |name: &str| statistics[name].as_i64().unwrap_or(0);
        let counts = || {
            format!(
                "{} created, {} updated, {} deleted, {} unchanged",
                number("records_created"),
                number("records_updated"),
                number("records_deleted"),
                number("records_unchanged"),
            )
        };
        let errors = statistics["errors"].as_array();
        let errors: Vec<&str> = errors
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let detail = self.run["error_detail"].as_str().unwrap_or_default();
        match self.state.as_str() {
            "succeeded" if self.dry_run => {
                format!("would be {}; nothing was written", counts())
            }
            "succeeded" => format!(
                "{}; version {} of company {}",
                counts(),
                number("version_after"),
                self.company
            ),
            "partial" => format!("partial: {}. {}", counts(), errors.join(" ")),
            state => format!("{state}: {} {detail}", errors.join(" "))
                .trim_end()
                .to_owned(),
        }
    }
}

/// How to say it.
pub struct Report {
    json: bool,
    all: bool,
}

impl Report {
    /// As JSON or in words, of one company or of all.
    pub fn new(json: bool, all: bool) -> Self {
        Self { json, all }
    }

    /// One line per company of all; beside the JSON it goes to standard error.
    pub fn progress(&self, place: usize, of: usize, name: &str, done: &Done) {
        let name: String = name.chars().filter(|letter| !letter.is_control()).collect();
        let line = format!("{place}/{of} {name}: {}", done.words());
        if self.json {
            eprintln!("{line}");
        } else {
            say!("{line}");
        }
    }

    /// The end of it all, and the status to exit with: the worst there is.
    pub fn print(&self, done: &[Done]) -> Result<ExitCode> {
        match (self.json, done) {
            (true, [one]) if !self.all => say!("{}", one.json()),
            (true, done) => {
                let success = done.iter().all(|one| one.status().0 == 0);
                let companies: Vec<Value> = done.iter().map(Done::json).collect();
                say!("{}", json!({"success": success, "companies": companies}));
            }
            (false, [one]) if !self.all => say!("{}", one.words()),
            (false, done) => {
                let good = done.iter().filter(|one| one.status().0 == 0).count();
                say!("{good} of {} companies succeeded", done.len());
            }
        }
        let worst = done.iter().map(Done::status).max_by_key(|(_, bad)| *bad);
        Ok(ExitCode::from(worst.map_or(1, |(status, _)| status)))
    }
}

/// The error as a program reads it.
pub fn print_error(company: Option<CompanyId>, error: &Error) {
    let told = json!({"company_id": company, "success": false, "errors": [error.to_string()]});
    say!("{told}");
}
