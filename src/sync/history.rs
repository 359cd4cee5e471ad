//! Runs that were asked for, newest first, and one run by its id.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Text};

use super::{Mode, Run, RunState, Trigger};
use crate::db::Conn;
use crate::error::{OrNotFound, Result};
use crate::ids::{CompanyId, RunId};
use crate::schema::sync_runs;

/// Which runs to list. Empty means all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this company's.
    pub company: Option<CompanyId>,
    /// Only those that stand here.
    pub state: Option<RunState>,
    /// Only those asked for by this door.
    pub trigger: Option<Trigger>,
    /// Only those that read so much.
    pub mode: Option<Mode>,
    /// Only previews, or only those that were to write.
    pub dry_run: Option<bool>,
    /// Only those asked for from this moment on, UTC milliseconds.
    pub from_ms: Option<i64>,
    /// Only those asked for before this moment.
    pub until_ms: Option<i64>,
}

/// Where a page ended: the next one begins after this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The run's `requested_at_ms`.
    pub requested_at_ms: i64,
    /// The run's id.
    pub id: RunId,
}

/// Runs after a mark, newest first.
pub fn page(conn: &mut Conn, filter: Filter, after: Option<&Mark>, limit: i64) -> Result<Vec<Run>> {
    let mut runs = sync_runs::table.into_boxed();
    if let Some(company) = filter.company {
        runs = runs.filter(sync_runs::company_id.eq(company));
    }
    if let Some(state) = filter.state {
        runs = runs.filter(sync_runs::state.eq(state));
    }
    if let Some(dry_run) = filter.dry_run {
        runs = runs.filter(sync_runs::dry_run.eq(dry_run));
    }
    if let Some(trigger) = filter.trigger {
        runs = runs.filter(sync_runs::trigger.eq(trigger));
    }
    if let Some(mode) = filter.mode {
        runs = runs.filter(sync_runs::mode.eq(mode));
    }
    if let Some(from_ms) = filter.from_ms {
        runs = runs.filter(sync_runs::requested_at_ms.ge(from_ms));
    }
    if let Some(until_ms) = filter.until_ms {
        runs = runs.filter(sync_runs::requested_at_ms.lt(until_ms));
    }
    if let Some(Mark {
        requested_at_ms,
        id,
    }) = after
    {
        let same_moment = sync_runs::requested_at_ms
            .eq(*requested_at_ms)
            .and(sync_runs::id.lt(id.clone()));
        runs = runs.filter(
            sync_runs::requested_at_ms
                .lt(*requested_at_ms)
                .or(same_moment),
        );
    }
    let found = runs
        .order((sync_runs::requested_at_ms.desc(), sync_runs::id.desc()))
        .limit(limit)
        .select(Run::as_select())
        .load(conn)?;
    Ok(found)
}

/// How many runs wait, work, or ask an admin.
pub fn unfinished(conn: &mut Conn) -> Result<Vec<(RunState, i64)>> {
    let states = [
        RunState::Queued,
        RunState::Running,
        RunState::NeedsConfirmation,
    ];
    let mut found = Vec::new();
    for state in states {
        found.push((state, count_in(conn, state, None)?));
    }
    Ok(found)
}

/// How many runs stand somewhere, of one company or of all.
pub fn count_in(conn: &mut Conn, state: RunState, only: Option<CompanyId>) -> Result<i64> {
    // The word is in the text: some indexes are of the runs of one state only.
    let is = sql::<Bool>(&format!("state = '{state}'"));
    let mut runs = sync_runs::table.filter(is).into_boxed();
    if let Some(company) = only {
        runs = runs.filter(sync_runs::company_id.eq(company));
    }
    Ok(runs.count().get_result(conn)?)
}

/// The newest run of one mode that came to its end, of one company or of any: what the next one will be like.
pub fn last_of(conn: &mut Conn, mode: Mode, company: Option<CompanyId>) -> Result<Option<Run>> {
    let mut runs = sync_runs::table
        .filter(sync_runs::mode.eq(mode))
        .filter(sync_runs::state.eq_any([RunState::Succeeded, RunState::Partial]))
        .filter(sync_runs::dry_run.eq(false))
        .into_boxed();
    if let Some(company) = company {
        runs = runs.filter(sync_runs::company_id.eq(company));
    }
    Ok(runs
        .order(sync_runs::requested_at_ms.desc())
        .limit(1)
        .select(Run::as_select())
        .get_result(conn)
        .optional()?)
}

/// The run that brought rows and ended last, of one company or of any: one look into the index per company.
///
/// The runs of a company end in the order in which they were asked for; those of several companies do not.
pub fn last_success(conn: &mut Conn, company: Option<CompanyId>) -> Result<Option<Run>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Text)]
        id: RunId,
    }
    let only = company.map_or(String::new(), |id| format!("where companies.id = {id}"));
    let found: Option<Found> = sql_query(format!(
        "select latest.id as id from companies join sync_runs latest on latest.id = \
         (select id from sync_runs where company_id = companies.id and dry_run = false \
         and mode in ('changes', 'full', 'cleanup') and state in ('succeeded', 'partial') \
         order by requested_at_ms desc, finished_at_ms desc limit 1) {only} \
         order by latest.finished_at_ms desc limit 1"
    ))
    .get_result(conn)
    .optional()?;
    match found {
        Some(Found { id }) => any(conn, &id),
        None => Ok(None),
    }
}

/// The run that carries out what an admin confirmed.
pub fn confirming(conn: &mut Conn, confirmed: &RunId) -> Result<Option<Run>> {
    Ok(sync_runs::table
        .filter(sync_runs::confirms.eq(confirmed))
        .order(sync_runs::requested_at_ms.desc())
        .limit(1)
        .select(Run::as_select())
        .get_result(conn)
        .optional()?)
}

/// A company's run, or `NotFound`; another company's is not found either.
pub fn get(conn: &mut Conn, company: CompanyId, run: &RunId) -> Result<Run> {
    find(conn, company, run)?.or_not_found("the sync run")
}

/// A company's run.
pub fn find(conn: &mut Conn, company: CompanyId, run: &RunId) -> Result<Option<Run>> {
    Ok(any(conn, run)?.filter(|found| found.company_id == company))
}

/// A run of whichever company, for those who may see all of them.
pub fn any(conn: &mut Conn, run: &RunId) -> Result<Option<Run>> {
    Ok(sync_runs::table
        .find(run.clone())
        .select(Run::as_select())
        .get_result(conn)
        .optional()?)
}

/// The run of a company that waits for its turn.
pub fn waiting(conn: &mut Conn, company: CompanyId) -> Result<Option<Run>> {
    in_state(conn, company, RunState::Queued)
}

/// The run of a company that runs now.
pub fn running(conn: &mut Conn, company: CompanyId) -> Result<Option<Run>> {
    in_state(conn, company, RunState::Running)
}

fn in_state(conn: &mut Conn, company: CompanyId, state: RunState) -> Result<Option<Run>> {
    let found = sync_runs::table
        .filter(
            sync_runs::company_id
                .eq(company)
                .and(sync_runs::state.eq(state)),
        )
        .select(Run::as_select())
        .get_result(conn)
        .optional()?;
    Ok(found)
}
