//! Reading companies and their state, and the one way a new version is published.

use std::collections::{HashMap, HashSet};

use diesel::dsl::{And, Eq};
use diesel::prelude::*;

use super::{Company, State, Totals};
use crate::db::{Conn, Db};
use crate::error::{OrNotFound, Result};
use crate::ids::{CompanyId, RunId, random_hex};
use crate::moodle::MoodleCompany;
use crate::schema::{companies, company_state, data_versions, delivery_settings};
use crate::time::now;

/// How long answers are kept where nobody says otherwise.
const CACHE_MINUTES: i32 = 60;

/// [`Company::is_in_use`], for a query.
pub fn in_use() -> And<Eq<companies::gone, bool>, Eq<companies::suspended, bool>> {
    companies::gone
        .eq(false)
        .and(companies::suspended.eq(false))
}

/// Every company with its state, by name.
pub fn list(conn: &mut Conn) -> Result<Vec<(Company, State)>> {
    let found = companies::table
        .inner_join(company_state::table)
        .order((companies::name, companies::id))
        .select((Company::as_select(), State::as_select()))
        .load(conn)?;
    Ok(found)
}

/// The names of every company, or of one, with their ids, by name.
pub fn names(conn: &mut Conn, only: Option<CompanyId>) -> Result<Vec<(CompanyId, String)>> {
    let mut known = companies::table.into_boxed();
    if let Some(company) = only {
        known = known.filter(companies::id.eq(company));
    }
    let found = known
        .order((companies::name, companies::id))
        .select((companies::id, companies::name))
        .load(conn)?;
    Ok(found)
}

/// The ids of every company, ascending: the order in which several are locked.
pub fn ids(conn: &mut Conn) -> Result<Vec<CompanyId>> {
    let ids = companies::table.select(companies::id).order(companies::id);
    Ok(ids.load(conn)?)
}

/// One company with its state, or `NotFound`.
pub fn get(conn: &mut Conn, company: CompanyId) -> Result<(Company, State)> {
    find(conn, company)?.or_not_found("the company")
}

/// One company with its state.
pub fn find(conn: &mut Conn, company: CompanyId) -> Result<Option<(Company, State)>> {
    let found = companies::table
        .inner_join(company_state::table)
        .filter(companies::id.eq(company))
        .select((Company::as_select(), State::as_select()))
        .get_result(conn)
        .optional()?;
    Ok(found)
}

/// What a company's clients are served at this moment of the transaction, or `NotFound`.
pub fn state(conn: &mut Conn, company: CompanyId) -> Result<State> {
    let found = company_state::table
        .find(company)
        .select(State::as_select())
        .get_result(conn)
        .optional()?;
    found.or_not_found("the company")
}

/// Keeps what Moodle says of its companies now: all of them. New ones begin at version 0 with a stamp of their own. Blocking.
///
/// A company that Moodle no longer has stays, marked as gone: its history is kept. Companies that are as they were are not
/// touched.
pub fn keep(db: &Db, found: &[MoodleCompany]) -> Result<()> {
    db.write(|conn| keep_in(conn, found))
}

fn keep_in(conn: &mut Conn, found: &[MoodleCompany]) -> Result<()> {
    let known: HashMap<CompanyId, Company> = companies::table
        .select(Company::as_select())
        .load(conn)?
        .into_iter()
        .map(|known| (known.id, known))
        .collect();
    let delivery = default_delivery(conn)?;
    let minutes = cache_minutes(&delivery);
    mark_gone(conn, &known, found)?;
    for company in found {
        let row = Company {
            id: company.id,
            name: company.name.clone(),
            shortname: company.shortname.clone(),
            suspended: company.suspended,
            cache_minutes: known
                .get(&company.id)
                .map_or(minutes, |known| known.cache_minutes),
            gone: false,
        };
        match known.get(&company.id) {
            Some(known) if *known == row => {}
            Some(_) => drop(
                diesel::update(companies::table.find(row.id))
                    .set(&row)
                    .execute(conn)?,
            ),
            None => {
                diesel::insert_into(companies::table)
                    .values((&row, companies::delivery.eq(&delivery)))
                    .execute(conn)?;
                diesel::insert_into(company_state::table)
                    .values(&unsynced(row.id))
                    .execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Marks those that Moodle has no more.
fn mark_gone(
    conn: &mut Conn,
    known: &HashMap<CompanyId, Company>,
    found: &[MoodleCompany],
) -> Result<()> {
    let found: HashSet<CompanyId> = found.iter().map(|company| company.id).collect();
    let lost = |one: &&Company| !one.gone && !found.contains(&one.id);
    for company in known.values().filter(lost) {
        diesel::update(companies::table.find(company.id))
            .set(companies::gone.eq(true))
            .execute(conn)?;
    }
    Ok(())
}

/// How the rows of a company are delivered that has no settings of its own.
fn default_delivery(conn: &mut Conn) -> Result<String> {
    let defaults: Option<String> = delivery_settings::table
        .find(0)
        .select(delivery_settings::overrides)
        .get_result(conn)
        .optional()?;
    Ok(defaults.unwrap_or_else(|| "{}".into()))
}

/// How long the answers of a company are kept that has no settings of its own.
fn cache_minutes(delivery: &str) -> i32 {
    let said: serde_json::Value = serde_json::from_str(delivery).unwrap_or_default();
    let minutes = said
        .get("cache_minutes")
        .and_then(serde_json::Value::as_i64);
    minutes
        .and_then(|minutes| minutes.try_into().ok())
        .unwrap_or(CACHE_MINUTES)
}

fn unsynced(company_id: CompanyId) -> State {
    let totals = Totals::default();
    State {
        company_id,
        seq: 0,
        stamp: random_hex::<16>(),
        synced_at: None,
        changed_at: 0,
        run_id: None,
        totals,
    }
}

/// Locks a company's state until the transaction ends and returns it, so that versions follow one another.
pub fn lock(conn: &mut Conn, company: CompanyId) -> Result<State> {
    // Writing a row takes its lock on PostgreSQL; on SQLite the write transaction is the lock.
    diesel::update(company_state::table.find(company))
        .set(company_state::seq.eq(company_state::seq))
        .execute(conn)?;
    state(conn, company)
}

/// Gives a company's data a new stamp without a new version: what replies show may differ from here on.
pub fn renew(conn: &mut Conn, company: CompanyId) -> Result<()> {
    diesel::update(company_state::table.find(company))
        .set(company_state::stamp.eq(random_hex::<16>()))
        .execute(conn)?;
    Ok(())
}

/// Publishes a state that no sync brought, such as an erasure's, under a new stamp. A new version gets a name.
pub fn publish_unsynced(conn: &mut Conn, state: &State) -> Result<()> {
    name_version(conn, state)?;
    let next = State {
        stamp: random_hex::<16>(),
        ..state.clone()
    };
    diesel::update(company_state::table.find(state.company_id))
        .set(&next)
        .execute(conn)?;
    Ok(())
}

/// Publishes a company's next version under a new stamp: with the commit, every reply shows it.
pub fn publish(conn: &mut Conn, state: &State, run: &RunId) -> Result<()> {
    let next = State {
        run_id: Some(run.clone()),
        ..state.clone()
    };
    publish_unsynced(conn, &next)
}

/// The name of a version of a company's data, or `None` where this store never had that version.
pub fn version_name(conn: &mut Conn, company: CompanyId, seq: i64) -> Result<Option<String>> {
    let name = data_versions::table
        .find((company, seq))
        .select(data_versions::name);
    Ok(name.get_result(conn).optional()?)
}

fn name_version(conn: &mut Conn, state: &State) -> Result<()> {
    if version_name(conn, state.company_id, state.seq)?.is_some() {
        return Ok(());
    }
    diesel::insert_into(data_versions::table)
        .values((
            data_versions::company_id.eq(state.company_id),
            data_versions::seq.eq(state.seq),
            data_versions::name.eq(random_hex::<16>()),
            data_versions::published_at.eq(now()),
        ))
        .execute(conn)?;
    Ok(())
}
