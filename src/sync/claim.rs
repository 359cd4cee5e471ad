//! Whose turn it is: a run becomes the running one of its company, or learns why it cannot.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::{Progress, Run, RunState, history, schedule};
use crate::companies;
use crate::db::{Conn, Db};
use crate::error::Result;
use crate::ids::{CompanyId, RunId, random_hex};
use crate::schema::sync_runs;

/// The right to finish a run: only the process that holds it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which run.
    pub run: Run,
    /// Random, new with every claim.
    pub runner: String,
}

/// What an attempt to claim found.
#[derive(Debug)]
pub enum Turn {
    /// Run this.
    Ours(Box<Claim>),
    /// Another run of the company is alive; ask again later.
    Busy,
    /// Nothing runs and nothing waits.
    Nothing,
}

/// Claims the run that waits for its turn. A running one whose lease is over becomes `abandoned` first.
///
/// Looks before it writes: while another run is alive, asking costs no lock.
pub fn claim(db: &Db, company: CompanyId, now_ms: i64, lease_ms: i64) -> Result<Turn> {
    match db.read(|conn| look(conn, company, now_ms))? {
        Look::Free => db.write(|conn| claim_in(conn, company, now_ms, lease_ms)),
        Look::Taken => Ok(Turn::Busy),
        Look::Empty => Ok(Turn::Nothing),
    }
}

/// What there is to claim, before anything is locked.
enum Look {
    Free,
    Taken,
    Empty,
}

fn look(conn: &mut Conn, company: CompanyId, now_ms: i64) -> Result<Look> {
    let lost = lost(company, now_ms)
        .select(count_star())
        .get_result::<i64>(conn)?;
    Ok(if lost > 0 {
        Look::Free
    } else if history::running(conn, company)?.is_some() {
        Look::Taken
    } else if history::waiting(conn, company)?.is_some() {
        Look::Free
    } else {
        Look::Empty
    })
}

fn claim_in(conn: &mut Conn, company: CompanyId, now_ms: i64, lease_ms: i64) -> Result<Turn> {
    companies::store::lock(conn, company)?; // what an erasure has begun, this run must know of
    abandon(conn, company, now_ms)?;
    if history::running(conn, company)?.is_some() {
        return Ok(Turn::Busy);
    }
    let Some(run) = history::waiting(conn, company)? else {
        return Ok(Turn::Nothing);
    };
    let runner = random_hex::<16>();
    let still_waits = sync_runs::table
        .find(&run.id)
        .filter(sync_runs::state.eq(RunState::Queued));
    let claimed = diesel::update(still_waits)
        .set((
            sync_runs::state.eq(RunState::Running),
            sync_runs::started_at_ms.eq(now_ms),
            sync_runs::lease_until_ms.eq(now_ms + lease_ms),
            sync_runs::runner.eq(&runner),
        ))
        .execute(conn)?;
    if claimed == 0 {
        return Ok(Turn::Busy); // another process was quicker
    }
    let run = Run {
        state: RunState::Running,
        started_at_ms: Some(now_ms),
        ..run
    };
    Ok(Turn::Ours(Box::new(Claim { run, runner })))
}

/// No lease ends so much later than now, unless the clock was set back since; then its run is lost as well.
const CLOCK_STEP_MS: i64 = 3600 * 1000 + 600_000;

/// Whether a run with this lease is lost: its process died, as far as a clock can tell.
pub fn is_lost(lease_until_ms: Option<i64>, now_ms: i64) -> bool {
    lease_until_ms.is_none_or(|until| until < now_ms || until > now_ms + CLOCK_STEP_MS)
}

/// Running runs of a company whose lease is over; the same rule as [`is_lost`].
#[diesel::dsl::auto_type]
fn lost(company: CompanyId, now_ms: i64) -> _ {
    let of_company: diesel::dsl::Eq<sync_runs::company_id, CompanyId> =
        sync_runs::company_id.eq(company);
    let running: diesel::dsl::Eq<sync_runs::state, RunState> =
        sync_runs::state.eq(RunState::Running);
    let over: diesel::dsl::Lt<sync_runs::lease_until_ms, i64> =
        sync_runs::lease_until_ms.lt(now_ms);
    let beyond: diesel::dsl::Gt<sync_runs::lease_until_ms, i64> =
        sync_runs::lease_until_ms.gt(now_ms + CLOCK_STEP_MS);
    let never: diesel::dsl::IsNull<sync_runs::lease_until_ms> = sync_runs::lease_until_ms.is_null();
    sync_runs::table
        .filter(of_company)
        .filter(running)
        .filter(over.or(beyond).or(never))
}

fn abandon(conn: &mut Conn, company: CompanyId, now_ms: i64) -> Result<()> {
    for run in lost(company, now_ms).select(Run::as_select()).load(conn)? {
        schedule::after_run(conn, &run, schedule::End::Away, now_ms / 1000)?;
    }
    let reason = r#"["The process that ran this sync stopped. Nothing was changed."]"#;
    diesel::update(lost(company, now_ms))
        .set((
            sync_runs::state.eq(RunState::Abandoned),
            sync_runs::finished_at_ms.eq(now_ms),
            sync_runs::errors.eq(reason),
        ))
        .execute(conn)?;
    Ok(())
}

/// What a sign of life came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// The run is still ours.
    Held,
    /// It is, and somebody wants it to stop.
    Cancelled,
    /// It is not ours any more.
    Lost,
}

/// Says that a run is alive and how far it is.
pub fn renew(
    conn: &mut Conn,
    run: &RunId,
    runner: &str,
    until_ms: i64,
    progress: Progress,
) -> Result<Renewed> {
    let renewed = diesel::update(held(run, runner))
        .set((sync_runs::lease_until_ms.eq(until_ms), progress))
        .execute(conn)?;
    if renewed == 0 {
        return Ok(Renewed::Lost);
    }
    let cancelled = held(run, runner).filter(sync_runs::cancelled_by.is_not_null());
    let cancelled = cancelled.count().get_result::<i64>(conn)?;
    Ok(if cancelled == 1 {
        Renewed::Cancelled
    } else {
        Renewed::Held
    })
}

/// The run, while it is running and this runner holds it: every write that ends a run goes through this.
#[diesel::dsl::auto_type]
pub fn held<'a>(run: &'a RunId, runner: &'a str) -> _ {
    let is_running: diesel::dsl::Eq<sync_runs::state, RunState> =
        sync_runs::state.eq(RunState::Running);
    let is_run: diesel::dsl::Eq<sync_runs::id, &'a RunId> = sync_runs::id.eq(run);
    let is_runner: diesel::dsl::Eq<sync_runs::runner, &'a str> = sync_runs::runner.eq(runner);
    sync_runs::table
        .filter(is_run)
        .filter(is_running)
        .filter(is_runner)
}
