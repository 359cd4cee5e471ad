//! The clock's look at the schedules: what is due is recorded as a run, once, whoever looks.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::prelude::*;

use super::{REQUESTED_BY, Schedule, checks, store};
use crate::app::App;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, RunId};
use crate::schema::sync_schedules;
use crate::sync::request::{Request, record_in};
use crate::sync::{self, Mode, RANK_BACKGROUND, Run, Trigger, history, room};

/// When to look again while a run that does not serve is in the way.
const BEHIND_ANOTHER: i64 = 60;
/// A run that was asked for later than this from now was recorded by a clock that ran ahead.
const CLOCK_PATIENCE_MS: i64 = 60_000;

/// Records a run for every company whose time has come, and returns how many. Blocking.
///
/// Any number of instances may look at once: a due time is moved on by one of them, in the transaction that records its
/// run. Missed times become one run. Where the clock was set back, the next time is computed anew. Without a Moodle
/// nothing is due. A schedule that cannot be followed is skipped, and so is that of a company that is not in use: what it
/// missed becomes one run when Moodle has the company again.
pub fn tick(app: &Arc<App>, now: i64) -> Result<usize> {
    if app.moodle.is_none() {
        return Ok(0);
    }
    let mut recorded = 0;
    for schedule in app.db.read(store::list_in_use)? {
        if let Some(problem) = &schedule.problem {
            warn_once(schedule.company, problem);
        }
        let Some(regular) = schedule.rhythm.next_after(now) else {
            continue;
        };
        if !schedule.is_active() {
            continue;
        }
        let done = match schedule.next_run_at {
            Some(due) if due <= now => app
                .db
                .write(|conn| record_due(conn, &schedule, due, regular, now)),
            Some(due) if due <= regular => Ok(false),
            too_far => app
                .db
                .write(|conn| advance(conn, schedule.company, too_far, regular))
                .map(|_| false),
        };
        match done {
            Ok(new) => recorded += usize::from(new),
            Err(error) => {
                log::warn!(company = schedule.company.0, error:? = error; "a scheduled sync could not be recorded; trying again");
            }
        }
    }
    if recorded > 0 {
        sync::wake(app)?;
    }
    Ok(recorded)
}

/// Says of a company once per process that its schedule cannot be followed.
fn warn_once(company: CompanyId, problem: &str) {
    static SAID: Mutex<BTreeSet<CompanyId>> = Mutex::new(BTreeSet::new());
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.insert(company) {
        log::warn!(company = company.0, problem; "a schedule cannot be followed and is skipped");
    }
}

/// Moves a due time on, unless another instance has, and has a run recorded for it.
fn record_due(
    conn: &mut Conn,
    schedule: &Schedule,
    due: i64,
    regular: i64,
    now: i64,
) -> Result<bool> {
    let company = schedule.company;
    let full = schedule.mode == Mode::Full || checks::full_is_due(conn, company, regular)?;
    let wish = request(company, full, due);
    match history::waiting(conn, company)? {
        Some(run) if serves(&run, full) => {
            // It will read Moodle after this moment: it is this occurrence.
            advance(conn, company, Some(due), regular)?;
            return Ok(false);
        }
        Some(run) if !room::is_there(conn, &run, &wish)? => {
            let later = regular.min(now + BEHIND_ANOTHER);
            advance(conn, company, Some(due), later)?;
            return Ok(false);
        }
        _ => {} // nothing waits, or a check does that makes room
    }
    if !advance(conn, company, Some(due), regular)? {
        return Ok(false);
    }
    record_once(conn, &wish, now)
}

/// Whether a waiting run brings the company up to date, as far as this time of its schedule would; one of the schedule's own
/// does, and the next time looks again whether a full one is due.
fn serves(run: &Run, full: bool) -> bool {
    let reads_enough = match run.mode {
        Mode::Full => true,
        Mode::Changes => !full && run.hours_back.is_none(),
        _ => false,
    };
    !run.dry_run && (reads_enough || run.trigger == Trigger::Scheduled)
}

fn request(company: CompanyId, full: bool, due: i64) -> Request {
    let mode = if full { Mode::Full } else { Mode::Changes };
    Request {
        rank: RANK_BACKGROUND,
        idempotency_key: format!("schedule/{due}"),
        ..Request::of(company, mode, Trigger::Scheduled, REQUESTED_BY.into())
    }
}

/// The due time is the key. A clock that ran ahead may have used it for a run of a time that comes only now.
fn record_once(conn: &mut Conn, request: &Request, now: i64) -> Result<bool> {
    let id = RunId::from_key(request.company, &request.idempotency_key);
    let again = match history::find(conn, request.company, &id)? {
        None => None,
        Some(run) if run.requested_at_ms <= now * 1000 + CLOCK_PATIENCE_MS => return Ok(false),
        Some(_) => Some(Request {
            idempotency_key: format!("{}/{now}", request.idempotency_key),
            ..request.clone()
        }),
    };
    record_in(conn, again.as_ref().unwrap_or(request), now * 1000)?;
    Ok(true)
}

/// Compare and set: `false` when somebody was quicker or changed the schedule.
fn advance(conn: &mut Conn, company: CompanyId, from: Option<i64>, to: i64) -> Result<bool> {
    let row = sync_schedules::table
        .find(company)
        .filter(sync_schedules::paused_at.is_null());
    let set = sync_schedules::next_run_at.eq(to);
    let moved = match from {
        Some(from) => diesel::update(row.filter(sync_schedules::next_run_at.eq(from)))
            .set(set)
            .execute(conn)?,
        None => diesel::update(row.filter(sync_schedules::next_run_at.is_null()))
            .set(set)
            .execute(conn)?,
    };
    Ok(moved == 1)
}
