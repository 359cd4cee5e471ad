//! A batch's time: when it is up, what still waits goes on behind everything else.

use diesel::prelude::*;

use crate::db::{Conn, Db};
use crate::error::Result;
use crate::ids::RunId;
use crate::schema::{sync_batch_runs, sync_batches, sync_runs};
use crate::sync::{RANK_BACKGROUND, RANK_LATE, RunState};

/// Puts the waiting runs of batches whose time is up behind all others, and returns how many. Blocking.
///
/// Runs that a batch only joined keep their place: somebody else asked for them.
pub fn demote_late(db: &Db, now_ms: i64) -> Result<usize> {
    let late = db.read(|conn| waiting_beyond(conn, now_ms))?;
    if late.is_empty() {
        return Ok(0);
    }
    db.write(|conn| {
        let mut moved = 0;
        for run in &late {
            let still_waits = sync_runs::table
                .find(run)
                .filter(sync_runs::state.eq(RunState::Queued))
                .filter(sync_runs::rank.eq(RANK_BACKGROUND));
            moved += diesel::update(still_waits)
                .set(sync_runs::rank.eq(RANK_LATE))
                .execute(conn)?;
        }
        Ok(moved)
    })
}

fn waiting_beyond(conn: &mut Conn, now_ms: i64) -> Result<Vec<RunId>> {
    let own = sync_batch_runs::run_id.eq(sync_runs::id.nullable());
    let found = sync_runs::table
        .inner_join(sync_batch_runs::table.on(own))
        .inner_join(sync_batches::table.on(sync_batches::id.eq(sync_batch_runs::batch_id)))
        .filter(sync_runs::state.eq(RunState::Queued))
        .filter(sync_runs::rank.eq(RANK_BACKGROUND))
        .filter(sync_batches::until_ms.le(now_ms))
        .filter(sync_runs::requested_at_ms.ge(sync_batches::requested_at_ms))
        .select(sync_runs::id)
        .load(conn)?;
    Ok(found)
}
