//! What a schedule will do, and what it did last.

use std::collections::{HashMap, HashSet};

use diesel::dsl::max;
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
    Ok(latest_runs(conn, &[company])?.remove(&company))
}

/// The latest run that each company's schedule asked for, in two looks for all of them.
pub fn latest_runs(conn: &mut Conn, companies: &[CompanyId]) -> Result<HashMap<CompanyId, Run>> {
    let scheduled = || {
        sync_runs::table
            .filter(sync_runs::company_id.eq_any(companies))
            .filter(sync_runs::trigger.eq(Trigger::Scheduled))
            .filter(sync_runs::dry_run.eq(false))
    };
    let latest: Vec<(CompanyId, Option<i64>)> = scheduled()
        .group_by(sync_runs::company_id)
        .select((sync_runs::company_id, max(sync_runs::requested_at_ms)))
        .load(conn)?;
    let moments: Vec<i64> = latest.iter().filter_map(|(_, at)| *at).collect();
    let latest: HashSet<(CompanyId, Option<i64>)> = latest.into_iter().collect();
    let runs: Vec<Run> = scheduled()
        .filter(sync_runs::requested_at_ms.eq_any(moments))
        .select(Run::as_select())
        .load(conn)?;
    let is_latest = |run: &Run| latest.contains(&(run.company_id, Some(run.requested_at_ms)));
    let runs = runs.into_iter().filter(is_latest);
    Ok(runs.map(|run| (run.company_id, run)).collect())
}
