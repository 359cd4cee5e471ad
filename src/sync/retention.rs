//! How long details are kept: old lines of the change log and of plans are let go, the runs and their counts stay.

use std::sync::Arc;

use diesel::dsl::exists;
use diesel::prelude::*;

use super::{Mode, Run, RunState};
use crate::app::App;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::RunId;
use crate::schema::{
    sync_changes, sync_keys, sync_plan_lines, sync_run_courses, sync_runs, sync_unread,
};
use crate::settings::keeping::{self, Configured};
use crate::time::now_ms;

const DAY_MS: i64 = 86_400_000;
/// How long the lines of plans are kept, and what a comparison says of courses after a later one has said it, in days.
pub const PLANS_DAYS: i64 = 30;
/// How long a key that joined a run is known after that run has ended, in days. A key that made its run is known for ever.
pub const KEYS_DAYS: i64 = 30;
/// Lines per transaction: the writer is free again after milliseconds.
const BATCH: i64 = 5_000;
/// Runs per look.
const RUNS: i64 = 100;

/// What was let go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Runs whose lines are gone.
    pub runs: i64,
    /// Lines of the change log.
    pub changes: i64,
    /// Lines of plans.
    pub plans: i64,
    /// Lines about rows that could not be read.
    pub unread: i64,
    /// Idempotency keys that had joined a run.
    pub keys: i64,
    /// Lines about courses, of comparisons that have a later one.
    pub courses: i64,
}

/// Lets go the lines of runs that ended before the days that are kept. Blocking.
///
/// The same again finds nothing; killed half-way, the next time goes on.
pub fn compact(app: &App, now_ms: i64) -> Result<Compacted> {
    let mut done = Compacted::default();
    let kept = app
        .db
        .read(|conn| keeping::read(conn, Configured::of(&app.config)))?;
    if let Some(days) = kept.changes_days {
        let before_ms = now_ms - days * DAY_MS;
        loop {
            let runs = app.db.read(|conn| old_runs(conn, before_ms))?;
            if runs.is_empty() {
                break;
            }
            for run in runs {
                done.changes += let_go(app, &run, now_ms)?;
                done.runs += 1;
            }
        }
        done.unread = let_unread_go(app, before_ms)?;
    }
    done.plans = let_plans_go(app, now_ms)?;
    done.keys = let_keys_go(app, now_ms)?;
    done.courses = let_courses_go(app, now_ms)?;
    Ok(done)
}

/// How many lines of the change log a run wrote after a version: fewer are there only where they were let go.
pub fn lines_after(run: &Run, after: i64) -> i64 {
    let span = run.counts.version_before.zip(run.counts.version_after);
    let span = span.filter(|_| run.published());
    span.map_or(0, |(before, last)| (last - before.max(after)).max(0))
}

/// Whether a run has lines of the change log from before a moment.
macro_rules! has_old_lines {
    ($before_ms:expr) => {
        sync_runs::state
            .eq_any([RunState::Succeeded, RunState::Partial])
            .and(sync_runs::dry_run.eq(false))
            .and(sync_runs::compacted_at.is_null())
            .and(sync_runs::finished_at_ms.lt($before_ms))
            .and(sync_runs::version_after.gt(sync_runs::version_before))
    };
}

/// How many lines [`compact`] would let go that are from before a moment: of the change log, and about rows that could not
/// be read.
pub fn count_before(conn: &mut Conn, before_ms: i64) -> Result<i64> {
    let lines: i64 = sync_changes::table
        .inner_join(sync_runs::table)
        .filter(has_old_lines!(before_ms))
        .count()
        .get_result(conn)?;
    let unread: i64 = sync_unread::table
        .inner_join(sync_runs::table)
        .filter(sync_runs::finished_at_ms.lt(before_ms))
        .count()
        .get_result(conn)?;
    Ok(lines + unread)
}

/// The next of them, oldest first.
fn old_runs(conn: &mut Conn, before_ms: i64) -> Result<Vec<Run>> {
    let found = sync_runs::table
        .filter(has_old_lines!(before_ms))
        .order((sync_runs::finished_at_ms, sync_runs::id))
        .limit(RUNS)
        .select(Run::as_select())
        .load(conn)?;
    Ok(found)
}

/// Deletes a run's lines, whose versions follow one another, and then marks the run.
fn let_go(app: &App, run: &Run, now_ms: i64) -> Result<i64> {
    let (mut from, mut gone) = (run.counts.version_before.unwrap_or(0), 0);
    let last = run.counts.version_after.unwrap_or(0);
    while from < last {
        let until = (from + BATCH).min(last);
        gone += app.db.write(|conn| {
            let lines = sync_changes::company_id
                .eq(run.company_id)
                .and(sync_changes::seq.gt(from))
                .and(sync_changes::seq.le(until))
                .and(sync_changes::run_id.eq(&run.id));
            Ok(diesel::delete(sync_changes::table.filter(lines)).execute(conn)?)
        })?;
        from = until;
    }
    app.db.write(|conn| mark(conn, &run.id, now_ms))?;
    Ok(gone as i64)
}

fn mark(conn: &mut Conn, run: &RunId, now_ms: i64) -> Result<()> {
    diesel::update(sync_runs::table.find(run))
        .set(sync_runs::compacted_at.eq(now_ms.div_euclid(1000)))
        .execute(conn)?;
    Ok(())
}

fn let_unread_go(app: &App, before_ms: i64) -> Result<i64> {
    let mut gone = 0;
    loop {
        let runs = app.db.read(|conn| old_unread(conn, before_ms))?;
        if runs.is_empty() {
            return Ok(gone as i64);
        }
        let lines = sync_unread::table.filter(sync_unread::run_id.eq_any(&runs));
        gone += app
            .db
            .write(|conn| Ok(diesel::delete(lines.clone()).execute(conn)?))?;
    }
}

fn old_unread(conn: &mut Conn, before_ms: i64) -> Result<Vec<RunId>> {
    let found = sync_unread::table
        .inner_join(sync_runs::table)
        .filter(sync_runs::finished_at_ms.lt(before_ms))
        .select(sync_unread::run_id)
        .distinct()
        .limit(RUNS)
        .load(conn)?;
    Ok(found)
}

fn let_plans_go(app: &App, now_ms: i64) -> Result<i64> {
    let mut gone = 0;
    let before_ms = now_ms - PLANS_DAYS * DAY_MS;
    for run in app.db.read(|conn| old_plans(conn, before_ms))? {
        app.db.write(|conn| mark(conn, &run, now_ms))?; // first, so that nobody takes what is left for all of it
        while let Some(first) = app.db.read(|conn| first_place(conn, &run))? {
            gone += app.db.write(|conn| {
                let lines = sync_plan_lines::run_id
                    .eq(&run)
                    .and(sync_plan_lines::place.lt(first + BATCH));
                Ok(diesel::delete(sync_plan_lines::table.filter(lines)).execute(conn)?)
            })?;
        }
    }
    Ok(gone as i64)
}

fn old_plans(conn: &mut Conn, before_ms: i64) -> Result<Vec<RunId>> {
    let found = sync_plan_lines::table
        .inner_join(sync_runs::table)
        .filter(sync_runs::finished_at_ms.lt(before_ms))
        .select(sync_plan_lines::run_id)
        .distinct()
        .load(conn)?;
    Ok(found)
}

fn first_place(conn: &mut Conn, run: &RunId) -> Result<Option<i64>> {
    let places = sync_plan_lines::table.filter(sync_plan_lines::run_id.eq(run));
    Ok(places
        .select(diesel::dsl::min(sync_plan_lines::place))
        .get_result(conn)?)
}

fn let_keys_go(app: &App, now_ms: i64) -> Result<i64> {
    let mut gone = 0;
    let before_ms = now_ms - KEYS_DAYS * DAY_MS;
    loop {
        let keys = app.db.read(|conn| old_keys(conn, before_ms))?;
        if keys.is_empty() {
            return Ok(gone as i64);
        }
        let old = sync_keys::table.filter(sync_keys::id.eq_any(&keys));
        gone += app
            .db
            .write(|conn| Ok(diesel::delete(old.clone()).execute(conn)?))?;
    }
}

fn old_keys(conn: &mut Conn, before_ms: i64) -> Result<Vec<String>> {
    let found = sync_keys::table
        .inner_join(sync_runs::table)
        .filter(sync_runs::finished_at_ms.lt(before_ms))
        .select(sync_keys::id)
        .limit(BATCH)
        .load(conn)?;
    Ok(found)
}

/// What a full run said of each course, once it is old and a later one of its company says it.
fn let_courses_go(app: &App, now_ms: i64) -> Result<i64> {
    let mut gone = 0;
    let before_ms = now_ms - PLANS_DAYS * DAY_MS;
    loop {
        let runs = app.db.read(|conn| outdated(conn, before_ms))?;
        if runs.is_empty() {
            return Ok(gone as i64);
        }
        for run in runs {
            let lines = sync_run_courses::table.filter(sync_run_courses::run_id.eq(&run));
            gone += app
                .db
                .write(|conn| Ok(diesel::delete(lines).execute(conn)?))?;
        }
    }
}

fn outdated(conn: &mut Conn, before_ms: i64) -> Result<Vec<RunId>> {
    let later = diesel::alias!(sync_runs as later);
    let says_it_again = later
        .filter(later.field(sync_runs::company_id).eq(sync_runs::company_id))
        .filter(later.field(sync_runs::mode).eq(Mode::Full))
        .filter(later.field(sync_runs::shape).is_null())
        .filter(
            later
                .field(sync_runs::state)
                .eq_any([RunState::Succeeded, RunState::Partial]),
        )
        .filter(
            later
                .field(sync_runs::requested_at_ms)
                .gt(sync_runs::requested_at_ms),
        );
    let found = sync_run_courses::table
        .inner_join(sync_runs::table)
        .filter(sync_runs::finished_at_ms.lt(before_ms))
        .filter(sync_runs::state.ne(RunState::NeedsConfirmation))
        .filter(exists(says_it_again))
        .select(sync_run_courses::run_id)
        .distinct()
        .limit(RUNS)
        .load(conn)?;
    Ok(found)
}

/// Starts [`compact`] on a thread of its own: there may be years to let go.
pub fn begin(app: &Arc<App>) -> Result<()> {
    let app = app.clone();
    let work = move || match compact(&app, now_ms()) {
        Ok(done) if done == Compacted::default() => {}
        Ok(done) => {
            log::info!(runs = done.runs, changes = done.changes, plans = done.plans, unread = done.unread, keys = done.keys, courses = done.courses; "old details were let go");
        }
        Err(error) => {
            log::warn!(error:? = error; "old details could not be let go; trying again tomorrow");
        }
    };
    std::thread::Builder::new()
        .name("retention".into())
        .spawn(work)?;
    Ok(())
}
