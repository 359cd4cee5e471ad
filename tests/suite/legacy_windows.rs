//! Incremental answers: after any history of syncs, removals, settings, lost replies, restarts and clock steps, a client
//! that applied the answers holds exactly the rows of the store.
//!
//! The client is one that knows the sync mode of each answer, asks page after page until one is short, replaces
//! everything by a full list once it has all of it, and replaces row by row by an incremental one, by `userid` and
//! `coursename`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use alx_report_api::companies::{self, State};
use alx_report_api::config::Secret;
use alx_report_api::db::{Conn, Db, migrate};
use alx_report_api::delivery;
use alx_report_api::error::{Error, Result};
use alx_report_api::ids::{CompanyId, CourseId, Key, TokenId, UserId};
use alx_report_api::moodle::{MoodleCompany, RowState};
use alx_report_api::progress::{Content, Row, write};
use alx_report_api::schema::legacy_windows;
use alx_report_api::settings::delivery::DeliveryOverrides;
use alx_report_api::tokens::{NewToken, Scope, SecretKey, store};
use alx_report_api::windows::{self, Asked, Kind, Page, RowKey};
use alx_report_api::words::Status;
use diesel::dsl::max;
use diesel::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use crate::support::say;
use crate::support::store::TestStore;

/// What a client knows a row by, and what it says of it.
type Rows = BTreeMap<(i64, String), String>;

const DAY: i64 = 86_400;

/// Random numbers that are the same again for the same history.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    /// Once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.roll(times) == 0
    }
}

/// A store that many histories share, each with a company of its own.
struct Shared {
    db: Db,
    url: Secret,
    key: SecretKey,
    _store: Option<TestStore>,
    _folder: TempDir,
}

impl Shared {
    /// A new store, in memory where the machine has a file system there: nobody pulls the plug in these histories.
    fn open() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        let folder = folder.unwrap();
        let server = std::env::var("ALX_TEST_DATABASE_URL").is_ok();
        let store = server.then(TestStore::create);
        let file = || format!("sqlite://{}", folder.path().join("store.db").display());
        let url = store
            .as_ref()
            .map_or_else(|| Secret::new(file()), TestStore::url);
        let db = Db::open(&url).unwrap();
        migrate::forward(&db, folder.path()).unwrap();
        let key = SecretKey::new(&Secret::from("0123456789abcdef0123456789abcdef")).unwrap();
        Self {
            db,
            url,
            key,
            _store: store,
            _folder: folder,
        }
    }
}

/// One company with its store, its one client, and what the plugin would have told that client.
struct History<'a> {
    shared: &'a Shared,
    company: CompanyId,
    token: TokenId,
    dice: Dice,
    clock: i64,
    seq: i64,
    rows: BTreeMap<Key, Row>,
    names: BTreeMap<i64, String>,
    /// The name that a course had before its last renaming.
    before: BTreeMap<i64, String>,
    named: u64,
    view: bool,
    full_after: i64,
    client: Rows,
    /// Windows in a row that the server took for completed and the client never got whole.
    lost: u32,
    counted: i64,
    damaged: bool,
    plugin: Rows,
    plugin_synced: i64,
    seen: Seen,
}

/// What happened in all histories.
#[derive(Debug, Default)]
struct Seen {
    full: u64,
    incremental: u64,
    incremental_rows: u64,
    lost: u64,
    damaged: u64,
    plugin_wrong: u64,
    begun_anew: u64,
    shared_names: u64,
    named_back: u64,
}

impl Seen {
    fn add(&mut self, other: &Self) {
        self.full += other.full;
        self.incremental += other.incremental;
        self.incremental_rows += other.incremental_rows;
        self.lost += other.lost;
        self.damaged += other.damaged;
        self.plugin_wrong += other.plugin_wrong;
        self.begun_anew += other.begun_anew;
        self.shared_names += other.shared_names;
        self.named_back += other.named_back;
    }
}

impl<'a> History<'a> {
    fn begin(shared: &'a Shared, number: u64) -> Self {
        let company = CompanyId(number as i64 + 1);
        let known = MoodleCompany {
            id: company,
            name: format!("Company {number}"),
            shortname: format!("c{number}"),
            suspended: false,
        };
        companies::store::keep(&shared.db, &[known]).unwrap();
        let read = [Scope::Read].into_iter().collect();
        let new = NewToken::of(company, "test", read, "test");
        let made = shared
            .db
            .write(|conn| store::create(conn, &shared.key, &new, 0));
        let mut dice = Dice(number);
        let full_after = if dice.once_in(2) {
            DAY
        } else {
            3600 * (1 + dice.roll(48) as i64)
        };
        let mut history = Self {
            shared,
            company,
            token: made.unwrap().1.id,
            dice,
            clock: 1_800_000_000,
            seq: 0,
            rows: BTreeMap::new(),
            names: BTreeMap::new(),
            before: BTreeMap::new(),
            named: 0,
            view: false,
            full_after,
            client: Rows::new(),
            lost: 0,
            counted: 0,
            damaged: false,
            plugin: Rows::new(),
            plugin_synced: 0,
            seen: Seen::default(),
        };
        for _ in 0..3 {
            history.sync();
        }
        history
    }

    fn run(mut self) -> Seen {
        for _ in 0..3 {
            self.quiet_pass();
        }
        for _ in 0..12 {
            match self.dice.roll(20) {
                0..=4 => self.sync(),
                5..=6 => self.rename(),
                7 => self.erase(),
                8 => self.change_settings(),
                9 => self.step_the_clock(),
                10 => self.parallel_openings(),
                11..=14 => self.troubled_pass(),
                _ => self.quiet_pass(),
            }
        }
        self.quiet_pass();
        self.remove_one_that_everybody_has();
        self.clock += 8 * DAY;
        self.quiet_pass();
        self.plugin_call();
        assert!(!self.damaged, "the periodic full list heals");
        self.seen.plugin_wrong = u64::from(self.plugin != self.truth());
        self.seen
    }

    // What the store goes through.

    fn sync(&mut self) {
        self.clock += self.dice.roll(1800) as i64;
        let changes = self.dice.roll(4);
        let mut changed = BTreeMap::new();
        for _ in 0..changes {
            let key = Key {
                user: UserId(1 + self.dice.roll(4) as i64),
                course: CourseId(1 + self.dice.roll(3) as i64),
            };
            let gone = self
                .rows
                .get(&key)
                .is_some_and(|row| row.state != RowState::Active);
            let state = match self.dice.roll(4) {
                0 if self.rows.contains_key(&key) && !gone => RowState::Left,
                _ => RowState::Active,
            };
            changed.insert(key, self.row(key, state));
        }
        self.publish(changed);
    }

    fn row(&mut self, key: Key, state: RowState) -> Row {
        let named = &mut self.named;
        let name = self.names.entry(key.course.0).or_insert_with(|| {
            *named += 1;
            format!("Course {named}")
        });
        let old = self.rows.get(&key).map(|row| row.content.clone());
        let content = match (state, old) {
            (RowState::Active, _) => Content {
                firstname: format!("User {}", key.user),
                lastname: String::new(),
                email: String::new(),
                username: format!("u{}", key.user),
                coursename: name.clone(),
                status: Status::InProgress,
                percentage: Some(self.dice.roll(100) as f64),
                timecompleted: None,
                timestarted: None,
                enrolled_at: None,
            },
            (_, old) => old.expect("a row that ends was there"),
        };
        Row {
            company_id: self.company,
            user_id: key.user,
            course_id: key.course,
            content,
            state,
            seq: 0,
            first_seen_seq: 0,
            changed_at: self.clock,
        }
    }

    /// Writes rows under the next versions, as a sync's commit does; without rows only the stamp is new.
    fn publish(&mut self, changed: BTreeMap<Key, Row>) {
        let mut rows: Vec<Row> = changed.into_values().collect();
        for row in &mut rows {
            self.seq += 1;
            row.seq = self.seq;
        }
        let (company, seq) = (self.company, self.seq);
        let published = self.shared.db.write(|conn: &mut Conn| {
            write(conn, &rows)?;
            let state = companies::store::state(conn, company)?;
            companies::store::publish_unsynced(conn, &State { seq, ..state })
        });
        published.unwrap();
        self.rows
            .extend(rows.into_iter().map(|row| (row.key(), row)));
    }

    /// Gives a course another name, its former one or another course's, in all of its rows or, as a partial sync does, in
    /// some; or two courses each other's.
    fn rename(&mut self) {
        self.clock += 60;
        let course = 1 + self.dice.roll(3) as i64;
        let other = 1 + self.dice.roll(3) as i64;
        let name = self.names.get(&course).cloned();
        let of_other = self.names.get(&other).cloned();
        let before = self.before.get(&course).cloned();
        let how = self.dice.roll(8);
        let partly = match (how, name.clone(), of_other, before) {
            (0, Some(one), Some(two), _) => {
                self.names.extend([(course, two), (other, one)]);
                false
            }
            (1..=2, Some(_), Some(two), _) => {
                self.names.insert(course, two);
                self.dice.once_in(2)
            }
            (3..=5, Some(_), _, Some(former)) => {
                self.seen.named_back += 1;
                self.names.insert(course, former);
                self.dice.once_in(2)
            }
            _ => {
                self.named += 1;
                self.names.insert(course, format!("Course {}", self.named));
                self.dice.once_in(2)
            }
        };
        self.before.extend(name.map(|name| (course, name)));
        let active = self
            .rows
            .values()
            .filter(|row| row.state == RowState::Active);
        let mut renamed: Vec<Row> = active
            .filter(|row| [course, other].contains(&row.course_id.0))
            .cloned()
            .collect();
        if partly {
            renamed.truncate(1);
        }
        let names = self.names.clone();
        let rename = |mut row: Row| {
            row.content.coursename = names[&row.course_id.0].clone();
            (row.key(), row)
        };
        self.publish(renamed.into_iter().map(rename).collect());
        let distinct: BTreeSet<&String> = self.names.values().collect();
        self.seen.shared_names += u64::from(distinct.len() < self.names.len());
    }

    fn erase(&mut self) {
        let user = UserId(1 + self.dice.roll(4) as i64);
        let of_user = self
            .rows
            .values()
            .filter(|row| row.user_id == user)
            .cloned();
        let erased = of_user.map(|row| {
            (
                row.key(),
                Row {
                    state: RowState::Erased,
                    ..row
                },
            )
        });
        let erased: BTreeMap<Key, Row> = erased.collect();
        self.publish(erased);
    }

    fn remove_one_that_everybody_has(&mut self) {
        let mut key = Key {
            user: UserId(77),
            course: CourseId(77),
        };
        key.user.0 += self.dice.roll(9) as i64;
        let row = self.row(key, RowState::Active);
        self.clock += 1;
        self.publish([(key, row)].into());
        self.quiet_pass();
        self.plugin_call();
        self.clock += 1;
        let row = self.row(key, RowState::Left);
        self.publish([(key, row)].into());
    }

    fn change_settings(&mut self) {
        self.view = !self.view;
        let mut own = DeliveryOverrides::default();
        own.set("courseid_for_username", Some(json!(self.view)));
        let (company, now) = (self.company, self.clock * 1000);
        let change = |conn: &mut Conn| delivery::change(conn, company, &own, "test", now);
        self.shared.db.write(change).unwrap();
    }

    fn step_the_clock(&mut self) {
        self.clock += (self.dice.roll(10) as i64 - 5) * 8 * 3600;
    }

    // What a client does.

    fn asked(&self) -> Asked {
        Asked {
            token: self.token,
            company: self.company,
            view: self.view.to_string(),
            key: RowKey::CourseName,
            full_after: self.full_after,
            now: self.clock,
        }
    }

    /// The store as another process opens it, now and then.
    fn db(&mut self) -> Db {
        if self.dice.once_in(300) {
            return Db::open(&self.shared.url).unwrap();
        }
        self.shared.db.clone()
    }

    /// A page; `None` where rows of it are gone, so that the client has to begin anew.
    fn call(&mut self, offset: i64, limit: i64) -> Option<Page> {
        let db = self.db();
        if offset == 0 {
            open(&db, &self.asked());
        }
        match page(&db, self.token, self.company, (offset, limit)) {
            Ok(page) => Some(page),
            Err(Error::Moved) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn parallel_openings(&mut self) {
        let (db, asked) = (&self.shared.db, self.asked());
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| open(db, &asked));
            }
        });
    }

    /// A pass in which nothing gets lost and nothing happens: the client holds the rows of the store afterwards.
    fn quiet_pass(&mut self) {
        let kind = self.pass(false).expect("nothing gets lost");
        match kind {
            Kind::Full => self.seen.full += 1,
            Kind::Incremental => self.seen.incremental += 1,
        }
        if kind == Kind::Full {
            self.damaged = false;
        }
        if !self.damaged {
            assert_eq!(self.client, self.truth(), "after a {kind} list");
        }
    }

    fn troubled_pass(&mut self) {
        let got = self.pass(true);
        if got.is_none() {
            self.count_loss();
        }
    }

    /// Whether the server takes for given what the client never got.
    fn count_loss(&mut self) {
        let (token, db) = (self.token, self.shared.db.clone());
        let done = db.read(|conn| last_completed(conn, token)).unwrap();
        if let Some(number) = done.filter(|number| *number > self.counted) {
            (self.counted, self.lost) = (number, self.lost + 1);
            self.seen.lost += 1;
        }
        if self.lost >= 2 {
            self.damaged = true;
            self.seen.damaged += 1;
        }
    }

    /// Asks page after page; `None` where the client gave up.
    fn pass(&mut self, troubled: bool) -> Option<Kind> {
        let limit = 1 + self.dice.roll(6) as i64;
        let (mut offset, mut list) = (0, Vec::new());
        let kind = loop {
            let Some(Page { kind, rows, .. }) = self.call(offset, limit) else {
                assert!(troubled && offset > 0, "nothing was erased meanwhile");
                self.seen.begun_anew += 1;
                self.count_loss();
                (offset, list) = (0, Vec::new());
                continue;
            };
            if troubled && self.dice.once_in(6) {
                match self.dice.roll(3) {
                    0 => return None,
                    1 => offset = 0,
                    _ => {}
                }
                if offset == 0 {
                    self.count_loss();
                    list.clear();
                }
                continue;
            }
            if troubled && self.dice.once_in(4) {
                match self.dice.roll(6) {
                    0 => self.erase(),
                    1 => self.change_settings(),
                    2..=3 => self.rename(),
                    _ => self.sync(),
                }
            }
            let is_last = (rows.len() as i64) < limit;
            if is_last && troubled && self.dice.once_in(6) {
                return None; // the last reply never came
            }
            let shown: Vec<_> = rows.iter().map(|row| shown(row, self.view)).collect();
            match kind {
                Kind::Incremental => {
                    self.seen.incremental_rows += shown.len() as u64;
                    self.client.extend(shown);
                }
                Kind::Full => list.extend(shown),
            }
            if is_last {
                break kind;
            }
            offset += limit;
        };
        if kind == Kind::Full {
            self.client = list.into_iter().collect();
            self.damaged = false;
        }
        self.lost = 0;
        let (token, db) = (self.token, self.shared.db.clone());
        let done = db.read(|conn| last_completed(conn, token)).unwrap();
        self.counted = done.unwrap_or(self.counted);
        Some(kind)
    }

    /// What the plugin tells: what was written after the last empty answer, never what ended.
    fn plugin_call(&mut self) {
        let active = self
            .rows
            .values()
            .filter(|row| row.state == RowState::Active);
        let new = active.filter(|row| row.changed_at > self.plugin_synced);
        let told: Rows = new.map(|row| shown(row, self.view)).collect();
        if told.is_empty() {
            self.plugin_synced = self.clock;
        }
        self.plugin.extend(told);
    }

    fn truth(&self) -> Rows {
        let active = self
            .rows
            .values()
            .filter(|row| row.state == RowState::Active);
        active.map(|row| shown(row, self.view)).collect()
    }
}

/// The number of the window that a token completed last.
fn last_completed(conn: &mut Conn, token: TokenId) -> Result<Option<i64>> {
    let completed = legacy_windows::table
        .filter(legacy_windows::token_id.eq(token))
        .filter(legacy_windows::completed.eq(true));
    Ok(completed
        .select(max(legacy_windows::number))
        .get_result(conn)?)
}

/// Opens a token's next window, as its door does.
fn open(db: &Db, asked: &Asked) {
    loop {
        let plan = db.snapshot(|conn| windows::plan(conn, asked)).unwrap();
        if db.write(|conn| plan.keep(conn)).unwrap() {
            return;
        }
    }
}

/// A page of a token's newest window, noted as its door does.
fn page(db: &Db, token: TokenId, company: CompanyId, slice: (i64, i64)) -> Result<Page> {
    let page = db.snapshot(|conn| windows::page(conn, token, company, slice))?;
    let page = page.expect("a window is open");
    if let Some(note) = &page.note {
        db.write(|conn| note.write(conn))?;
    }
    Ok(page)
}

/// A row as a client sees it under some settings.
fn shown(row: &Row, view: bool) -> ((i64, String), String) {
    let Content {
        coursename,
        percentage,
        ..
    } = &row.content;
    let said = format!("{view}: {percentage:?}");
    ((row.user_id.0, coursename.clone()), said)
}

/// Runs some histories in a store of their own.
fn run(numbers: std::ops::Range<u64>) -> Seen {
    let shared = Shared::open();
    let mut all = Seen::default();
    for number in numbers {
        let run = std::panic::AssertUnwindSafe(|| History::begin(&shared, number).run());
        let seen = std::panic::catch_unwind(run).unwrap_or_else(|_| panic!("history {number}"));
        all.add(&seen);
    }
    all
}

/// How many histories are run: as many as `ALX_TEST_HISTORIES` says.
fn wanted() -> u64 {
    let said = std::env::var("ALX_TEST_HISTORIES").ok();
    let usual = match std::env::var("ALX_TEST_DATABASE_URL") {
        Err(_) => 400,
        Ok(_) => 100, // the same code over a network: every commit reaches a disk there
    };
    said.map_or(usual, |said| said.parse().expect("a number of histories"))
}

#[test]
fn a_client_that_applies_the_answers_holds_the_rows_of_the_store_after_any_history() {
    let histories = wanted();
    let middle = histories / 2;
    let halves = [0..middle, middle..histories].map(|half| std::thread::spawn(move || run(half)));
    let mut seen = Seen::default();
    for half in halves {
        seen.add(&half.join().expect("every history ends well"));
    }

    say(&format!("{histories} histories of windows: {seen:?}"));
    assert!(seen.incremental > histories && seen.incremental_rows > histories);
    assert!(seen.lost > histories / 10 && seen.damaged >= histories / 100);
    assert!(seen.shared_names > histories / 20 && seen.named_back > histories / 40);
    assert!(seen.begun_anew >= histories / 200);
    assert_eq!(
        seen.plugin_wrong, histories,
        "the plugin's contract loses something in each"
    );
}

#[test]
fn a_late_opening_takes_no_clients_place() {
    let shared = Shared::open();
    let mut history = History::begin(&shared, 0);
    let asked = history.asked();
    let plan = || shared.db.snapshot(|conn| windows::plan(conn, &asked));
    let late = plan().unwrap();

    history.call(0, 1).expect("the first page");

    let is_kept = shared.db.write(|conn| late.keep(conn)).unwrap();
    assert!(!is_kept, "it has to be planned anew");
    let again = plan().unwrap();
    assert!(shared.db.write(|conn| again.keep(conn)).unwrap());
}
