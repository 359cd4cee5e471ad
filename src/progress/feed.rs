//! Rows as programs ask for them: by filter in (user, course) order, or as they changed.

use diesel::prelude::*;

use super::{Row, States, Status};
use crate::db::functions::lower;
use crate::db::{Conn, Store};
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, Key, UserId};
use crate::moodle::RowState;
use crate::schema::progress;

/// What a program asks for; `None` means every row. Times are UTC seconds.
///
/// What an erased row said of its person is unknown: a filter on it keeps no erased row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only rows of these states.
    pub states: States,
    /// Only this status.
    pub status: Option<Status>,
    /// Only this course.
    pub course: Option<CourseId>,
    /// Only this person.
    pub user: Option<UserId>,
    /// Only this address, letters' case aside.
    pub email: Option<String>,
    /// Only rows whose change was published at this moment or later.
    pub changed_since: Option<i64>,
    /// Only rows completed at this moment or later.
    pub completed_from: Option<i64>,
    /// Only rows completed before this moment.
    pub completed_to: Option<i64>,
}

impl Filter {
    /// Whether it keeps exactly the active rows.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// Rows that a filter keeps, after a key, in (user, course) order.
pub fn page(
    conn: &mut Conn,
    company: CompanyId,
    filter: &Filter,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<Row>> {
    let mut rows = matching(company, filter);
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
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    Ok(found)
}

/// Every row that changed after a version, tombstones included, in the order of the changes.
pub fn since(conn: &mut Conn, company: CompanyId, seq: i64, limit: i64) -> Result<Vec<Row>> {
    let found = progress::table
        .filter(progress::company_id.eq(company).and(progress::seq.gt(seq)))
        .order(progress::seq)
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    Ok(found)
}

/// Whether a filter keeps any row.
pub fn has_any(conn: &mut Conn, company: CompanyId, filter: &Filter) -> Result<bool> {
    Ok(!page(conn, company, filter, None, 1)?.is_empty())
}

/// The courses that a company's rows were ever in, whatever their state, ascending.
pub fn known_courses(conn: &mut Conn, company: CompanyId) -> Result<Vec<CourseId>> {
    let found = progress::table
        .filter(progress::company_id.eq(company))
        .select(progress::course_id)
        .distinct()
        .order(progress::course_id)
        .load(conn)?;
    Ok(found)
}

type Rows<'a> = progress::BoxedQuery<'a, Store>;

fn matching(company: CompanyId, filter: &Filter) -> Rows<'_> {
    let mut rows = progress::table
        .filter(progress::company_id.eq(company))
        .into_boxed();
    if !filter.states.is_any() {
        rows = rows.filter(progress::state.eq_any(filter.states.list().to_vec()));
    }
    if let Some(status) = filter.status {
        let known = progress::state.ne(RowState::Erased);
        rows = rows.filter(progress::status.eq(status).and(known));
    }
    if let Some(course) = filter.course {
        rows = rows.filter(progress::course_id.eq(course));
    }
    if let Some(user) = filter.user {
        rows = rows.filter(progress::user_id.eq(user));
    }
    if let Some(email) = &filter.email {
        rows = rows.filter(lower(progress::email).eq(lower(email)));
    }
    if let Some(since) = filter.changed_since {
        rows = rows.filter(progress::changed_at.ge(since));
    }
    if let Some(from) = filter.completed_from {
        rows = rows.filter(progress::timecompleted.ge(from).assume_not_null());
    }
    if let Some(to) = filter.completed_to {
        rows = rows.filter(progress::timecompleted.lt(to).assume_not_null());
    }
    rows
}
