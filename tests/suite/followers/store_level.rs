//! Thousands of histories against the very functions that answer, without HTTP between.

use alx_report_api::api::changes::{Asked, DeltaItem, find};
use alx_report_api::api::delta::{Delta, day};
use alx_report_api::api::rows::ProgressItem;
use alx_report_api::companies;
use alx_report_api::config::Secret;
use alx_report_api::db::{Conn, Db, Kind, migrate};
use alx_report_api::error::{Error, Result};
use alx_report_api::fields::{Field, Fields};
use alx_report_api::ids::{CompanyId, Key};
use alx_report_api::moodle::MoodleCompany;
use alx_report_api::progress::feed::{self, Filter};
use alx_report_api::tokens::SecretKey;
use serde_json::Value;

use super::apply;
use super::world::{Dice, Held, World};
use crate::support::say;
use crate::support::store::TestStore;

/// Days that a cursor lives.
const DAYS: i64 = 3;

/// A program that lists every row and then follows the changes.
struct Follower {
    held: Held,
    at: At,
    resyncs: u32,
}

enum At {
    /// Between two pages of the list.
    Listing {
        found: Held,
        after: Option<Key>,
        delta: Option<Delta>,
    },
    /// After some page of changes.
    Following(Option<String>),
}

/// What the world looks like to the door: the clock and what the company shows.
struct Door {
    key: SecretKey,
    now: i64,
    fields: Fields,
}

impl Follower {
    fn new(dice: &mut Dice) -> Self {
        let mut new = Self {
            held: Held::new(),
            at: At::Following(None),
            resyncs: 0,
        };
        if dice.roll(4) > 0 {
            new.begin_again();
        }
        new
    }

    fn begin_again(&mut self) {
        self.at = At::Listing {
            found: Held::new(),
            after: None,
            delta: None,
        };
    }

    /// Asks once. Gives whether it knows of nothing more to ask.
    fn ask(
        &mut self,
        conn: &mut Conn,
        world: &World,
        door: &Door,
        dice: &mut Dice,
    ) -> Result<bool> {
        let limit = 1 + dice.roll(5) as i64;
        let lost = dice.once_in(6); // the answer does not arrive: the client asks the same again
        let asked = match &self.at {
            At::Listing { .. } => self.list(conn, world, door, (limit, lost)).map(|()| false),
            At::Following(cursor) => {
                let page = follow(conn, world, door, cursor.as_deref(), limit);
                page.map(|page| !lost && self.take(page))
            }
        };
        match asked {
            Err(Error::Resync(_)) => {
                self.resyncs += 1;
                self.begin_again();
                Ok(false)
            }
            asked => asked,
        }
    }

    fn take(&mut self, (items, next, more): Page) -> bool {
        for item in &items {
            apply(&mut self.held, item);
        }
        self.at = At::Following(Some(next));
        !more
    }

    fn list(
        &mut self,
        conn: &mut Conn,
        world: &World,
        door: &Door,
        (limit, lost): (i64, bool),
    ) -> Result<()> {
        let At::Listing {
            found,
            after,
            delta,
        } = &mut self.at
        else {
            return Ok(());
        };
        if let Some(before) = delta {
            before.must_be_good(door.fields, door.now, Some(DAYS))?;
        }
        let state = companies::store::state(conn, world.company)?;
        let rows = feed::page(conn, world.company, &Filter::default(), *after, limit + 1)?;
        let known = (door.fields, day(door.now));
        let next = Delta::after_page(conn, &state, delta.as_ref(), known)?;
        if lost {
            return Ok(());
        }
        for row in rows.iter().take(limit as usize) {
            let item = serde_json::to_value(ProgressItem::of(row, door.fields)).expect("JSON");
            found.insert((row.user_id.0, row.course_id.0), item);
            *after = Some(row.key());
        }
        if rows.len() as i64 <= limit {
            self.held = std::mem::take(found);
            self.at = At::Following(Some(next.cursor(&door.key, world.company)));
        } else {
            *delta = Delta::of_bytes(&next.to_bytes());
        }
        Ok(())
    }
}

type Page = (Vec<Value>, String, bool);

fn follow(
    conn: &mut Conn,
    world: &World,
    door: &Door,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page> {
    let from = match cursor {
        None => Delta::beginning(door.fields, door.now),
        Some(text) => {
            let from = Delta::of_cursor(&door.key, world.company, text).expect("a cursor of ours");
            from.must_be_good(door.fields, door.now, Some(DAYS))?;
            from
        }
    };
    let state = companies::store::state(conn, world.company)?;
    let asked = Asked {
        from,
        fields: door.fields,
        limit,
        day: day(door.now),
    };
    let found = find(conn, &state, &asked)?;
    let item = |row| serde_json::to_value(DeltaItem::of(row, door.fields)).expect("JSON");
    let items = found.rows.iter().map(item).collect();
    Ok((
        items,
        found.next.cursor(&door.key, world.company),
        found.more,
    ))
}

/// One history; gives how often the client had to begin again.
fn history(conn: &mut Conn, seed: u64) -> Result<u32> {
    let mut dice = Dice::new(seed);
    let mut world = World::new(CompanyId(seed as i64));
    let mut door = Door {
        key: SecretKey::new(&Secret::new("k".repeat(32))).expect("long enough"),
        now: 1_800_000_000,
        fields: Fields::all(),
    };
    let mut follower = Follower::new(&mut dice);
    for _ in 0..10 + dice.roll(40) {
        match dice.roll(16) {
            0..6 => world.happen(conn, &mut dice)?,
            6 => door.now += 3600 * dice.roll(30) as i64,
            7 if dice.once_in(3) => door.now += 86_400 * (dice.roll(900) as i64 - 450),
            8 if dice.once_in(2) => door.fields = mask(&mut dice),
            _ => drop(follower.ask(conn, &world, &door, &mut dice)?),
        }
    }
    let mut asked = 0;
    while !follower.ask(conn, &world, &door, &mut dice)? {
        asked += 1;
        assert!(asked < 1000, "history {seed} never ends");
    }
    let truth = world.truth(conn, door.fields)?;
    assert_eq!(follower.held, truth, "history {seed}");
    Ok(follower.resyncs)
}

fn mask(dice: &mut Dice) -> Fields {
    let some = |_: &Field| !dice.once_in(4);
    Field::ALL.iter().copied().filter(some).collect()
}

#[test]
fn whoever_lists_and_follows_holds_exactly_the_active_rows_in_every_history() {
    let store = TestStore::create();
    let db = Db::open(&store.url()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    migrate::forward(&db, folder.path()).unwrap();
    let histories = if db.kind() == Kind::Sqlite { 2000 } else { 150 };
    let company = |id: u64| MoodleCompany {
        id: CompanyId(id as i64),
        name: format!("Company {id}"),
        shortname: String::new(),
        suspended: false,
    };
    let all: Vec<MoodleCompany> = (1..=histories).map(company).collect();
    companies::store::keep(&db, &all).unwrap();
    let mut resyncs = 0;

    for seed in 1..=histories {
        resyncs += db.write(|conn| history(conn, seed)).unwrap();
    }

    assert!(u64::from(resyncs) > histories / 10, "{resyncs} resyncs");
    say(&format!(
        "{histories} histories, {resyncs} times begun again, none diverged"
    ));
}
