//! A company's learners with their numbers: searched, sorted, by page number. Only active rows count.

use diesel::dsl::{count, count_star, max, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::list::pattern;
use crate::db::functions::lower;
use crate::db::{Conn, Store};
use crate::error::{Error, Result};
use crate::ids::{CompanyId, UserId};
use crate::moodle::RowState;
use crate::schema::progress;

/// One learner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learner {
    /// Who.
    pub user: UserId,
    /// First name, hostile text.
    pub firstname: String,
    /// Last name, hostile text.
    pub lastname: String,
    /// Possibly malformed.
    pub email: String,
    /// Sign-in name in Moodle.
    pub username: String,
    /// Their rows: courses that they are in.
    pub courses: i64,
    /// Those that are completed.
    pub completed: i64,
    /// Those that are begun and not completed.
    pub in_progress: i64,
    /// When one of their rows last changed, in UTC seconds.
    pub changed_at: i64,
}

impl Learner {
    /// Courses that they have not begun.
    pub fn not_started(&self) -> i64 {
        self.courses - self.completed - self.in_progress
    }
}

crate::words! {
    /// What learners are ordered by; equal ones keep the order of their ids.
    Sort {
        /// Last name, then first name.
        Name = "name",
        /// Courses.
        Courses = "courses",
        /// Completed courses.
        Completed = "completed",
        /// Courses that are begun.
        InProgress = "in_progress",
        /// Courses that are not begun.
        NotStarted = "not_started",
        /// When something of them last changed.
        Changed = "changed",
    }
}

/// How many learners have a name, address or user name that holds a text; all of them for an empty one.
pub fn total(conn: &mut Conn, company: CompanyId, search: &str) -> Result<i64> {
    let mut rows = progress::table
        .filter(progress::company_id.eq(company))
        .filter(progress::state.eq(RowState::Active))
        .select(count(progress::user_id).aggregate_distinct())
        .into_boxed::<Store>();
    if let Some(named) = named(search) {
        rows = rows.filter(named);
    }
    Ok(rows.get_result(conn)?)
}

/// Some of these learners, in an order.
pub fn page(
    conn: &mut Conn,
    company: CompanyId,
    search: &str,
    order: (Sort, bool),
    part: (i64, i64),
) -> Result<Vec<Learner>> {
    read(conn, company, search, order, Some(part))?.collect()
}

/// Every one of these learners, in an order, one after the other.
pub fn stream(
    conn: &mut Conn,
    company: CompanyId,
    search: &str,
    order: (Sort, bool),
) -> Result<impl Iterator<Item = Result<Learner>>> {
    read(conn, company, search, order, None)
}

/// Those of a part, by offset and limit, or all of them.
fn read<'conn>(
    conn: &'conn mut Conn,
    company: CompanyId,
    search: &str,
    (sort, descending): (Sort, bool),
    part: Option<(i64, i64)>,
) -> Result<impl Iterator<Item = Result<Learner>> + use<'conn>> {
    let mut rows = progress::table
        .filter(progress::company_id.eq(company))
        .filter(progress::state.eq(RowState::Active))
        .group_by(progress::user_id)
        .select((
            (
                progress::user_id,
                max(progress::firstname),
                max(progress::lastname),
                max(progress::email),
                max(progress::username),
            ),
            (
                count_star(),
                sql::<BigInt>(COMPLETED),
                sql::<BigInt>(IN_PROGRESS),
                max(progress::changed_at),
            ),
        ))
        .into_boxed::<Store>();
    if let Some(named) = named(search) {
        rows = rows.filter(named);
    }
    if let Some((offset, limit)) = part {
        rows = rows.offset(offset).limit(limit);
    }
    let found = rows
        .order(sql::<Text>(order(sort, descending)))
        .load_iter::<(Who, Counts), _>(conn)?;
    Ok(found.map(|row| row.map(learner).map_err(Error::from)))
}

const COMPLETED: &str = "sum(case when progress.status = 'completed' then 1 else 0 end)";
const IN_PROGRESS: &str = "sum(case when progress.status = 'in_progress' then 1 else 0 end)";

type Who = (
    UserId,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);
type Counts = (i64, i64, i64, Option<i64>);

fn learner((who, counts): (Who, Counts)) -> Learner {
    let (user, firstname, lastname, email, username) = who;
    let (courses, completed, in_progress, changed_at) = counts;
    Learner {
        user,
        firstname: firstname.unwrap_or_default(),
        lastname: lastname.unwrap_or_default(),
        email: email.unwrap_or_default(),
        username: username.unwrap_or_default(),
        courses,
        completed,
        in_progress,
        changed_at: changed_at.unwrap_or_default(),
    }
}

fn order(sort: Sort, descending: bool) -> &'static str {
    match (sort, descending) {
        (Sort::Name, false) => "max(progress.lastname), max(progress.firstname), progress.user_id",
        (Sort::Name, true) => {
            "max(progress.lastname) desc, max(progress.firstname) desc, progress.user_id"
        }
        (Sort::Courses, false) => "count(*), progress.user_id",
        (Sort::Courses, true) => "count(*) desc, progress.user_id",
        (Sort::Completed, false) => {
            "sum(case when progress.status = 'completed' then 1 else 0 end), progress.user_id"
        }
        (Sort::Completed, true) => {
            "sum(case when progress.status = 'completed' then 1 else 0 end) desc, progress.user_id"
        }
        (Sort::InProgress, false) => {
            "sum(case when progress.status = 'in_progress' then 1 else 0 end), progress.user_id"
        }
        (Sort::InProgress, true) => {
            "sum(case when progress.status = 'in_progress' then 1 else 0 end) desc, progress.user_id"
        }
        (Sort::NotStarted, false) => {
            "sum(case when progress.status = 'not_started' then 1 else 0 end), progress.user_id"
        }
        (Sort::NotStarted, true) => {
            "sum(case when progress.status = 'not_started' then 1 else 0 end) desc, progress.user_id"
        }
        (Sort::Changed, false) => "max(progress.changed_at), progress.user_id",
        (Sort::Changed, true) => "max(progress.changed_at) desc, progress.user_id",
    }
}

type Named = Box<dyn BoxableExpression<progress::table, Store, SqlType = Bool>>;

/// Whether a row is of somebody whose name, address or user name holds a text.
fn named(search: &str) -> Option<Named> {
    let text = search.trim();
    if text.is_empty() {
        return None;
    }
    // One text, on lines of its own each: a search has no line break, and asks once for every row instead of three times.
    let names = progress::firstname.concat(" ").concat(progress::lastname);
    let all = names
        .concat("\n")
        .concat(progress::email)
        .concat("\n")
        .concat(progress::username);
    Some(Box::new(lower(all).like(pattern(text)).escape('\\')))
}
