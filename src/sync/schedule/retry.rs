//! After a run: a schedule whose source or store was away tries again, later each time.

use diesel::prelude::*;

use super::{Schedule, store};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, RunId};
use crate::schema::sync_schedules;
use crate::sync::{Mode, Run, Trigger};

/// The wait after the first failure; it doubles with each further one.
const FIRST_WAIT: i64 = 60;
/// The longest wait.
const LONGEST_WAIT: i64 = 30 * 60;

/// How a run ended, as far as its schedule cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its rows are published.
    Published,
    /// Moodle, the store or the process was away: trying again soon may help.
    Away,
    /// Trying again before the next regular time would change nothing: somebody has to look.
    Stopped,
}

impl End {
    /// How a run that met this error ended.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::MoodleUnavailable(_)
            | Error::StoreUnavailable(_)
            | Error::Store(_)
            | Error::Moved
            | Error::Machine(_) => Self::Away,
            _ => Self::Stopped,
        }
    }
}

/// Settles a company's schedule with a run that ends; call it in the transaction that ends the run.
///
/// A published run of `changes` or `full`, whoever asked for it, sets `attempts` to 0. A scheduled run that failed
/// counts, and where something was away the next one comes after a pause, but not later than the next regular time.
/// Dry runs and companies without a schedule are left as they are.
pub fn after_run(conn: &mut Conn, run: &Run, end: End, now: i64) -> Result<()> {
    if run.dry_run || !matches!(run.mode, Mode::Changes | Mode::Full) {
        return Ok(());
    }
    let Some(schedule) = store::find(conn, run.company_id)? else {
        return Ok(());
    };
    if schedule.problem.is_some() {
        return Ok(()); // a version that can follow it settles it
    }
    match end {
        End::Published if schedule.attempts == 0 => Ok(()),
        End::Published => settle(conn, run.company_id, 0, regular(&schedule, now)),
        _ if run.trigger != Trigger::Scheduled => Ok(()),
        End::Stopped => settle(
            conn,
            run.company_id,
            schedule.attempts + 1,
            schedule.next_run_at,
        ),
        End::Away => {
            let attempts = schedule.attempts + 1;
            let next = next_try(&schedule, attempts, &run.id, now);
            settle(conn, run.company_id, attempts, next)
        }
    }
}

fn settle(conn: &mut Conn, company: CompanyId, attempts: i32, next: Option<i64>) -> Result<()> {
    diesel::update(sync_schedules::table.find(company))
        .set((
            sync_schedules::attempts.eq(attempts),
            sync_schedules::next_run_at.eq(next),
        ))
        .execute(conn)?;
    Ok(())
}

/// After a success there is nothing to try again; what is due already stays due.
fn regular(schedule: &Schedule, now: i64) -> Option<i64> {
    let next = schedule.next_run_at?;
    if next <= now {
        return Some(next);
    }
    schedule.rhythm.next_after(now)
}

fn next_try(schedule: &Schedule, attempts: i32, run: &RunId, now: i64) -> Option<i64> {
    if !schedule.is_active() {
        return schedule.next_run_at;
    }
    let regular = schedule.rhythm.next_after(now);
    let soon = Some(now + wait(attempts, run));
    [soon, regular, schedule.next_run_at]
        .into_iter()
        .flatten()
        .min()
}

/// 1, 2, 4, 8 … minutes, up to 30, give or take a fifth: companies that failed together do not come back together.
fn wait(attempts: i32, run: &RunId) -> i64 {
    let doublings = attempts.clamp(1, 10) - 1;
    let wait = (FIRST_WAIT << doublings).min(LONGEST_WAIT);
    let digits = run.0.get(..4).unwrap_or_default();
    let draw = i64::from_str_radix(digits, 16).unwrap_or(0x8000); // 0 to 0xffff
    wait + wait * (draw * 2 - 0xffff) / (5 * 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_half_an_hour() {
        let middle = RunId("80000000000000000000000000000000".into());
        let waits: Vec<i64> = (1..=8).map(|attempt| wait(attempt, &middle) / 60).collect();

        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(wait(1_000_000, &middle), 1800);
    }

    #[test]
    fn the_wait_differs_by_run_and_by_a_fifth_at_most() {
        let of = |digits: &str| wait(6, &RunId(format!("{digits}0000")));

        assert_eq!((of("0000"), of("ffff")), (1440, 2160));
        assert!((1440..=2160).contains(&of("3a7c")));
    }
}
