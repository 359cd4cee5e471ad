//! Checks: every synced company is compared with all of Moodle once a day, even where nothing is scheduled.

use std::collections::HashSet;
use std::sync::Arc;

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::store;
use crate::app::App;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::schema::{company_state, sync_runs};
use crate::sync::request::{How, Request, record_in};
use crate::sync::{self, Mode, RANK_BACKGROUND, RunState, Trigger, batch, history};

/// How long a comparison of everything counts.
const DAY: i64 = 24 * 3600;
/// How soon after one that failed the next one comes.
const PAUSE: i64 = 3600;
/// In which first seconds of an hour Moodle is asked whether companies are back; the clock comes by every minute.
const LOOKING: i64 = 90;
/// The name under which checks are asked for.
const REQUESTED_BY: &str = "daily check";

/// Whether a company's last full sync that published will be older than a day at a moment; also where there is none.
pub(super) fn full_is_due(conn: &mut Conn, company: CompanyId, moment: i64) -> Result<bool> {
    let recent = sync_runs::table
        .filter(sync_runs::company_id.eq(company))
        .filter(sync_runs::mode.eq(Mode::Full))
        .filter(sync_runs::dry_run.eq(false))
        .filter(sync_runs::state.eq_any([RunState::Succeeded, RunState::Partial]))
        .filter(sync_runs::finished_at_ms.ge((moment - DAY) * 1000))
        .count()
        .get_result::<i64>(conn)?;
    Ok(recent == 0)
}

/// Asks for a dry full run of every synced company that nothing compared as a whole for a day; returns how many. Blocking.
///
/// One that failed is tried again after an hour, but where Moodle had no such company any more only once it is back:
/// Moodle is asked for that once an hour, and also where only a schedule waits for its company. Companies with a run that
/// waits or lasts have their turn later, and without a Moodle there is nothing to compare with.
pub fn due_checks(app: &Arc<App>, now: i64) -> Result<usize> {
    if app.moodle.is_none() {
        return Ok(0);
    }
    let due = app.db.read(|conn| unchecked(conn, now))?;
    let mut asked = 0;
    for company in still_there(app, due, now)? {
        let request = request(company, now);
        let recorded = app.db.write(|conn| {
            let free = history::waiting(conn, company)?.is_none();
            let how = free.then(|| record_in(conn, &request, now * 1000).map(|found| found.how));
            Ok(how.transpose()? == Some(How::New))
        });
        match recorded {
            Ok(new) => asked += usize::from(new),
            Err(error) => {
                log::warn!(company = company.0, error:? = error; "a daily check could not be asked for; trying again");
            }
        }
    }
    if asked > 0 {
        sync::wake(app)?;
    }
    Ok(asked)
}

/// Leaves out the companies that were gone at the last look and are gone still.
fn still_there(app: &App, due: Vec<CompanyId>, now: i64) -> Result<Vec<CompanyId>> {
    let (gone, schedule_waits) = app
        .db
        .read(|conn| Ok((lost(conn, &due)?, store::any_waits(conn)?)))?;
    if gone.is_empty() && !schedule_waits {
        return Ok(due);
    }
    let looks = now.rem_euclid(PAUSE) < LOOKING;
    let back = match looks.then(|| batch::companies_in_moodle(app)) {
        Some(Ok(there)) => there,
        Some(Err(error)) => {
            log::info!(error:? = error; "Moodle could not say whether companies are back");
            HashSet::new()
        }
        None => HashSet::new(),
    };
    let stays = |company: &CompanyId| !gone.contains(company) || back.contains(company);
    Ok(due.into_iter().filter(stays).collect())
}

/// The companies whose run that ended last found that Moodle has no such company any more.
fn lost(conn: &mut Conn, companies: &[CompanyId]) -> Result<HashSet<CompanyId>> {
    let mut gone = HashSet::new();
    for company in companies {
        let errors: Option<String> = sync_runs::table
            .filter(sync_runs::company_id.eq(company))
            .order(sync_runs::finished_at_ms.desc())
            .limit(1)
            .select(sync_runs::errors)
            .get_result(conn)
            .optional()?;
        if errors.is_some_and(|errors| errors.contains(batch::GONE)) {
            gone.insert(*company);
        }
    }
    Ok(gone)
}

/// The hour is in the key, so that of several instances one asks.
fn request(company: CompanyId, now: i64) -> Request {
    Request {
        dry_run: true,
        rank: RANK_BACKGROUND,
        idempotency_key: format!("daily-check/{}", now.div_euclid(PAUSE)),
        ..Request::of(company, Mode::Full, Trigger::Scheduled, REQUESTED_BY.into())
    }
}

fn unchecked(conn: &mut Conn, now: i64) -> Result<Vec<CompanyId>> {
    let runs = || sync_runs::table.filter(sync_runs::company_id.eq(company_state::company_id));
    let compared = runs()
        .filter(sync_runs::mode.eq(Mode::Full))
        .filter(sync_runs::shape.is_null()) // a trial says nothing of what is saved
        .filter(sync_runs::state.eq_any([RunState::Succeeded, RunState::Partial]))
        .filter(sync_runs::finished_at_ms.ge((now - DAY) * 1000));
    let tried = runs()
        .filter(sync_runs::requested_by.eq(REQUESTED_BY))
        .filter(sync_runs::requested_at_ms.ge((now - PAUSE) * 1000));
    let busy = runs().filter(sync_runs::state.eq_any([RunState::Queued, RunState::Running]));
    let found = company_state::table
        .filter(company_state::synced_at.is_not_null())
        .filter(not(exists(compared)))
        .filter(not(exists(tried)))
        .filter(not(exists(busy)))
        .select(company_state::company_id)
        .load(conn)?;
    Ok(found)
}
