//! Asking for a run: once per idempotency key, at most one waiting per company.

use diesel::prelude::*;

use super::asked;
use super::room;
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
/// `Invalid` for hours out of range, `NotFound` for an unknown company, `KeyReused` when the key was used for another
/// request, `Conflict` when a run of another kind is waiting already.
pub fn record(db: &Db, request: &Request, now_ms: i64) -> Result<Requested> {
    check(request)?;
    db.write(|conn| {
        let requested = record_in(conn, request, now_ms)?;
        if requested.how != How::Repeated {
            asked::note(conn, request, &requested, now_ms)?;
        }
        Ok(requested)
    })
}

fn check(request: &Request) -> Result<()> {
    match request.mode {
        Mode::Erasure => Err(Error::Invalid(
            "an erasure is about one person; use the page of that person".into(),
        )),
        Mode::Undo if request.undoes.is_none() => Err(Error::Invalid(
            "an undo takes back one run; use the page of that run".into(),
        )),
        mode => check_hours(mode, request.hours_back),
    }
}

/// Refuses hours out of range, and hours of a mode that has none.
pub fn check_hours(mode: Mode, hours_back: Option<i32>) -> Result<()> {
    match (mode, hours_back) {
        (_, None) => Ok(()),
        (Mode::Changes, Some(hours)) if HOURS_BACK.contains(&hours) => Ok(()),
        (Mode::Changes, Some(_)) => Err(Error::Invalid(
            "hours_back must be a whole number from 1 to 168".into(),
        )),
        (_, Some(_)) => Err(Error::Invalid("hours_back goes with mode changes".into())),
    }
}

/// [`record`] inside a transaction of the caller's.
pub fn record_in(conn: &mut Conn, request: &Request, now_ms: i64) -> Result<Requested> {
    companies::store::get(conn, request.company)?;
    let id = RunId::from_key(request.company, &request.idempotency_key);
    if let Some(run) = history::find(conn, request.company, &id)? {
        return same(Asked::of(run), request);
    }
    if let Some(joined) = joined_before(conn, &id)? {
        return same(joined, request);
    }
    match history::waiting(conn, request.company)? {
        Some(waiting) if serves(&waiting, request) => return join(conn, &id, waiting, request),
        Some(waiting) if room::is_there(conn, &waiting, request)? => {
            room::make(conn, &waiting, request, now_ms)?;
        }
        Some(_) => return Err(Error::Conflict(OTHER_WAITS.into())),
        None => {}
    }
    diesel::insert_into(sync_runs::table)
        .values(queued(request, &id, now_ms)?)
        .execute(conn)?;
    Ok(Requested {
        run: id,
        how: How::New,
    })
}

/// Whether a waiting run does all that a request asks for.
fn serves(waiting: &Run, request: &Request) -> bool {
    let plain = waiting.shape.is_none() && request.shape.is_none();
    let alike = waiting.dry_run == request.dry_run && waiting.mode != Mode::Undo;
    let asks_only = request.confirms.is_none() && request.undoes.is_none();
    let reads_enough = match (waiting.mode, request.mode) {
        (Mode::Changes, Mode::Changes) => {
            let (has, asked) = (waiting.hours_back, request.hours_back);
            has == asked || has.zip(asked).is_some_and(|(has, asked)| has >= asked)
        }
        (Mode::Full, Mode::Changes | Mode::Cleanup) | (Mode::Changes, Mode::Cleanup) => {
            !request.dry_run // the plan of a preview is of its own mode
        }
        (has, asked) => has == asked,
    };
    plain && alike && asks_only && reads_enough
}

fn join(conn: &mut Conn, id: &RunId, waiting: Run, request: &Request) -> Result<Requested> {
    remember(conn, id, &waiting.id, request)?;
    let rank = waiting.rank.min(request.rank);
    diesel::update(sync_runs::table.find(&waiting.id))
        .set(sync_runs::rank.eq(rank))
        .execute(conn)?;
    Ok(Requested {
        run: waiting.id,
        how: How::Joined,
    })
}

const OTHER_WAITS: &str = "another kind of sync of this company is waiting; try again after it";

/// What a key asked for, and the run it got.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sync_keys)]
struct Asked {
    run_id: RunId,
    mode: Mode,
    hours_back: Option<i32>,
    dry_run: bool,
}

impl Asked {
    fn of(run: Run) -> Self {
        Self {
            run_id: run.id,
            mode: run.mode,
            hours_back: run.hours_back,
            dry_run: run.dry_run,
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
        sync_keys::dry_run.eq(request.dry_run),
    );
    diesel::insert_into(sync_keys::table)
        .values(key)
        .execute(conn)?;
    Ok(())
}

/// The run of a key that was used before, unless it was used for something else.
fn same(asked: Asked, request: &Request) -> Result<Requested> {
    let before = (asked.mode, asked.hours_back, asked.dry_run);
    if before != (request.mode, request.hours_back, request.dry_run) {
        return Err(Error::KeyReused);
    }
    Ok(Requested {
        run: asked.run_id,
        how: How::Repeated,
    })
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
    dry_run: bool,
    rank: i32,
    confirms: Option<&'a RunId>,
    undoes: Option<&'a RunId>,
    shape: Option<String>,
}

fn queued<'a>(request: &'a Request, id: &'a RunId, now_ms: i64) -> Result<NewRun<'a>> {
    let shape = request.shape.as_ref().map(serde_json::to_string);
    Ok(NewRun {
        id,
        company_id: request.company,
        mode: request.mode,
        hours_back: request.hours_back,
        trigger: request.trigger,
        requested_by: &request.requested_by,
        state: RunState::Queued,
        requested_at_ms: now_ms,
        dry_run: request.dry_run,
        rank: request.rank,
        confirms: request.confirms.as_ref(),
        undoes: request.undoes.as_ref(),
        shape: shape.transpose().map_err(std::io::Error::from)?,
    })
}
