//! What the store holds of one person in each company, before an erasure.

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

impl InCompany {
    /// The row that says best who the person is.
    pub fn known(&self) -> Option<&Row> {
        progress::best_known(&self.rows)
    }
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
