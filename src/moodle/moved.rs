//! Whose facts moved since a cut-off.

use super::company::Company;
use super::snapshot::Snapshot;
use super::{Moved, Shape};
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, UserId};

const DAY: i64 = 86_400;
/// Up to here it is cheaper to look at the members one by one than at the whole site.
const SMALL_COMPANY: usize = 2_000;

/// The members and courses of a company of which a fact was written at or after a cut-off.
pub fn since(
    snapshot: &mut Snapshot,
    company: CompanyId,
    shape: &Shape,
    cut_off: i64,
) -> Result<Moved> {
    let company = Company::read(snapshot, company, shape)?;
    let few = Some(company.members.as_slice()).filter(|members| members.len() <= SMALL_COMPANY);
    let query = snapshot
        .query(include_str!("sql/moved_users.sql"))
        .number("cutoff", cut_off)
        .number("daybefore", cut_off.saturating_sub(DAY))
        .users_or_anybody("members", few);
    let mut users = snapshot.ids(query)?;
    users.retain(|user| company.members.binary_search(user).is_ok());
    let courses: Vec<i64> = company.courses.keys().copied().collect();
    let query = snapshot
        .query(include_str!("sql/moved_courses.sql"))
        .number("cutoff", cut_off)
        .list("courses", &courses);
    let courses = snapshot.ids(query)?;
    Ok(Moved {
        users: users.into_iter().map(UserId).collect(),
        courses: courses.into_iter().map(CourseId).collect(),
    })
}
