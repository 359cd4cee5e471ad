//! One company's rows as an admin searches them: filtered, sorted, by page number.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::{Band, Row, States, Status};
use crate::db::functions::lower;
use crate::db::{Conn, Store};
use crate::error::{Error, Result};
use crate::ids::{CompanyId, CourseId};
use crate::moodle::RowState;
use crate::schema::progress;

/// What an admin looks for. Empty means everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Part of a name, e-mail, user name or course name; letters' case is ignored where the store can.
    pub search: String,
    /// Only this status.
    pub status: Option<Status>,
    /// Only this course.
    pub course: Option<CourseId>,
    /// Only rows of these states: the active ones, unless others are asked for.
    pub states: States,
    /// Only percentages of this band.
    pub band: Option<Band>,
    /// Only rows enrolled in this span.
    pub enrolled: Span,
    /// Only rows completed in this span.
    pub completed: Span,
}

/// From a moment on, and until before another, in UTC seconds; `None` is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// This moment is in it.
    pub from: Option<i64>,
    /// This one is not.
    pub until: Option<i64>,
}

crate::words! {
    /// What a list is ordered by; equal rows keep the order of user and course.
    Sort {
        /// Last name, then first name.
        Name = "name",
        /// Course name.
        Course = "course",
        /// Completed, in progress, not started.
        Status = "status",
        /// Percentage, unknown first.
        Percentage = "percentage",
        /// Completion time, none first.
        Completed = "completed",
        /// Enrolment, none first.
        Enrolled = "enrolled",
        /// Start, none first.
        Started = "started",
        /// When the row last changed.
        Changed = "changed",
    }
}

/// One page, and how many rows there are in all.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The rows of the page.
    pub rows: Vec<Row>,
    /// Rows on all pages together.
    pub total: i64,
}

/// How a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub sort: Sort,
    /// Largest first.
    pub descending: bool,
}

/// Which part of the list to give.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The order.
    pub order: Order,
    /// How many rows to skip.
    pub offset: i64,
    /// How many to give at most.
    pub limit: i64,
}

/// One page of the rows that a filter keeps.
pub fn page(conn: &mut Conn, company: CompanyId, filter: &Filter, part: Part) -> Result<Found> {
    let total = total(conn, company, filter)?;
    let rows = sorted(matching(company, filter), part.order)
        .offset(part.offset)
        .limit(part.limit)
        .select(Row::as_select())
        .load(conn)?;
    Ok(Found { rows, total })
}

/// How many rows a filter keeps.
pub fn total(conn: &mut Conn, company: CompanyId, filter: &Filter) -> Result<i64> {
    Ok(matching(company, filter).count().get_result(conn)?)
}

/// Every row that a filter keeps, as a stream.
pub fn stream(
    conn: &mut Conn,
    company: CompanyId,
    filter: &Filter,
    order: Order,
) -> Result<impl Iterator<Item = Result<Row>>> {
    let rows = sorted(matching(company, filter), order)
        .select(Row::as_select())
        .load_iter::<Row, _>(conn)?;
    Ok(rows.map(|row| row.map_err(Error::from)))
}

/// How many rows of a company are in a state.
pub fn count(conn: &mut Conn, company: CompanyId, state: RowState) -> Result<i64> {
    let filter = Filter {
        states: States::only(state),
        ..Filter::default()
    };
    total(conn, company, &filter)
}

/// The courses that a company's rows of some states are in, by name.
pub fn courses(
    conn: &mut Conn,
    company: CompanyId,
    states: &States,
) -> Result<Vec<(CourseId, String)>> {
    let found = progress::table
        .filter(
            progress::company_id
                .eq(company)
                .and(progress::state.eq_any(states.list().to_vec())),
        )
        .select((progress::course_id, progress::coursename))
        .distinct()
        .order((progress::coursename, progress::course_id))
        .load(conn)?;
    Ok(found)
}

type Rows = progress::BoxedQuery<'static, Store>;

fn matching(company: CompanyId, filter: &Filter) -> Rows {
    let mut rows = progress::table
        .filter(progress::company_id.eq(company))
        .into_boxed();
    if !filter.states.is_any() {
        rows = rows.filter(progress::state.eq_any(filter.states.list().to_vec()));
    }
    if let Some(status) = filter.status {
        rows = rows.filter(progress::status.eq(status));
    }
    if let Some(course) = filter.course {
        rows = rows.filter(progress::course_id.eq(course));
    }
    if let Some(band) = filter.band {
        rows = rows.filter(band.holds());
    }
    macro_rules! within {
        ($column:expr, $span:expr) => {
            if let Some(from) = $span.from {
                rows = rows.filter($column.ge(from).assume_not_null());
            }
            if let Some(until) = $span.until {
                rows = rows.filter($column.lt(until).assume_not_null());
            }
        };
    }
    within!(progress::enrolled_at, filter.enrolled);
    within!(progress::timecompleted, filter.completed);
    match filter.search.trim() {
        "" => rows,
        text => rows.filter(contains(text)),
    }
}

/// Whether any name of a row holds a text; `%` and `_` in it mean themselves.
fn contains(text: &str) -> Box<dyn BoxableExpression<progress::table, Store, SqlType = Bool>> {
    let wanted = pattern(text);
    let names = progress::firstname.concat(" ").concat(progress::lastname);
    Box::new(
        lower(names)
            .like(wanted.clone())
            .escape('\\')
            .or(lower(progress::email).like(wanted.clone()).escape('\\'))
            .or(lower(progress::username).like(wanted.clone()).escape('\\'))
            .or(lower(progress::coursename).like(wanted).escape('\\')),
    )
}

/// What a text without its letters' case is like that holds this one; `%` and `_` in it mean themselves.
pub fn pattern(text: &str) -> String {
    let escaped = text
        .to_lowercase()
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{escaped}%")
}

fn sorted(rows: Rows, order: Order) -> Rows {
    macro_rules! by {
        ($($column:expr),+) => {
            if order.descending {
                rows.order(($($column.desc(),)+ progress::user_id, progress::course_id))
            } else {
                rows.order(($($column.asc(),)+ progress::user_id, progress::course_id))
            }
        };
    }
    match order.sort {
        Sort::Name => by!(progress::lastname, progress::firstname),
        Sort::Course => by!(progress::coursename),
        Sort::Status => by!(progress::status),
        Sort::Percentage => by!(progress::percentage.is_not_null(), progress::percentage),
        Sort::Completed => by!(
            progress::timecompleted.is_not_null(),
            progress::timecompleted
        ),
        Sort::Enrolled => by!(progress::enrolled_at.is_not_null(), progress::enrolled_at),
        Sort::Started => by!(progress::timestarted.is_not_null(), progress::timestarted),
        Sort::Changed => by!(progress::changed_at),
    }
}
