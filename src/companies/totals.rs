//! A company's numbers, counted from its rows: the one place that counts them.

use diesel::dsl::{count, count_star};
use diesel::prelude::*;

use super::Totals;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::moodle::RowState;
use crate::schema::progress;
use crate::words::Status;

/// The numbers of a company's rows as they are in this transaction.
pub fn count_rows(conn: &mut Conn, company: CompanyId) -> Result<Totals> {
    let active = || active(company);
    let learners = active()
        .select(count(progress::user_id).aggregate_distinct())
        .get_result(conn)?;
    let courses = active()
        .select(count(progress::course_id).aggregate_distinct())
        .get_result(conn)?;
    let by_status: Vec<(Status, i64)> = active()
        .group_by(progress::status)
        .select((progress::status, count_star()))
        .load(conn)?;
    let of = |wanted| {
        by_status
            .iter()
            .find(|(status, _)| *status == wanted)
            .map_or(0, |(_, rows)| *rows)
    };
    Ok(Totals {
        learners,
        courses,
        enrolments: by_status.iter().map(|(_, rows)| rows).sum(),
        completed: of(Status::Completed),
        in_progress: of(Status::InProgress),
    })
}

#[diesel::dsl::auto_type]
fn active(company: CompanyId) -> _ {
    let of_company: diesel::dsl::Eq<progress::company_id, CompanyId> =
        progress::company_id.eq(company);
    let is_active: diesel::dsl::Eq<progress::state, RowState> =
        progress::state.eq(RowState::Active);
    progress::table.filter(of_company).filter(is_active)
}
