//! How long calls are kept: old ones are let go, a few thousand at a time.

use super::store;
use crate::db::Db;
use crate::error::Result;
use crate::time::now_ms;

const DAY_MS: i64 = 86_400_000;
/// How many days the counts of the limits are kept: nothing asks for more than those around today, in any zone.
const COUNTS_DAYS: i64 = 7;
/// Calls per transaction: the writer is free again after milliseconds.
const BATCH: i64 = 5_000;

/// Lets go the calls that are older than the days that are kept (`None` is for ever), and old counts of the limits in any
/// case; returns how many calls. Blocking.
///
/// The same again finds nothing; killed half-way, the next time goes on.
pub fn compact(db: &Db, days: Option<i64>, now_ms: i64) -> Result<usize> {
    let oldest = now_ms.div_euclid(DAY_MS) - COUNTS_DAYS;
    db.write(|conn| store::forget_counts(conn, oldest))?;
    let Some(days) = days else {
        return Ok(0);
    };
    let before_ms = now_ms - days * DAY_MS;
    let mut gone = 0;
    loop {
        match db.write(|conn| store::forget(conn, before_ms, BATCH))? {
            0 => return Ok(gone),
            some => gone += some,
        }
    }
}

/// Starts [`compact`] on a thread of its own: there may be months to let go.
pub fn begin(db: &Db, days: Option<i64>) -> Result<()> {
    let db = db.clone();
    let work = move || match compact(&db, days, now_ms()) {
        Ok(0) => {}
        Ok(calls) => log::info!(calls; "old calls were let go"),
        Err(error) => {
            log::warn!(error:? = error; "old calls could not be let go; trying again tomorrow");
        }
    };
    std::thread::Builder::new()
        .name("requests".into())
        .spawn(work)?;
    Ok(())
}
