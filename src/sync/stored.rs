//! What the store holds of one person: in each company before an erasure, in each table after it.

use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::companies::{self, Company};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, UserId};
use crate::progress::{self, Row};
use crate::schema::{sync_changes, sync_plan_lines, sync_runs, sync_unread};

/// What one company has of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct InCompany {
    /// Which company.
    pub company: Company,
    /// The person's rows in all states.
    pub rows: Vec<Row>,
    /// Lines of the change log that say what a row said.
    pub lines: i64,
    /// Lines of the plans of previews and of runs that wait.
    pub planned: i64,
    /// Notes that a row of Moodle could not be read.
    pub unread: i64,
}

/// One table, and how many of its rows still say something about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// Which table.
    pub table: &'static str,
    /// What was looked at in it.
    pub columns: &'static str,
    /// Rows that name the person by id.
    pub known: i64,
    /// Rows that say more than the id.
    pub telling: i64,
}

/// What each company has of a person; companies that have nothing are left out.
pub fn of_person(conn: &mut Conn, user: UserId) -> Result<Vec<InCompany>> {
    let mut found = Vec::new();
    for (company, _) in companies::store::list(conn)? {
        let here = in_company(conn, company, user)?;
        if !here.rows.is_empty() || here.lines + here.planned + here.unread > 0 {
            found.push(here);
        }
    }
    Ok(found)
}

fn in_company(conn: &mut Conn, company: Company, user: UserId) -> Result<InCompany> {
    let rows = progress::store::of_person(conn, company.id, user)?;
    let lines = telling_lines(company.id, user)
        .select(count_star())
        .get_result(conn)?;
    let planned = sync_plan_lines::table
        .inner_join(sync_runs::table)
        .filter(
            sync_runs::company_id
                .eq(company.id)
                .and(sync_plan_lines::user_id.eq(user)),
        )
        .select(count_star())
        .get_result(conn)?;
    let unread = sync_unread::table
        .inner_join(sync_runs::table)
        .filter(
            sync_runs::company_id
                .eq(company.id)
                .and(sync_unread::user_id.eq(user)),
        )
        .select(count_star())
        .get_result(conn)?;
    Ok(InCompany {
        company,
        rows,
        lines,
        planned,
        unread,
    })
}

/// The lines of the log that say what a person's row said.
#[diesel::dsl::auto_type]
pub(super) fn telling_lines(company: CompanyId, user: UserId) -> _ {
    let of_company: diesel::dsl::Eq<sync_changes::company_id, CompanyId> =
        sync_changes::company_id.eq(company);
    let of_user: diesel::dsl::Eq<sync_changes::user_id, UserId> = sync_changes::user_id.eq(user);
    let tells: diesel::dsl::Or<
        diesel::dsl::IsNotNull<sync_changes::before>,
        diesel::dsl::IsNotNull<sync_changes::after>,
    > = sync_changes::before
        .is_not_null()
        .or(sync_changes::after.is_not_null());
    sync_changes::table
        .filter(of_company)
        .filter(of_user)
        .filter(tells)
}

/// Looks through every table that can hold a learner's data, now.
pub fn search(conn: &mut Conn, user: UserId) -> Result<Vec<Searched>> {
    let (mut known, mut telling) = (0, 0);
    for company in companies::store::ids(conn)? {
        let of_person = sync_changes::company_id
            .eq(company)
            .and(sync_changes::user_id.eq(user));
        known += sync_changes::table
            .filter(of_person)
            .select(count_star())
            .get_result::<i64>(conn)?;
        telling += telling_lines(company, user)
            .select(count_star())
            .get_result::<i64>(conn)?;
    }
    let planned: i64 = sync_plan_lines::table
        .filter(sync_plan_lines::user_id.eq(user))
        .select(count_star())
        .get_result(conn)?;
    let unread: i64 = sync_unread::table
        .filter(sync_unread::user_id.eq(user))
        .select(count_star())
        .get_result(conn)?;
    let (rows, saying) = search_rows(conn, user)?;
    let table = |table, columns, known, telling| Searched {
        table,
        columns,
        known,
        telling,
    };
    Ok(vec![
        table("progress", ROW_COLUMNS, rows, saying),
        table("sync_changes", "before, after", known, telling),
        table("sync_plan_lines", "before, after", planned, planned),
        table("sync_unread", "reason", unread, unread),
    ])
}

const ROW_COLUMNS: &str = "firstname, lastname, email, username, status, percentage, timecompleted, timestarted, \
    enrolled_at";

/// A person's rows in all companies, and how many of them say anything.
fn search_rows(conn: &mut Conn, user: UserId) -> Result<(i64, i64)> {
    let (mut known, mut telling) = (0, 0);
    for company in companies::store::ids(conn)? {
        let found = progress::store::of_person(conn, company, user)?;
        known += found.len() as i64;
        telling += found.iter().filter(|row| tells(row)).count() as i64;
    }
    Ok((known, telling))
}

fn tells(row: &Row) -> bool {
    let said = &row.content;
    let names = [&said.firstname, &said.lastname, &said.email, &said.username];
    let times = [said.timecompleted, said.timestarted, said.enrolled_at];
    names.iter().any(|name| !name.is_empty())
        || times.iter().any(Option::is_some)
        || said.percentage.is_some()
        || said.status != progress::Status::NotStarted
}
