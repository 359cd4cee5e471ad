//! What a schedule will do, and what it did last.

use diesel::prelude::*;

use super::Rhythm;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::schema::sync_runs;
use crate::sync::{Run, Trigger};

/// The next moments of a rhythm, in UTC seconds; none for [`Rhythm::Off`].
pub fn next(rhythm: Rhythm, now: i64, count: usize) -> Vec<i64> {
    let rest = |moment: &i64| rhythm.next_after(*moment);
    std::iter::successors(rhythm.next_after(now), rest)
        .take(count)
        .collect()
}

/// The latest run that the company's schedule asked for.
pub fn latest_run(conn: &mut Conn, company: CompanyId) -> Result<Option<Run>> {
    let found = sync_runs::table
        .filter(sync_runs::company_id.eq(company))
        .filter(sync_runs::trigger.eq(Trigger::Scheduled))
        .filter(sync_runs::dry_run.eq(false))
        .order(sync_runs::requested_at_ms.desc())
        .limit(1)
        .select(Run::as_select())
        .load(conn)?;
    Ok(found.into_iter().next())
}
