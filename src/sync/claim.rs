//! Whose turn it is: a run becomes the running one of its company, or learns why it cannot.

use diesel::prelude::*;

use super::{Run, RunState, history};
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
pub fn claim(db: &Db, company: CompanyId, now_ms: i64, lease_ms: i64) -> Result<Turn> {
    db.write(|conn| {
        abandon(conn, company, now_ms)?;
        if history::running(conn, company)?.is_some() {
            return Ok(Turn::Busy);
        }
        let Some(run) = history::waiting(conn, company)? else {
            return Ok(Turn::Nothing);
        };
        let runner = random_hex::<16>();
        diesel::update(sync_runs::table.find(&run.id))
            .set((
                sync_runs::state.eq(RunState::Running),
                sync_runs::started_at_ms.eq(now_ms),
                sync_runs::lease_until_ms.eq(now_ms + lease_ms),
                sync_runs::runner.eq(&runner),
            ))
            .execute(conn)?;
        let run = Run {
            state: RunState::Running,
            started_at_ms: Some(now_ms),
            ..run
        };
        Ok(Turn::Ours(Box::new(Claim { run, runner })))
    })
}

fn abandon(conn: &mut Conn, company: CompanyId, now_ms: i64) -> Result<()> {
    let lost = sync_runs::table
        .filter(sync_runs::company_id.eq(company))
        .filter(sync_runs::state.eq(RunState::Running))
        .filter(sync_runs::lease_until_ms.lt(now_ms));
    let reason = r#"["The process that ran this sync stopped. Nothing was changed."]"#;
    diesel::update(lost)
        .set((
            sync_runs::state.eq(RunState::Abandoned),
            sync_runs::finished_at_ms.eq(now_ms),
            sync_runs::errors.eq(reason),
        ))
        .execute(conn)?;
    Ok(())
}

/// Says that a run is alive; `false` when it is not ours any more.
pub fn renew(conn: &mut Conn, run: &RunId, runner: &str, until_ms: i64) -> Result<bool> {
    let renewed = diesel::update(held(run, runner))
        .set(sync_runs::lease_until_ms.eq(until_ms))
        .execute(conn)?;
    Ok(renewed == 1)
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
