//! Asking for a run: once per idempotency key, at most one waiting per company.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::{Mode, RANK_ASKED, Run, RunState, Trigger, history};
use crate::companies;
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::ids::{CompanyId, RunId, random_hex};
use crate::moodle::Shape;
use crate::schema::{sync_keys, sync_runs};

/// The hours that `changes` can look back.
pub const HOURS_BACK: std::ops::RangeInclusive<i32> = 1..=168;

/// Somebody's wish for a sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whose rows.
    pub company: CompanyId,
    /// How much to read.
    pub mode: Mode,
    /// How far `changes` looks back; `None` means since the last sync. Other modes have none.
    pub hours_back: Option<i32>,
    /// Whether to plan only.
    pub dry_run: bool,
    /// How urgent it is: [`super::RANK_ASKED`] or one of its neighbours.
    pub rank: i32,
    /// The run whose removals an admin confirms with this one.
    pub confirms: Option<RunId>,
    /// The run that an undo takes back.
    pub undoes: Option<RunId>,
    /// The settings that a dry run tries out.
    pub shape: Option<Shape>,
    /// By which door it came.
    pub trigger: Trigger,
    /// The asker by name.
    pub requested_by: String,
    /// The same key asks for the same run, however often it is sent.
    pub idempotency_key: String,
}

impl Request {
    /// A request with a key of its own, for somebody who waits.
    pub fn of(company: CompanyId, mode: Mode, trigger: Trigger, requested_by: String) -> Self {
        Self {
            company,
            mode,
            hours_back: None,
            dry_run: false,
            rank: RANK_ASKED,
            confirms: None,
            undoes: None,
            shape: None,
            trigger,
            requested_by,
            idempotency_key: random_hex::<16>(),
        }
    }
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
        (Mode::Undo, _) if request.undoes.is_none() => Err(Error::Invalid(
            "an undo takes back one run; use the page of that run".into(),
        )),
        (_, None) => Ok(()),
        (Mode::Changes, Some(hours)) if HOURS_BACK.contains(&hours) => Ok(()),
        (Mode::Changes, Some(_)) => Err(Error::Invalid(
            "hours_back must be a whole number from 1 to 168".into(),
        )),
        (_, Some(_)) => Err(Error::Invalid("hours_back goes with mode changes".into())),
    }
}

fn record_in(conn: &mut Conn, request: &Request, now_ms: i64) -> Result<Requested> {
    companies::store::get(conn, request.company)?;
    let id = RunId::from_key(request.company, &request.idempotency_key);
    if let Some(run) = history::find(conn, request.company, &id)? {
        return same(Asked::of(run), request, How::Repeated, USED);
    }
    if let Some(joined) = joined_before(conn, &id)? {
        return same(joined, request, How::Repeated, USED);
    }
    if let Some(run) = history::waiting(conn, request.company)? {
        let joined = same(Asked::of(run), request, How::Joined, OTHER_WAITS)?;
        remember(conn, &id, &joined.run, request)?;
        return Ok(joined);
    }
    diesel::insert_into(sync_runs::table)
        .values(queued(request, &id, now_ms))
        .execute(conn)?;
    Ok(Requested {
        run: id,
        how: How::New,
    })
}

const USED: &str = "this idempotency key was used for another sync";
const OTHER_WAITS: &str = "another kind of sync of this company is waiting; try again after it";

/// What a key asked for, and the run it got.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sync_keys)]
struct Asked {
    run_id: RunId,
    mode: Mode,
    hours_back: Option<i32>,
}

impl Asked {
    fn of(run: Run) -> Self {
        Self {
            run_id: run.id,
            mode: run.mode,
            hours_back: run.hours_back,
        }
    }
}

fn joined_before(conn: &mut Conn, id: &RunId) -> Result<Option<Asked>> {
    Ok(sync_keys::table
        .find(id)
        .select(Asked::as_select())
        .get_result(conn)
        .optional()?)
}

/// A key that joined a run gets the same one when it is sent again, even after that run has ended.
fn remember(conn: &mut Conn, id: &RunId, run: &RunId, request: &Request) -> Result<()> {
    let key = (
        sync_keys::id.eq(id),
        sync_keys::run_id.eq(run),
        sync_keys::mode.eq(request.mode),
        sync_keys::hours_back.eq(request.hours_back),
    );
    diesel::insert_into(sync_keys::table)
        .values(key)
        .execute(conn)?;
    Ok(())
}

fn same(asked: Asked, request: &Request, how: How, otherwise: &str) -> Result<Requested> {
    if asked.mode == request.mode && asked.hours_back == request.hours_back {
        Ok(Requested {
            run: asked.run_id,
            how,
        })
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
