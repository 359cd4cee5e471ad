//! The queue: which company's run is next.

use std::collections::HashSet;

use diesel::prelude::*;

use super::claim::is_lost;
use super::{RANK_ASKED, RunState};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, RunId};
use crate::schema::{company_state, sync_runs};

/// What a worker finds in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// This company's run can be claimed.
    Company(CompanyId),
    /// Runs wait, each behind one of its company that lasts.
    Later,
    /// Nothing waits.
    Nothing,
}

/// A waiting run, as far as its place matters.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
struct Waiting {
    company: CompanyId,
    rank: i32,
    requested_at_ms: i64,
    synced_at: Option<i64>,
}

/// The company whose turn it is. What somebody waits for goes first, in the order it was asked for; then the longest
/// unsynced company; last what is beyond its time. A run whose process died counts as a turn of its company too.
///
/// `is_ours` tells which runs this very process is busy with: those live, whatever their lease says, for the store may
/// have been too busy to renew it.
pub fn next(conn: &mut Conn, now_ms: i64, is_ours: impl Fn(&RunId) -> bool) -> Result<Next> {
    let running: Vec<(CompanyId, RunId, Option<i64>)> = sync_runs::table
        .filter(sync_runs::state.eq(RunState::Running))
        .select((
            sync_runs::company_id,
            sync_runs::id,
            sync_runs::lease_until_ms,
        ))
        .load(conn)?;
    let lost = |id: &RunId, until: Option<i64>| is_lost(until, now_ms) && !is_ours(id);
    if let Some((company, ..)) = running.iter().find(|(_, id, until)| lost(id, *until)) {
        return Ok(Next::Company(*company));
    }
    let running: HashSet<CompanyId> = running.into_iter().map(|(company, ..)| company).collect();
    let waiting: Vec<Waiting> = sync_runs::table
        .inner_join(company_state::table.on(company_state::company_id.eq(sync_runs::company_id)))
        .filter(sync_runs::state.eq(RunState::Queued))
        .select((
            sync_runs::company_id,
            sync_runs::rank,
            sync_runs::requested_at_ms,
            company_state::synced_at,
        ))
        .load(conn)?;
    let free = waiting
        .iter()
        .filter(|waiting| !running.contains(&waiting.company));
    Ok(match free.min_by_key(|waiting| place(waiting)) {
        Some(first) => Next::Company(first.company),
        None if waiting.is_empty() => Next::Nothing,
        None => Next::Later,
    })
}

fn place(waiting: &Waiting) -> (i32, i64, i64, CompanyId) {
    let asked = waiting.rank == RANK_ASKED;
    let by_age = if asked {
        waiting.requested_at_ms
    } else {
        waiting.synced_at.unwrap_or(i64::MIN)
    };
    (
        waiting.rank,
        by_age,
        waiting.requested_at_ms,
        waiting.company,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{RANK_BACKGROUND, RANK_LATE};

    fn waiting(company: i64, rank: i32, requested_at_ms: i64, synced_at: Option<i64>) -> Waiting {
        Waiting {
            company: CompanyId(company),
            rank,
            requested_at_ms,
            synced_at,
        }
    }

    #[test]
    fn who_waits_goes_first_then_the_longest_unsynced_company_and_last_what_is_late() {
        let mut queue = [
            waiting(1, RANK_LATE, 1, None),
            waiting(2, RANK_BACKGROUND, 1, Some(500)),
            waiting(3, RANK_BACKGROUND, 1, Some(400)),
            waiting(4, RANK_BACKGROUND, 9, None),
            waiting(5, RANK_ASKED, 20, Some(900)),
            waiting(6, RANK_ASKED, 10, Some(950)),
        ];

        queue.sort_by_key(place);

        let order: Vec<i64> = queue.iter().map(|waiting| waiting.company.0).collect();
        assert_eq!(order, [6, 5, 4, 3, 2, 1]);
    }
}
