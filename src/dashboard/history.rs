//! Sync history: every run that was asked for, newest first, and the calendar of the last weeks.

use std::collections::HashMap;

use actix_web::web::{Data, Query};
use askama::Template;

use super::calendar::{self, Calendar};
use super::company_field::CompanyField;
use super::history_view::Chip;
use super::labels::{self, Choice};
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies;
use crate::ids::CompanyId;
use crate::sync::history::{self, Filter};
use crate::sync::{Mode, Run, RunState, Trigger, calendar as days};

pub use super::history_view::View;

/// Runs on one page.
const PER_PAGE: usize = 25;

/// The history.
#[derive(Template)]
#[template(path = "sync/history.html")]
pub struct HistoryPage {
    chrome: Chrome,
    view: View,
    calendar: Calendar,
    chips: Vec<Chip>,
    runs: Vec<Line>,
    companies: CompanyField,
    states: Vec<Choice>,
    triggers: Vec<Choice>,
    modes: Vec<Choice>,
    previews: Vec<Choice>,
    newest: Option<String>,
    older: Option<String>,
    download: Downloads,
}

impl HistoryPage {
    /// The boxes to choose from: field, name, choices.
    fn selects(&self) -> [(&'static str, &'static str, &[Choice]); 4] {
        [
            ("state", "State", &self.states),
            ("trigger", "Trigger", &self.triggers),
            ("mode", "Mode", &self.modes),
            ("dry_run", "Previews", &self.previews),
        ]
    }
}

/// A run with the name of its company.
struct Line {
    run: Run,
    company: String,
}

/// `GET /sync/history`
pub async fn show_history(
    admin: SignedIn,
    app: Data<App>,
    view: Query<View>,
) -> Result<Page<HistoryPage>, PageError> {
    let (mut view, only) = (view.into_inner(), admin.session.only);
    view.resolve(&admin, &app).await?;
    let chrome = admin.chrome(Tab::History);
    let zone = chrome.reading.zone;
    let (filter, mark) = (view.filter(zone, only)?, view.mark()?);
    let extent = calendar::extent(chrome.now, zone);
    let newest = mark.as_ref().map(|_| view.address(""));
    let read = app.db.run(move |conn| {
        let runs = history::page(conn, filter, mark.as_ref(), PER_PAGE as i64 + 1)?;
        let days = days::days(conn, filter.company, extent, zone)?;
        Ok((runs, days, companies::store::names(conn, only)?))
    });
    let (mut runs, days, names) = read.await?;
    let older = next_page(&mut runs);
    Ok(Page(HistoryPage {
        runs: lines(runs, &names),
        calendar: calendar::strip(&days, &view),
        chips: view.chips(&names),
        companies: CompanyField::of(names, filter.company),
        states: labels::choices(RunState::ALL, filter.state),
        triggers: labels::choices(Trigger::ALL, filter.trigger),
        modes: labels::choices(Mode::ALL, filter.mode),
        previews: view.previews(),
        newest,
        older: older.map(|last| view.address(&last)),
        download: view.downloads(is_filtered(filter, only)),
        chrome,
        view,
    }))
}

fn is_filtered(filter: Filter, only: Option<CompanyId>) -> bool {
    let everything = Filter {
        company: only,
        ..Filter::default()
    };
    filter != everything
}

/// Leaves one page of runs, and says where the next one begins.
fn next_page(runs: &mut Vec<Run>) -> Option<String> {
    let more = runs.len() > PER_PAGE;
    runs.truncate(PER_PAGE);
    let last = runs.last().filter(|_| more);
    last.map(|run| format!("{}.{}", run.requested_at_ms, run.id))
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
