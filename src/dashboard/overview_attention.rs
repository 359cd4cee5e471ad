//! What needs somebody: everything that the overview names first.

use std::collections::HashMap;

use crate::alerts;
use crate::companies::Company;
use crate::db::Conn;
use crate::delivery::today::{self, Use};
use crate::error::Result;
use crate::ids::CompanyId;
use crate::sync::health::{self, Health, Standing};
use crate::sync::{Run, RunState, history};
use crate::tokens;

/// Of each kind, so many are named; the others are counted.
const NAMED: usize = 5;

/// Some things of one kind.
pub struct Several<T> {
    /// The first of them.
    pub named: Vec<T>,
    /// How many more there are.
    pub more: usize,
}

impl<T> Several<T> {
    fn of(mut all: Vec<T>) -> Self {
        let count = all.len();
        all.truncate(NAMED);
        Self::first(all, count)
    }

    /// The first of so many.
    fn first(named: Vec<T>, count: usize) -> Self {
        let more = count.saturating_sub(named.len());
        Self { named, more }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }
}

/// A company with tokens that end soon.
pub struct Ending {
    /// The company.
    pub company: Company,
    /// How many of its tokens.
    pub tokens: usize,
    /// When the first of them ends.
    pub first: i64,
}

/// A run that would remove too much.
pub struct Waiting {
    /// The run.
    pub run: Run,
    /// Its company.
    pub company: Company,
    /// Whether the company's latest run failed besides, or its schedule cannot be followed.
    pub is_broken: bool,
}

/// What needs somebody.
pub struct Attention {
    /// Runs that would remove too much and wait for a word.
    pub waiting: Several<Waiting>,
    /// Companies whose latest run failed.
    pub failed: Several<(Run, Company)>,
    /// Companies whose schedule's runs fail, or whose schedule cannot be followed, although the latest run did not fail.
    pub schedules: Several<Company>,
    /// Companies whose data is late.
    pub late: Several<(Company, Option<i64>)>,
    /// Companies that no sync has succeeded for, and none is on its way.
    pub never: Several<Company>,
    /// Tokens that end soon, those that end first before others.
    pub ending: Vec<Ending>,
    /// Limits of today that are used up, or nearly.
    pub short: Several<Use>,
    /// Open alerts that nobody has acknowledged.
    pub alerts: i64,
}

impl Attention {
    /// What there is of one company, or of all: their standings are given.
    pub fn read(
        conn: &mut Conn,
        standings: &[Standing],
        only: Option<CompanyId>,
        now: i64,
    ) -> Result<Self> {
        let waiting = waiting(standings, health::waiting(conn, only, NAMED as i64)?);
        let waiting_count = history::count_in(conn, RunState::NeedsConfirmation, only)?;
        let mut short = today::uses(conn, only, now)?;
        let near = today::near(conn)?;
        short.retain(|one| one.standing.reaches(&near));
        Ok(Self {
            waiting: Several::first(waiting, waiting_count as usize),
            failed: Several::of(failed(standings)),
            schedules: Several::of(broken_schedules(standings)),
            late: Several::of(late(standings)),
            never: Several::of(never(standings)),
            ending: ending(conn, standings, now)?,
            short: Several::of(short),
            alerts: alerts::open_count(conn, only)?,
        })
    }

    /// Whose tokens end soon: those that are named at once, and the others, which no page lists.
    pub fn endings(&self) -> (&[Ending], &[Ending]) {
        self.ending.split_at(NAMED.min(self.ending.len()))
    }

    /// Whether nothing needs anybody.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
            && self.failed.is_empty()
            && self.schedules.is_empty()
            && self.late.is_empty()
            && self.never.is_empty()
            && self.ending.is_empty()
            && self.short.is_empty()
            && self.alerts == 0
    }
}

fn waiting(standings: &[Standing], runs: Vec<Run>) -> Vec<Waiting> {
    let known: HashMap<CompanyId, &Standing> =
        standings.iter().map(|one| (one.company.id, one)).collect();
    let waiting = runs.into_iter().filter_map(|run| {
        let standing = known.get(&run.company_id)?;
        Some(Waiting {
            company: standing.company.clone(),
            is_broken: standing.failed().is_some() || standing.is_stuck(),
            run,
        })
    });
    waiting.collect()
}

fn failing(standings: &[Standing]) -> impl Iterator<Item = &Standing> {
    let failing = |one: &&Standing| one.health == Health::Failing;
    standings.iter().filter(failing)
}

fn failed(standings: &[Standing]) -> Vec<(Run, Company)> {
    let named = |one: &Standing| Some((one.failed()?.clone(), one.company.clone()));
    failing(standings).filter_map(named).collect()
}

fn broken_schedules(standings: &[Standing]) -> Vec<Company> {
    let others = failing(standings).filter(|one| one.failed().is_none());
    others.map(|one| one.company.clone()).collect()
}

fn late(standings: &[Standing]) -> Vec<(Company, Option<i64>)> {
    let late = standings.iter().filter(|one| one.health == Health::Late);
    let mut late: Vec<_> = late
        .map(|one| (one.company.clone(), one.state.synced_at))
        .collect();
    late.sort_by_key(|(_, synced_at)| *synced_at);
    late
}

fn never(standings: &[Standing]) -> Vec<Company> {
    let moving = |run: &Run| matches!(run.state, RunState::Queued | RunState::Running);
    let never = standings
        .iter()
        .filter(|one| one.health == Health::Never && !one.latest.as_ref().is_some_and(moving));
    never.map(|one| one.company.clone()).collect()
}

fn ending(conn: &mut Conn, standings: &[Standing], now: i64) -> Result<Vec<Ending>> {
    let mut ending = tokens::ending(conn, now)?;
    let in_use = standings.iter().filter(|one| one.company.is_in_use());
    let named = in_use.filter_map(|one| {
        let (tokens, first) = ending.remove(&one.company.id)?;
        let company = one.company.clone();
        Some(Ending {
            company,
            tokens,
            first,
        })
    });
    let mut found: Vec<Ending> = named.collect();
    found.sort_by_key(|one| one.first);
    Ok(found)
}
