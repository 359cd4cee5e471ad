//! The page Run Manual Sync: how things stand, and a form for each kind of sync.

use askama::Template;

use super::company_field::CompanyField;
use super::sync::Wish;
use super::{Chrome, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::language::Said;
use crate::sync::{Mode, Run, RunState, history};

/// What to sync.
#[derive(Template)]
#[template(path = "sync/form.html")]
pub struct FormPage {
    chrome: Chrome,
    has_moodle: bool,
    status: Status,
    forms: Vec<Form>,
    /// What is wrong with an address that names no form.
    error: Option<Said>,
}

/// How things stand.
struct Status {
    companies: usize,
    never_synced: usize,
    records: i64,
    last: Option<Run>,
    running: i64,
    waiting: i64,
}

/// One kind of sync.
struct Form {
    mode: Mode,
    companies: CompanyField,
    /// Whether all companies can be chosen, and are.
    all: Option<bool>,
    hours_back: String,
    dry_run: bool,
    last: Option<Last>,
    error: Option<Said>,
}

/// The newest sync of a kind.
struct Last {
    run: Run,
    /// Its company: hostile text.
    company: String,
}

impl Last {
    fn seconds(&self) -> i64 {
        self.run
            .statistics()
            .map_or(0, |done| done.duration_seconds)
    }
}

impl FormPage {
    fn is_wrong(&self) -> bool {
        self.error.is_some() || self.forms.iter().any(|form| form.error.is_some())
    }
}

/// The page, with a wish filled in and what is wrong with it.
pub(super) async fn page(
    admin: &SignedIn,
    app: &App,
    wish: &Wish,
    error: Option<Said>,
) -> Result<FormPage> {
    let only = admin.session.only;
    let chosen: Option<CompanyId> = wish.company.parse().ok();
    let read = app.db.run(move |conn| {
        let mut known = companies::store::list(conn)?;
        known.retain(|(company, _)| only.is_none_or(|only| only == company.id));
        let status = status(conn, &known, only)?;
        let last = last(conn, &known, only.or(chosen))?;
        Ok((known, status, last))
    });
    let (known, status, last) = read.await?;
    let form = |(mode, last): (Mode, Option<Last>)| {
        let meant = wish.mode().is_none_or(|meant| meant == mode);
        let names = known
            .iter()
            .map(|(company, _)| (company.id, company.name.clone()));
        Form {
            mode,
            companies: CompanyField::of(names.collect(), only.or(chosen)).or_typed(&wish.company),
            all: only.is_none().then_some(wish.is_of_all()),
            hours_back: match wish.hours_back.as_str() {
                "" => "24".into(),
                typed => typed.into(),
            },
            dry_run: meant && wish.dry_run,
            last,
            error: error.clone().filter(|_| wish.mode() == Some(mode)),
        }
    };
    Ok(FormPage {
        chrome: admin.chrome(Tab::Sync),
        has_moodle: app.moodle.is_some(),
        forms: last.into_iter().map(form).collect(),
        status,
        error: error.filter(|_| wish.mode().is_none()),
    })
}

fn status(conn: &mut Conn, known: &[(Company, State)], only: Option<CompanyId>) -> Result<Status> {
    Ok(Status {
        companies: known.len(),
        never_synced: known
            .iter()
            .filter(|(_, state)| state.synced_at.is_none())
            .count(),
        records: known.iter().map(|(_, state)| state.totals.enrolments).sum(),
        last: history::last_success(conn, only)?,
        running: history::count_in(conn, RunState::Running, only)?,
        waiting: history::count_in(conn, RunState::Queued, only)?,
    })
}

/// The newest sync of each kind: of the company in question, else of any.
fn last(
    conn: &mut Conn,
    known: &[(Company, State)],
    company: Option<CompanyId>,
) -> Result<Vec<(Mode, Option<Last>)>> {
    let of = |mode| {
        let run = history::last_of(conn, mode, company)?;
        let last = run.map(|run| {
            let found = known
                .iter()
                .find(|(company, _)| company.id == run.company_id);
            Last {
                company: found
                    .map(|(company, _)| company.name.clone())
                    .unwrap_or_default(),
                run,
            }
        });
        Ok((mode, last))
    };
    [Mode::Changes, Mode::Full, Mode::Cleanup]
        .into_iter()
        .map(of)
        .collect()
}
