//! Schedules in the store; every change of one is in the audit log.

use diesel::dsl::not;
use diesel::prelude::*;
use serde_json::{Value, json};

use super::{Plan, Rhythm, RhythmKind, Row, Schedule, clock};
use crate::audit;
use crate::companies;
use crate::db::Conn;
use crate::error::{Error, OrNotFound, Result};
use crate::ids::CompanyId;
use crate::schema::{companies as known, sync_schedules};
use crate::sync::Mode;

/// A company's schedule; `None` where nobody ever set one. One that cannot be followed says so in `problem`.
pub fn find(conn: &mut Conn, company: CompanyId) -> Result<Option<Schedule>> {
    let row: Option<Row> = sync_schedules::table
        .find(company)
        .select(Row::as_select())
        .get_result(conn)
        .optional()?;
    Ok(row.map(Schedule::from))
}

/// Every schedule, in no order that matters.
pub fn list(conn: &mut Conn) -> Result<Vec<Schedule>> {
    let rows: Vec<Row> = sync_schedules::table.select(Row::as_select()).load(conn)?;
    Ok(rows.into_iter().map(Schedule::from).collect())
}

/// What a form of a schedule was made of: another text once somebody has set the schedule otherwise.
pub fn basis(schedule: Option<&Schedule>) -> String {
    let Some(schedule) = schedule else {
        return "none".into();
    };
    let set = Columns::of(schedule);
    format!(
        "{} {} {} {} {}",
        set.rhythm, set.every_minutes, set.at_minute, set.zone, set.mode
    )
}

/// The schedules of companies that are in use, in no order that matters: those that the clock follows.
pub fn list_in_use(conn: &mut Conn) -> Result<Vec<Schedule>> {
    let rows: Vec<Row> = sync_schedules::table
        .inner_join(known::table)
        .filter(companies::store::in_use())
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Schedule::from).collect())
}

/// Whether a schedule waits until its company is in use again.
pub fn any_waits(conn: &mut Conn) -> Result<bool> {
    let waiting: i64 = sync_schedules::table
        .inner_join(known::table)
        .filter(not(companies::store::in_use()))
        .filter(sync_schedules::next_run_at.is_not_null())
        .count()
        .get_result(conn)?;
    Ok(waiting > 0)
}

/// Sets a company's schedule. A pause stays; attempts begin anew. `NotFound` for an unknown company.
pub fn save(conn: &mut Conn, company: CompanyId, plan: Plan, by: &str, now: i64) -> Result<()> {
    companies::store::get(conn, company)?;
    let before = find(conn, company)?;
    let paused = before.as_ref().and_then(|before| before.paused.clone());
    let after = Schedule {
        company,
        rhythm: plan.rhythm,
        problem: None,
        mode: plan.mode,
        next_run_at: plan.rhythm.next_after(now).filter(|_| paused.is_none()),
        paused,
        attempts: 0,
        changed_at: now,
        changed_by: by.to_owned(),
    };
    write(conn, &after, before.is_some())?;
    note(conn, "schedule_set", by, (before.as_ref(), &after), now)
}

/// The companies in use that have no schedule, or one that is off.
pub fn without(conn: &mut Conn) -> Result<Vec<CompanyId>> {
    let off = sync_schedules::rhythm.eq(RhythmKind::Off);
    let found = known::table
        .left_join(sync_schedules::table)
        .filter(companies::store::in_use())
        .filter(sync_schedules::company_id.is_null().or(off))
        .select(known::id)
        .load(conn)?;
    Ok(found)
}

/// Sets the same schedule for every company in use that has none, and returns how many there were. `Invalid` for one that is off.
pub fn save_for_all_without(conn: &mut Conn, plan: Plan, by: &str, now: i64) -> Result<usize> {
    if plan.rhythm == Rhythm::Off {
        return Err(Error::Invalid("a schedule for all cannot be off".into()));
    }
    let without = without(conn)?;
    for company in &without {
        save(conn, *company, plan, by, now)?;
    }
    Ok(without.len())
}

/// Lets a schedule rest. One that rests already stays as it was. `Conflict` for one that is off.
pub fn pause(conn: &mut Conn, company: CompanyId, by: &str, now: i64) -> Result<()> {
    let before = find_on(conn, company)?;
    if before.paused.is_some() {
        return Ok(());
    }
    let after = Schedule {
        paused: Some((now, by.to_owned())),
        next_run_at: None,
        ..before.clone()
    };
    write(conn, &after, true)?;
    note(conn, "schedule_paused", by, (Some(&before), &after), now)
}

/// Lets a schedule go on with its next regular moment. One that does not rest stays as it was. `Conflict` for one that
/// is off.
pub fn resume(conn: &mut Conn, company: CompanyId, by: &str, now: i64) -> Result<()> {
    let before = find_on(conn, company)?;
    if before.paused.is_none() {
        return Ok(());
    }
    let after = Schedule {
        paused: None,
        next_run_at: before.rhythm.next_after(now),
        attempts: 0,
        ..before.clone()
    };
    write(conn, &after, true)?;
    note(conn, "schedule_resumed", by, (Some(&before), &after), now)
}

/// A schedule that can be paused and resumed. One that cannot be followed is left as the store has it.
fn find_on(conn: &mut Conn, company: CompanyId) -> Result<Schedule> {
    let schedule = find(conn, company)?.or_not_found("the schedule")?;
    if schedule.rhythm == Rhythm::Off {
        let why = "this schedule does nothing that could be paused or resumed; set it first";
        return Err(Error::Conflict(why.into()));
    }
    Ok(schedule)
}

fn write(conn: &mut Conn, schedule: &Schedule, known: bool) -> Result<()> {
    let columns = Columns::of(schedule);
    if known {
        diesel::update(sync_schedules::table.find(schedule.company))
            .set(&columns)
            .execute(conn)?;
    } else {
        diesel::insert_into(sync_schedules::table)
            .values(&columns)
            .execute(conn)?;
    }
    Ok(())
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = sync_schedules, treat_none_as_null = true)]
struct Columns {
    company_id: CompanyId,
    rhythm: RhythmKind,
    every_minutes: i32,
    at_minute: i32,
    zone: String,
    mode: Mode,
    paused_at: Option<i64>,
    paused_by: Option<String>,
    next_run_at: Option<i64>,
    attempts: i32,
    changed_at: i64,
    changed_by: String,
}

impl Columns {
    fn of(schedule: &Schedule) -> Self {
        let (every_minutes, at_minute, zone) = match schedule.rhythm {
            Rhythm::Off => (0, 0, chrono_tz::UTC),
            Rhythm::Minutes(every) => (every, 0, chrono_tz::UTC),
            Rhythm::Hourly(at, zone) | Rhythm::Daily(at, zone) => (0, at, zone),
        };
        let (paused_at, paused_by) = schedule.paused.clone().unzip();
        Self {
            company_id: schedule.company,
            rhythm: schedule.rhythm.kind(),
            every_minutes,
            at_minute,
            zone: zone.name().to_owned(),
            mode: schedule.mode,
            paused_at,
            paused_by,
            next_run_at: schedule.next_run_at,
            attempts: schedule.attempts,
            changed_at: schedule.changed_at,
            changed_by: schedule.changed_by.clone(),
        }
    }
}

fn note(
    conn: &mut Conn,
    action: &str,
    by: &str,
    (before, after): (Option<&Schedule>, &Schedule),
    now: i64,
) -> Result<()> {
    let entry = audit::Entry {
        actor: by,
        company: Some(after.company),
        action,
        subject: "schedule",
        before: before.map(as_json),
        after: Some(as_json(after)),
    };
    audit::record(conn, &entry, now * 1000)
}

fn as_json(schedule: &Schedule) -> Value {
    let (every, at, zone) = match schedule.rhythm {
        Rhythm::Off => (None, None, None),
        Rhythm::Minutes(every) => (Some(every), None, None),
        Rhythm::Hourly(at, zone) => (None, Some(format!("{at:02}")), Some(zone.name())),
        Rhythm::Daily(at, zone) => (None, Some(clock(at)), Some(zone.name())),
    };
    json!({
        "rhythm": schedule.rhythm.kind(),
        "every_minutes": every,
        "at": at,
        "zone": zone,
        "mode": schedule.mode,
        "paused": schedule.paused.is_some(),
        "problem": schedule.problem,
    })
}

/// Makes a schedule's next run due at once: the one that was due made room for another.
pub fn ask_again(conn: &mut Conn, company: CompanyId, now: i64) -> Result<()> {
    let active = sync_schedules::table
        .find(company)
        .filter(sync_schedules::next_run_at.is_not_null());
    diesel::update(active)
        .set(sync_schedules::next_run_at.eq(now))
        .execute(conn)?;
    Ok(())
}
