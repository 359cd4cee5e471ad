//! The change log: every changed row of one company or of all, newest first.

use std::collections::HashMap;

use actix_web::web::{Data, Path, Query};
use askama::Template;

use super::changes_view::View;
use super::company_field::{self, CompanyField};
use super::company_nav::Part;
use super::labels::{self, Choice};
use super::overview::seen;
use super::run_changes::{Change, change};
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies::{self, Company};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, RunId};
use crate::sync::log::{self, Entry, Filter, From, Mark};
use crate::sync::plan::Kind;

/// Lines on one page.
const PER_PAGE: usize = 50;

/// The change log.
#[derive(Template)]
#[template(path = "changes/changes.html")]
pub struct ChangesPage {
    chrome: Chrome,
    /// Whose log it is; `None` for that of all companies.
    company: Option<Company>,
    path: String,
    view: View,
    kinds: Vec<Choice>,
    companies: CompanyField,
    lines: Vec<Line>,
    newer: Option<String>,
    older: Option<String>,
    days: Option<i64>,
}

/// One line of the log.
pub struct Line {
    /// When its run was published, in UTC milliseconds.
    pub at_ms: i64,
    /// By which run.
    pub run: RunId,
    /// The company's version after it.
    pub version: i64,
    /// The name of its company.
    pub company: String,
    /// What happened to which row.
    pub change: Change,
}

/// `GET /changes`: those of all companies, or of the one that the form chose.
pub async fn show_changes(
    admin: SignedIn,
    app: Data<App>,
    view: Query<View>,
) -> std::result::Result<Page<ChangesPage>, PageError> {
    let mut view = view.into_inner();
    company_field::resolve(&admin, &app, &mut view.company).await?;
    let chosen = admin.narrowed(view.company()?)?;
    show(admin, &app, None, chosen, view).await
}

/// `GET /companies/{company}/changes`
pub async fn show_company_changes(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
    view: Query<View>,
) -> std::result::Result<Page<ChangesPage>, PageError> {
    let company = company.into_inner();
    let mut view = view.into_inner();
    view.company.clear();
    show(admin, &app, Some(company), Some(company), view).await
}

async fn show(
    admin: SignedIn,
    app: &App,
    of: Option<CompanyId>,
    chosen: Option<CompanyId>,
    view: View,
) -> std::result::Result<Page<ChangesPage>, PageError> {
    let (filter, place) = (view.filter(admin.session.reading.zone)?, view.place()?);
    let (kind, only) = (filter.kind, admin.only());
    let read = app.db.run(move |conn| {
        let known = known(conn, only)?;
        let wanted = wanted(conn, &known, of.or(chosen))?;
        let found = neighbours(conn, &wanted, &filter, place)?;
        Ok((known, found))
    });
    let (known, found) = read.await?;
    let company = of.and_then(|id| known.iter().find(|known| known.id == id).cloned());
    let path = of.map_or("/changes".into(), |id| format!("/companies/{id}/changes"));
    let names = names(&known);
    let lines = found.entries.into_iter().map(|entry| line(entry, &names));
    Ok(Page(ChangesPage {
        chrome: admin.chrome(Tab::Changes),
        kinds: labels::choices(Kind::ALL, kind),
        newer: found
            .newer
            .map(|mark| view.address(&path, Some(("after", mark)))),
        older: found
            .older
            .map(|mark| view.address(&path, Some(("before", mark)))),
        lines: lines.collect(),
        companies: CompanyField::of(
            known.into_iter().map(|one| (one.id, one.name)).collect(),
            chosen,
        ),
        days: app.keeping().await?.changes_days,
        company,
        path,
        view,
    }))
}

impl ChangesPage {
    /// This list as files: all of its pages.
    fn downloads(&self) -> Downloads {
        let address = self.view.address(&self.path, None);
        Downloads::at("lines", address).filtered(self.view.is_filtered())
    }
}

/// Every company that the reader may see, by name.
pub(super) fn known(conn: &mut Conn, only: Option<CompanyId>) -> Result<Vec<Company>> {
    let known = seen(conn, only)?.into_iter();
    Ok(known.map(|(company, _)| company).collect())
}

/// The companies whose lines are asked for; an unknown one is not found.
pub(super) fn wanted(
    conn: &mut Conn,
    known: &[Company],
    chosen: Option<CompanyId>,
) -> Result<Vec<CompanyId>> {
    match chosen {
        Some(company) => companies::store::get(conn, company).map(|(company, _)| vec![company.id]),
        None => Ok(known.iter().map(|company| company.id).collect()),
    }
}

/// The names of companies by their ids.
pub(super) fn names(known: &[Company]) -> HashMap<CompanyId, String> {
    known
        .iter()
        .map(|company| (company.id, company.name.clone()))
        .collect()
}

/// A line with the name of its company.
pub(super) fn line(entry: Entry, names: &HashMap<CompanyId, String>) -> Line {
    let company = entry.change.row.company_id;
    Line {
        at_ms: entry.at_ms,
        run: entry.run,
        version: entry.change.seq,
        company: names.get(&company).cloned().unwrap_or_default(),
        change: change(entry.change),
    }
}

/// One page, and where its neighbours begin.
struct Found {
    entries: Vec<Entry>,
    newer: Option<Mark>,
    older: Option<Mark>,
}

/// Reads one line more than fits: whether there is more that way is known then; the other way there is what we came from.
fn neighbours(
    conn: &mut Conn,
    companies: &[CompanyId],
    filter: &Filter,
    place: From,
) -> Result<Found> {
    let mut entries = log::page(conn, companies, filter, place, PER_PAGE as i64 + 1)?;
    let more = entries.len() > PER_PAGE;
    let forward = matches!(place, From::After(_));
    if more && forward {
        entries.remove(0);
    }
    entries.truncate(PER_PAGE);
    let first = entries.first().map(Entry::mark);
    let last = entries.last().map(Entry::mark);
    let (newer, older) = match place {
        From::Newest => (None, last.filter(|_| more)),
        From::Before(mark) => (first.or(Some(mark)), last.filter(|_| more)),
        From::After(mark) => (first.filter(|_| more), last.or(Some(mark))),
    };
    Ok(Found {
        entries,
        newer,
        older,
    })
}
