//! Health: how each company's data stands at a glance, and the one rule that decides it.

use std::collections::{HashMap, HashSet};

use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Text};

use super::schedule::{self, Rhythm, Schedule};
use super::{Run, RunState};
use crate::companies::{self, Company, State};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, RunId};
use crate::schema::sync_runs;

/// Longest that a company with a schedule may go without a sync that succeeded, in seconds.
pub const LATE_AFTER: i64 = 26 * 3600;

crate::words! {
    /// How a company's data stands, what needs somebody first.
    Health {
        /// A sync of it would remove too much and waits for an admin, whatever came after that one.
        Waiting = "waiting",
        /// The latest sync that came to an end by itself failed or was abandoned, or its schedule's runs fail or cannot be
        /// followed.
        Failing = "failing",
        /// Its schedule runs, but no sync has succeeded for twice its rhythm, or for 26 hours.
        Late = "late",
        /// No sync has succeeded yet.
        Never = "never",
        /// No schedule keeps it fresh: there is none, or it is off or paused.
        Unscheduled = "unscheduled",
        /// Its schedule runs, and the data is as young as that promises.
        OnTime = "on_time",
        /// Moodle has it as suspended.
        Suspended = "suspended",
        /// Moodle does not have it any more: no sync can succeed, and its rows stay as they are.
        Gone = "gone",
    }
}

/// A company, and how its data stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The company.
    pub company: Company,
    /// What its clients are served.
    pub state: State,
    /// The run that was asked for last, previews left out.
    pub latest: Option<Run>,
    /// The latest run that came to an end by itself, previews left out: not one that goes on, and not one that somebody
    /// cancelled.
    pub ended: Option<Run>,
    /// When it is synced by itself.
    pub schedule: Option<Schedule>,
    /// In one word.
    pub health: Health,
}

impl Standing {
    /// The run that says that its syncs fail: the page and the alert `sync_failed` ask here.
    ///
    /// A company that is not in use has none: nobody can mend it.
    pub fn failed(&self) -> Option<&Run> {
        let ended = self.ended.as_ref().filter(|run| has_failed(run.state));
        ended.filter(|_| self.company.is_in_use())
    }

    /// Whether the clock cannot follow its schedule.
    pub fn is_stuck(&self) -> bool {
        let problem = self.schedule.as_ref().and_then(|set| set.problem.as_ref());
        problem.is_some() && self.company.is_in_use()
    }

    /// When the clock will ask for the next run, as the scheduler has it; `None` while it will not.
    pub fn next_run_at(&self) -> Option<i64> {
        self.schedule.as_ref()?.due_of(&self.company)
    }
}

/// How one company, or every one by name, stands at `now` (UTC seconds): seven statements, however many there are.
pub fn standings(conn: &mut Conn, only: Option<CompanyId>, now: i64) -> Result<Vec<Standing>> {
    let (mut latest, mut ended) = (latest_runs(conn)?, ended_runs(conn)?);
    let asked = asked(conn)?;
    let mut schedules: HashMap<CompanyId, Schedule> = schedule::store::list(conn)?
        .into_iter()
        .map(|schedule| (schedule.company, schedule))
        .collect();
    let mine = |(company, _): &(Company, State)| only.is_none_or(|only| only == company.id);
    let known = companies::store::list(conn)?.into_iter().filter(mine);
    let standing = |(company, state): (Company, State)| {
        let (latest, schedule) = (latest.remove(&company.id), schedules.remove(&company.id));
        let ended = ended.remove(&company.id);
        Standing {
            health: match (company.gone, company.suspended) {
                (true, _) => Health::Gone,
                (false, true) => Health::Suspended,
                _ if asked.contains(&company.id) => Health::Waiting,
                _ => health(&state, ended.as_ref(), schedule.as_ref(), now),
            },
            company,
            state,
            latest,
            ended,
            schedule,
        }
    };
    Ok(known.map(standing).collect())
}

/// The rule for a company that is in use and in which nothing waits for an admin: see [`Health`].
fn health(state: &State, ended: Option<&Run>, schedule: Option<&Schedule>, now: i64) -> Health {
    let has_failed = ended.is_some_and(|run| has_failed(run.state));
    let broken =
        schedule.is_some_and(|schedule| schedule.attempts > 0 || schedule.problem.is_some());
    let rhythm = schedule.filter(|schedule| schedule.is_active());
    match (
        state.synced_at,
        rhythm.and_then(|schedule| patience(schedule.rhythm)),
    ) {
        _ if broken || has_failed => Health::Failing,
        (None, _) => Health::Never,
        (_, None) => Health::Unscheduled,
        (Some(synced_at), Some(patience)) if now - synced_at > patience => Health::Late,
        _ => Health::OnTime,
    }
}

/// Whether a run ended without doing what it should, and not because somebody wanted that.
fn has_failed(state: RunState) -> bool {
    matches!(state, RunState::Failed | RunState::Abandoned)
}

/// How old data may become under a rhythm, in seconds; `None` for [`Rhythm::Off`].
fn patience(rhythm: Rhythm) -> Option<i64> {
    match rhythm {
        Rhythm::Off => None,
        Rhythm::Minutes(every) => Some((2 * 60 * i64::from(every)).min(LATE_AFTER)),
        Rhythm::Hourly(..) => Some(2 * 3600),
        Rhythm::Daily(..) => Some(LATE_AFTER),
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    id: RunId,
}

/// The run of each company that was asked for last, previews left out: one look into the index per company.
fn latest_runs(conn: &mut Conn) -> Result<HashMap<CompanyId, Run>> {
    latest_that(conn, "dry_run = false")
}

/// The same of those runs that came to an end by themselves.
fn ended_runs(conn: &mut Conn) -> Result<HashMap<CompanyId, Run>> {
    latest_that(
        conn,
        "dry_run = false and state not in ('queued', 'running', 'cancelled')",
    )
}

/// The latest run of each company that is so, in SQL.
fn latest_that(conn: &mut Conn, is: &str) -> Result<HashMap<CompanyId, Run>> {
    let ids: Vec<Found> = sql_query(format!(
        "select latest.id as id from companies join sync_runs latest on latest.id = \
         (select id from sync_runs where company_id = companies.id and {is} \
         order by requested_at_ms desc, id desc limit 1)"
    ))
    .load(conn)?;
    runs(conn, ids.into_iter().map(|found| found.id).collect())
}

/// The latest full comparison of each of these companies that used the saved settings, whatever came of it.
pub(super) fn latest_comparisons(
    conn: &mut Conn,
    companies: &[CompanyId],
) -> Result<HashMap<CompanyId, Run>> {
    if companies.is_empty() {
        return Ok(HashMap::new());
    }
    let list: Vec<String> = companies
        .iter()
        .map(|company| company.0.to_string())
        .collect();
    let ids: Vec<Found> = sql_query(format!(
        "select latest.id as id from companies join sync_runs latest on latest.id = \
         (select id from sync_runs where company_id = companies.id and mode = 'full' and shape is null \
         and state in ('succeeded', 'partial', 'needs_confirmation', 'confirmed', 'rejected') \
         order by requested_at_ms desc, id desc limit 1) where companies.id in ({})",
        list.join(", ")
    ))
    .load(conn)?;
    runs(conn, ids.into_iter().map(|found| found.id).collect())
}

fn runs(conn: &mut Conn, ids: Vec<RunId>) -> Result<HashMap<CompanyId, Run>> {
    let mut found = HashMap::new();
    for some in ids.chunks(5000) {
        let runs: Vec<Run> = sync_runs::table
            .filter(sync_runs::id.eq_any(some))
            .select(Run::as_select())
            .load(conn)?;
        found.extend(runs.into_iter().map(|run| (run.company_id, run)));
    }
    Ok(found)
}

/// The first of the runs that wait for an admin's word, the oldest first, of one company or of all. How many there are is
/// for [`history::count_in`](super::history::count_in) to say.
pub fn waiting(conn: &mut Conn, only: Option<CompanyId>, most: i64) -> Result<Vec<Run>> {
    let mut runs = sync_runs::table.filter(undecided()).into_boxed();
    if let Some(company) = only {
        runs = runs.filter(sync_runs::company_id.eq(company));
    }
    Ok(runs
        .order(sync_runs::requested_at_ms)
        .limit(most)
        .select(Run::as_select())
        .load(conn)?)
}

/// The companies in which a run waits for an admin's word.
fn asked(conn: &mut Conn) -> Result<HashSet<CompanyId>> {
    let asked: Vec<CompanyId> = sync_runs::table
        .filter(undecided())
        .select(sync_runs::company_id)
        .load(conn)?;
    Ok(asked.into_iter().collect())
}

/// The runs that wait for an admin's word. The word is in the text: the index is of these runs only.
fn undecided() -> SqlLiteral<Bool> {
    diesel::dsl::sql("state = 'needs_confirmation'")
}
