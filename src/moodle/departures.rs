//! Why a pair is not active any more.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::QueryableByName;
use diesel::sql_types::BigInt;

use super::company::Company;
use super::snapshot::Snapshot;
use super::{RowState, Shape};
use crate::error::Result;
use crate::ids::{CompanyId, Key};

const PAGE: usize = 5_000;

/// The state of each pair, in the order asked.
pub fn explain(
    snapshot: &mut Snapshot,
    id: CompanyId,
    shape: &Shape,
    keys: &[Key],
) -> Result<Vec<(Key, RowState)>> {
    let unshaped = Shape::default();
    let moodles = Company::read(snapshot, id, &unshaped)?;
    let shaped = match shape {
        shape if *shape == unshaped => None,
        shape => Some(Company::read(snapshot, id, shape)?),
    };
    let mut explained = Vec::with_capacity(keys.len());
    for page in keys.chunks(PAGE) {
        let users: BTreeSet<i64> = page.iter().map(|key| key.user.0).collect();
        let users: Vec<i64> = users.into_iter().collect();
        let by_moodle = by_moodles_rules(snapshot, id, &moodles, &users)?;
        let shaped = shaped
            .as_ref()
            .map(|shaped| counting(snapshot, shaped, &users));
        let shaped = shaped.transpose()?;
        explained.extend(page.iter().map(|key| {
            let counts = shaped.as_ref().map(|keys| keys.contains(key));
            (*key, settled(by_moodle(*key), counts))
        }));
    }
    Ok(explained)
}

/// The settings may leave out what Moodle has, and count what Moodle does not.
fn settled(by_moodle: RowState, counts: Option<bool>) -> RowState {
    match (counts, by_moodle) {
        (Some(true), _) => RowState::Active,
        (Some(false), RowState::Active) => RowState::Excluded,
        (_, state) => state,
    }
}

/// The pairs of some users that are active by a company's settings.
fn counting(snapshot: &mut Snapshot, company: &Company, users: &[i64]) -> Result<HashSet<Key>> {
    let mut found = company.tracked(snapshot, users)?;
    found.retain(|key| {
        let is_member = company.members.binary_search(&key.user.0).is_ok();
        is_member && company.open_course(key.course.0).is_some()
    });
    Ok(found.into_iter().collect())
}

/// The state of each pair of some users by Moodle's own rules.
fn by_moodles_rules<'c>(
    snapshot: &mut Snapshot,
    id: CompanyId,
    company: &'c Company,
    users: &[i64],
) -> Result<impl Fn(Key) -> RowState + use<'c>> {
    let tracked: HashSet<Key> = company.tracked(snapshot, users)?.into_iter().collect();
    let query = snapshot.query(include_str!("sql/users.sql"));
    let query = query.number("company", id.0).list("users", users);
    let standing: Vec<Standing> = snapshot.load(query)?;
    let standing: HashMap<i64, Standing> =
        standing.into_iter().map(|user| (user.id, user)).collect();
    Ok(move |key: Key| state(key, standing.get(&key.user.0), company, &tracked))
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
