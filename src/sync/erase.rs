//! Erasing a person: everything that is stored about them, in every company, in one transaction.

use diesel::prelude::*;
use serde_json::json;

use super::changes::{self, NewChange};
use super::{Counts, Mode, RunState, Trigger, history, stored};
use crate::app::App;
use crate::audit;
use crate::companies::{self, State};
use crate::db::Conn;
use crate::error::{Error, OrNotFound, Result};
use crate::ids::{CompanyId, RunId, UserId};
use crate::moodle::RowState;
use crate::progress::{self, Content, Row, Status};
use crate::schema::{
    erasures, progress as rows, sync_changes, sync_plan_lines, sync_runs, sync_unread,
};
use crate::time::now;
use crate::tokens;

/// An erasure, as the proof shows it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = erasures)]
pub struct Erasure {
    /// Whose data.
    pub user_id: UserId,
    /// When, in UTC seconds.
    pub erased_at: i64,
    /// Which admin did it.
    pub erased_by: String,
    /// Rows that were emptied.
    pub records: i64,
    /// Lines of the change log that were emptied.
    pub changes: i64,
}

/// The erasure of a person, if there was one and nobody lifted it.
pub fn find(conn: &mut Conn, user: UserId) -> Result<Option<Erasure>> {
    Ok(erasures::table
        .find(user)
        .select(Erasure::as_select())
        .get_result(conn)
        .optional()?)
}

/// Refuses an id that no person of Moodle has.
pub fn check(user: UserId) -> Result<()> {
    if user.0 > 0 {
        return Ok(());
    }
    let text = "a person's id in Moodle is a whole number from 1 on";
    Err(Error::Invalid(text.into()))
}

/// Erases a person everywhere and purges the companies it touched. Blocking. The same again changes nothing.
///
/// Where nothing is stored of the person, it keeps later syncs from reading them. `Invalid` for an id below 1.
pub fn erase(app: &App, user: UserId, by: &str, now_ms: i64) -> Result<Erasure> {
    check(user)?;
    let (erasure, runs) = app.db.write(|conn| erase_in(conn, user, by, now_ms))?;
    for (company, run) in runs {
        let cleared = app.cache.purge(company) as i64;
        app.db.write(|conn| {
            diesel::update(sync_runs::table.find(&run))
                .set(sync_runs::cache_cleared.eq(cleared))
                .execute(conn)?;
            Ok(())
        })?;
    }
    app.db.forget_what_was_written()?;
    log::info!(user = user.0, records = erasure.records; "a person was erased");
    Ok(erasure)
}

type Touched = Vec<(CompanyId, RunId)>;

/// Whose data is erased, by whom, and the moment to the millisecond.
struct Act<'a> {
    erasure: &'a Erasure,
    now_ms: i64,
}

/// Locks every company, in the order of their ids, and gives those a new stamp that have something of the person or a
/// sync that runs: no run can publish what it read before this. A run cannot begin while its company is locked, and one
/// that begins later knows of the erasure.
fn erase_in(conn: &mut Conn, user: UserId, by: &str, now_ms: i64) -> Result<(Erasure, Touched)> {
    let mut states = Vec::new();
    for company in companies::store::ids(conn)? {
        states.push(companies::store::lock(conn, company)?);
    }
    if let Some(done) = find(conn, user)? {
        return Ok((done, Vec::new()));
    }
    let mut erasure = Erasure {
        user_id: user,
        erased_at: now_ms.div_euclid(1000),
        erased_by: by.to_owned(),
        records: 0,
        changes: 0,
    };
    let mut touched = Vec::new();
    for state in states {
        let lines = empty_lines(conn, state.company_id, user)?;
        erasure.changes += lines;
        let found = progress::store::of_person(conn, state.company_id, user)?;
        erasure.records += found.len() as i64;
        if found.is_empty() {
            if lines > 0 || history::running(conn, state.company_id)?.is_some() {
                companies::store::renew(conn, state.company_id)?;
            }
        } else {
            let act = Act {
                erasure: &erasure,
                now_ms,
            };
            touched.push(empty_rows(conn, state, found, &act)?);
        }
    }
    diesel::delete(sync_plan_lines::table.filter(sync_plan_lines::user_id.eq(user)))
        .execute(conn)?;
    diesel::delete(sync_unread::table.filter(sync_unread::user_id.eq(user))).execute(conn)?;
    tokens::refusal::forget_username(conn, user)?;
    diesel::insert_into(erasures::table)
        .values(&erasure)
        .execute(conn)?;
    record(conn, &erasure, "person_erased", now_ms)?;
    Ok((erasure, touched))
}

/// Takes before and after out of the lines that the log has of a person, and says of how many.
fn empty_lines(conn: &mut Conn, company: CompanyId, user: UserId) -> Result<i64> {
    let none: Option<String> = None;
    let emptied = diesel::update(stored::telling_lines(company, user))
        .set((
            sync_changes::before.eq(&none),
            sync_changes::after.eq(&none),
        ))
        .execute(conn)?;
    Ok(emptied as i64)
}

/// Empties a person's rows of one company as a run of its own, so that readers of the log hear of it.
fn empty_rows(
    conn: &mut Conn,
    state: State,
    found: Vec<Row>,
    act: &Act<'_>,
) -> Result<(CompanyId, RunId)> {
    let company = state.company_id;
    let key = format!("erasure/{}/{}", act.erasure.user_id, act.now_ms);
    let run = RunId::from_key(company, &key);
    let changed_at = state.next_change(now());
    let erased: Vec<Row> = found
        .into_iter()
        .zip(state.seq + 1..)
        .map(|(row, seq)| emptied(row, seq, changed_at))
        .collect();
    let removed = erased.len() as i64;
    insert_run(conn, &run, &state, act, removed)?;
    progress::write(conn, &erased)?;
    let lines: Vec<NewChange> = erased
        .iter()
        .map(|row| NewChange::erased(&run, row))
        .collect();
    changes::record(conn, &lines)?;
    let after = State {
        seq: state.seq + removed,
        totals: companies::totals::count_rows(conn, company)?,
        changed_at,
        ..state
    };
    companies::store::publish_unsynced(conn, &after)?;
    Ok((company, run))
}

/// What stays of a row: its keys, its course, and that it was erased. It counts nowhere, so its status says nothing.
fn emptied(row: Row, seq: i64, changed_at: i64) -> Row {
    let content = Content {
        firstname: String::new(),
        lastname: String::new(),
        email: String::new(),
        username: String::new(),
        coursename: row.content.coursename,
        status: Status::NotStarted,
        percentage: None,
        timecompleted: None,
        timestarted: None,
        enrolled_at: None,
    };
    Row {
        content,
        state: RowState::Erased,
        seq,
        changed_at,
        ..row
    }
}

fn insert_run(
    conn: &mut Conn,
    run: &RunId,
    state: &State,
    act: &Act<'_>,
    removed: i64,
) -> Result<()> {
    let active = rows::company_id
        .eq(state.company_id)
        .and(rows::state.eq(RowState::Active))
        .and(rows::user_id.ne(act.erasure.user_id));
    let unchanged: i64 = rows::table.filter(active).count().get_result(conn)?;
    let counts = Counts {
        records_created: Some(0),
        records_updated: Some(0),
        records_deleted: Some(removed),
        records_unchanged: Some(unchanged),
        cache_cleared: None,
        version_before: Some(state.seq),
        version_after: Some(state.seq + removed),
    };
    diesel::insert_into(sync_runs::table)
        .values((
            sync_runs::id.eq(run),
            sync_runs::company_id.eq(state.company_id),
            sync_runs::mode.eq(Mode::Erasure),
            sync_runs::trigger.eq(Trigger::Manual),
            sync_runs::requested_by.eq(&act.erasure.erased_by),
            sync_runs::state.eq(RunState::Succeeded),
            sync_runs::requested_at_ms.eq(act.now_ms),
            sync_runs::started_at_ms.eq(act.now_ms),
            sync_runs::finished_at_ms.eq(act.now_ms),
            sync_runs::snapshot_at.eq(state.synced_at),
        ))
        .execute(conn)?;
    diesel::update(sync_runs::table.find(run))
        .set(counts)
        .execute(conn)?;
    Ok(())
}

/// Lets the next sync read a person as anybody else. What was erased stays erased.
pub fn lift(conn: &mut Conn, user: UserId, by: &str, now_ms: i64) -> Result<()> {
    let erasure = find(conn, user)?.or_not_found("the erasure")?;
    diesel::delete(erasures::table.find(user)).execute(conn)?;
    let lifted = Erasure {
        erased_by: by.to_owned(),
        ..erasure
    };
    record(conn, &lifted, "erasure_lifted", now_ms)
}

/// The audit log knows the person by id alone.
fn record(conn: &mut Conn, erasure: &Erasure, action: &str, now_ms: i64) -> Result<()> {
    let entry = audit::Entry {
        actor: &erasure.erased_by,
        company: None,
        action,
        subject: &erasure.user_id.to_string(),
        before: None,
        after: Some(json!({ "records": erasure.records, "changes": erasure.changes })),
    };
    audit::record(conn, &entry, now_ms)
}
