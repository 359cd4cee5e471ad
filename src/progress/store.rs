//! Reading rows: in (user, course) order, by key, by offset or as one stream.

use std::collections::HashSet;

use diesel::prelude::*;

use super::Row;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, CourseId, Key, UserId};
use crate::moodle::RowState;
use crate::schema::{erasures, progress};

/// Active rows after a key and then after the first `offset`, in (user, course) order.
pub fn page_at_offset(
    conn: &mut Conn,
    company: CompanyId,
    after: Option<Key>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Row>> {
    let mut rows = active(company).into_boxed();
    if let Some(Key { user, course }) = after {
        let later_course = progress::user_id
            .eq(user)
            .and(progress::course_id.gt(course));
        rows = rows.filter(
            progress::user_id
                .ge(user)
                .and(progress::user_id.gt(user).or(later_course)),
        );
    }
    let found = rows
        .order((progress::user_id, progress::course_id))
        .offset(offset)
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    Ok(found)
}

/// The rows of some keys, which come in their order: ended ones too, but none of an erased person.
pub fn of_keys(conn: &mut Conn, company: CompanyId, keys: &[Key]) -> Result<Vec<Row>> {
    let mut found = Vec::with_capacity(keys.len());
    for some in keys.chunks(500) {
        let mut users: Vec<UserId> = some.iter().map(|key| key.user).collect();
        users.dedup();
        let rows: Vec<Row> = progress::table
            .filter(progress::company_id.eq(company))
            .filter(progress::user_id.eq_any(users))
            .filter(progress::state.ne(RowState::Erased))
            .order((progress::user_id, progress::course_id))
            .select(Row::as_select())
            .load(conn)?;
        let wanted = |row: &Row| some.binary_search(&row.key()).is_ok();
        found.extend(rows.into_iter().filter(wanted));
    }
    Ok(found)
}

/// The keys of active rows that came or changed after a data version, in (user, course) order.
pub fn active_keys_since(conn: &mut Conn, company: CompanyId, seq: i64) -> Result<Vec<Key>> {
    let keys: Vec<(UserId, CourseId)> = active(company)
        .filter(progress::seq.gt(seq))
        .order((progress::user_id, progress::course_id))
        .select((progress::user_id, progress::course_id))
        .load(conn)?;
    let key = |(user, course)| Key { user, course };
    Ok(keys.into_iter().map(key).collect())
}

/// The courses of active rows, each with every name that those rows have.
pub fn course_names(conn: &mut Conn, company: CompanyId) -> Result<Vec<(CourseId, String)>> {
    let names = active(company)
        .select((progress::course_id, progress::coursename))
        .distinct()
        .load(conn)?;
    Ok(names)
}

/// The row of a key, tombstone or not.
pub fn find(conn: &mut Conn, company: CompanyId, key: Key) -> Result<Option<Row>> {
    let row = progress::table
        .find((company, key.user, key.course))
        .select(Row::as_select());
    Ok(row.get_result(conn).optional()?)
}

/// Every row of a company, tombstones included, as a stream in (user, course) order.
pub fn stream(conn: &mut Conn, company: CompanyId) -> Result<impl Iterator<Item = Result<Row>>> {
    let rows = progress::table
        .filter(progress::company_id.eq(company))
        .order((progress::user_id, progress::course_id))
        .select(Row::as_select())
        .load_iter::<Row, _>(conn)?;
    Ok(rows.map(|row| row.map_err(Error::from)))
}

/// The keys of a company's active rows, as a stream in (user, course) order.
pub fn active_keys(
    conn: &mut Conn,
    company: CompanyId,
) -> Result<impl Iterator<Item = Result<Key>>> {
    let keys = active(company)
        .order((progress::user_id, progress::course_id))
        .select((progress::user_id, progress::course_id))
        .load_iter::<(UserId, CourseId), _>(conn)?;
    Ok(keys.map(|key| {
        key.map(|(user, course)| Key { user, course })
            .map_err(Error::from)
    }))
}

/// Every row of one person in one company, tombstones included, by course.
pub fn of_person(conn: &mut Conn, company: CompanyId, user: UserId) -> Result<Vec<Row>> {
    let found = progress::table
        .filter(
            progress::company_id
                .eq(company)
                .and(progress::user_id.eq(user)),
        )
        .order(progress::course_id)
        .select(Row::as_select())
        .load(conn)?;
    Ok(found)
}

/// The keys and states of rows that ended in Moodle, in (user, course) order: not of those that an undo or an erasure ended.
pub fn tombstones(conn: &mut Conn, company: CompanyId) -> Result<Vec<(Key, RowState)>> {
    let ours = [RowState::Active, RowState::Withdrawn, RowState::Erased];
    let found: Vec<(UserId, CourseId, RowState)> = progress::table
        .filter(progress::company_id.eq(company))
        .filter(progress::state.ne_all(ours))
        .order((progress::user_id, progress::course_id))
        .select((progress::user_id, progress::course_id, progress::state))
        .load(conn)?;
    let tombstone = |(user, course, state)| (Key { user, course }, state);
    Ok(found.into_iter().map(tombstone).collect())
}

/// People whose data was erased: no sync brings it back.
pub fn erased_users(conn: &mut Conn) -> Result<HashSet<UserId>> {
    let found: Vec<UserId> = erasures::table.select(erasures::user_id).load(conn)?;
    Ok(found.into_iter().collect())
}

#[diesel::dsl::auto_type]
fn active(company: CompanyId) -> _ {
    let of_company: diesel::dsl::Eq<progress::company_id, CompanyId> =
        progress::company_id.eq(company);
    let is_active: diesel::dsl::Eq<progress::state, RowState> =
        progress::state.eq(RowState::Active);
    progress::table.filter(of_company).filter(is_active)
}
