//! Asking for a run: once per idempotency key, at most one waiting per company.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::{Mode, Run, RunState, Trigger, history};
use crate::companies;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::ids::{CompanyId, RunId};
use crate::schema::sync_runs;

/// The hours that `changes` can look back.
pub const HOURS_BACK: std::ops::RangeInclusive<i32> = 1..=168;

/// Somebody's wish for a sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whose rows.
    pub company: CompanyId,
    /// How much to read.
    pub mode: Mode,
    /// How far `changes` looks back; `None` for `full`.
    pub hours_back: Option<i32>,
    /// By which door it came.
    pub trigger: Trigger,
    /// The asker by name.
    pub requested_by: String,
    /// The same key asks for the same run, however often it is sent.
    pub idempotency_key: String,
}

/// The run that a request got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested {
    /// Which run.
    pub run: RunId,
    /// How it came to be.
    pub how: How,
}

/// Whether a request made its run or found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It is a new run.
    New,
    /// The key was used before: this is that run.
    Repeated,
    /// A run was waiting already: it will read Moodle after this request, so it serves it too.
    Joined,
}

/// Records a request and returns its run. Blocking.
///
/// `Invalid` for hours out of range, `NotFound` for an unknown company, `Conflict` when the key was used for another
/// request or when a run of another kind is waiting already.
pub fn record(db: &Db, request: &Request, now_ms: i64) -> Result<Requested> {
    check(request)?;
    match db.write(|conn| record_in(conn, request, now_ms)) {
        Err(Error::Store(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))) => {
            db.write(|conn| record_in(conn, request, now_ms)) // another instance was first: now it is there to find
        }
        done => done,
    }
}

fn check(request: &Request) -> Result<()> {
    match (request.mode, request.hours_back) {
        (Mode::Full, None) => Ok(()),
        (Mode::Full, Some(_)) => Err(Error::Invalid("hours_back goes with mode changes".into())),
        (Mode::Changes, Some(hours)) if HOURS_BACK.contains(&hours) => Ok(()),
        (Mode::Changes, _) => Err(Error::Invalid(
            "hours_back must be a whole number from 1 to 168".into(),
        )),
    }
}

fn record_in(conn: &mut Conn, request: &Request, now_ms: i64) -> Result<Requested> {
    companies::store::get(conn, request.company)?;
    let id = RunId::from_key(request.company, &request.idempotency_key);
    if let Some(run) = history::find(conn, request.company, &id)? {
        return same(
            run,
            request,
            How::Repeated,
            "this idempotency key was used for another sync",
        );
    }
    if let Some(run) = history::waiting(conn, request.company)? {
        return same(
            run,
            request,
            How::Joined,
            "another kind of sync of this company is waiting; try again after it",
        );
    }
    diesel::insert_into(sync_runs::table)
        .values(queued(request, &id, now_ms))
        .execute(conn)?;
    Ok(Requested {
        run: id,
        how: How::New,
    })
}

fn same(run: Run, request: &Request, how: How, otherwise: &str) -> Result<Requested> {
    if run.mode == request.mode && run.hours_back == request.hours_back {
        Ok(Requested { run: run.id, how })
    } else {
        Err(Error::Conflict(otherwise.into()))
    }
}

#[derive(Insertable)]
#[diesel(table_name = sync_runs)]
struct NewRun<'a> {
    id: &'a RunId,
    company_id: CompanyId,
    mode: Mode,
    hours_back: Option<i32>,
    trigger: Trigger,
    requested_by: &'a str,
    state: RunState,
    requested_at_ms: i64,
}

fn queued<'a>(request: &'a Request, id: &'a RunId, now_ms: i64) -> NewRun<'a> {
    NewRun {
        id,
        company_id: request.company,
        mode: request.mode,
        hours_back: request.hours_back,
        trigger: request.trigger,
        requested_by: &request.requested_by,
        state: RunState::Queued,
        requested_at_ms: now_ms,
    }
}
