//! Sync history: every run that was asked for, newest first.

use std::collections::HashMap;

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::labels::{self, Choice};
use super::{Chrome, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies;
use crate::ids::{CompanyId, RunId};
use crate::sync::history::{self, Filter, Mark};
use crate::sync::{Run, RunState, Trigger};

/// Runs on one page.
const PER_PAGE: usize = 25;

/// The history.
#[derive(Template)]
#[template(path = "sync/history.html")]
pub struct HistoryPage {
    chrome: Chrome,
    runs: Vec<Line>,
    companies: Vec<Choice>,
    states: Vec<Choice>,
    triggers: Vec<Choice>,
    newest: Option<String>,
    older: Option<String>,
    filtered: bool,
}

/// A run with the name of its company.
struct Line {
    run: Run,
    company: String,
}

/// Which runs, as the address says it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct View {
    company: String,
    state: String,
    trigger: String,
    after: String,
}

impl View {
    fn filter(&self) -> Result<Filter, PageError> {
        Ok(Filter {
            company: labels::chosen("the company", &self.company)?,
            state: labels::chosen("the state", &self.state)?,
            trigger: labels::chosen("the trigger", &self.trigger)?,
            dry_run: None,
        })
    }

    /// Where the page before this one ended: time and id of its last run.
    fn mark(&self) -> Result<Option<Mark>, PageError> {
        if self.after.is_empty() {
            return Ok(None);
        }
        let mark = self.after.split_once('.').and_then(|(time, id)| {
            Some(Mark {
                requested_at_ms: time.parse().ok()?,
                id: RunId(id.to_owned()),
            })
        });
        mark.map(Some)
            .ok_or_else(|| PageError::BadRequest("this page of the history does not exist".into()))
    }

    fn address(&self, after: &str) -> String {
        let path = "/sync/history?".to_owned();
        let start = path.len();
        let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
        let fields = [
            ("company", self.company.as_str()),
            ("state", &self.state),
            ("trigger", &self.trigger),
            ("after", after),
        ];
        query.extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }
}

/// `GET /sync/history`
pub async fn show_history(
    admin: SignedIn,
    app: Data<App>,
    view: Query<View>,
) -> Result<Page<HistoryPage>, PageError> {
    let (filter, mark) = (view.filter()?, view.mark()?);
    let first = mark.is_none();
    let read = app.db.run(move |conn| {
        let runs = history::page(conn, filter, mark.as_ref(), PER_PAGE as i64 + 1)?;
        Ok((runs, companies::store::list(conn)?))
    });
    let (mut runs, known) = read.await?;
    let more = runs.len() > PER_PAGE;
    runs.truncate(PER_PAGE);
    let last = runs
        .last()
        .filter(|_| more)
        .map(|run| format!("{}.{}", run.requested_at_ms, run.id));
    let names: Vec<(CompanyId, String)> = known
        .into_iter()
        .map(|(company, _)| (company.id, company.name))
        .collect();
    Ok(Page(HistoryPage {
        chrome: admin.chrome(Tab::History),
        runs: lines(runs, &names),
        companies: labels::named(names, filter.company),
        states: labels::choices(RunState::ALL, filter.state),
        triggers: labels::choices(Trigger::ALL, filter.trigger),
        newest: (!first).then(|| view.address("")),
        older: last.map(|last| view.address(&last)),
        filtered: filter != Filter::default(),
    }))
}

fn lines(runs: Vec<Run>, names: &[(CompanyId, String)]) -> Vec<Line> {
    let names: HashMap<CompanyId, &str> = names
        .iter()
        .map(|(id, name)| (*id, name.as_str()))
        .collect();
    let line = |run: Run| Line {
        company: names
            .get(&run.company_id)
            .copied()
            .unwrap_or("unknown")
            .to_owned(),
        run,
    };
    runs.into_iter().map(line).collect()
}
