//! Why a pair is not active any more.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::QueryableByName;
use diesel::sql_types::BigInt;

use super::RowState;
use super::company::Company;
use super::snapshot::Snapshot;
use crate::error::Result;
use crate::ids::{CompanyId, Key};

const PAGE: usize = 5_000;

/// The state of each pair, in the order asked.
pub fn explain(
    snapshot: &mut Snapshot,
    id: CompanyId,
    company: &Company,
    keys: &[Key],
) -> Result<Vec<(Key, RowState)>> {
    let mut explained = Vec::with_capacity(keys.len());
    for page in keys.chunks(PAGE) {
        let users: BTreeSet<i64> = page.iter().map(|key| key.user.0).collect();
        let users: Vec<i64> = users.into_iter().collect();
        let tracked: HashSet<Key> = company.tracked(snapshot, &users)?.into_iter().collect();
        let query = snapshot.query(include_str!("sql/users.sql"));
        let query = query.number("company", id.0).list("users", &users);
        let standing: Vec<Standing> = snapshot.load(query)?;
        let standing: HashMap<i64, Standing> =
            standing.into_iter().map(|user| (user.id, user)).collect();
        explained.extend(page.iter().map(|key| {
            let standing = standing.get(&key.user.0);
            (*key, state(*key, standing, company, &tracked))
        }));
    }
    Ok(explained)
}

/// The first reason that holds. Who left the company has left, suspended or not.
fn state(
    key: Key,
    standing: Option<&Standing>,
    company: &Company,
    tracked: &HashSet<Key>,
) -> RowState {
    let Some(user) = standing.filter(|user| user.deleted == 0) else {
        return RowState::Deleted;
    };
    if user.memberships == 0 {
        RowState::Left
    } else if user.suspended != 0 || user.open_memberships == 0 {
        RowState::Suspended
    } else if !tracked.contains(&key) {
        RowState::Left
    } else if company.open_course(key.course.0).is_none() {
        RowState::CourseHidden
    } else {
        RowState::Active
    }
}

#[derive(QueryableByName)]
struct Standing {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    deleted: i64,
    #[diesel(sql_type = BigInt)]
    suspended: i64,
    #[diesel(sql_type = BigInt)]
    memberships: i64,
    #[diesel(sql_type = BigInt)]
    open_memberships: i64,
}
