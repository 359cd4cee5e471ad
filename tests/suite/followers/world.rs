//! A company whose rows change at random: synced, undone, erased, put back from a copy.

use std::collections::BTreeMap;

use alx_report_api::api::rows::ProgressItem;
use alx_report_api::companies::{self, State};
use alx_report_api::db::Conn;
use alx_report_api::error::Result;
use alx_report_api::fields::Fields;
use alx_report_api::ids::{CompanyId, CourseId, RunId, UserId, random_hex};
use alx_report_api::moodle::RowState;
use alx_report_api::progress::{self, Content, Row, Status};
use alx_report_api::schema::{company_state, data_versions, progress as rows};
use diesel::prelude::*;
use serde_json::Value;

/// A small generator whose histories can be repeated.
pub struct Dice(u64);

impl Dice {
    /// One history's luck.
    pub fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            dice.roll(2);
        }
        dice
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    /// Whether something happens that does once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.roll(times) == 0
    }
}

/// Rows as a client holds them, by user and course.
pub type Held = BTreeMap<(i64, i64), Value>;

/// People and courses of every company here.
const PEOPLE: u64 = 4;
const COURSES: u64 = 3;

/// A copy of everything that the store has of a company's rows.
pub struct Copy {
    rows: Vec<Row>,
    state: State,
    versions: Vec<(i64, String, i64)>,
}

/// One company.
pub struct World {
    /// Its id.
    pub company: CompanyId,
    /// The last copy that somebody took.
    pub copy: Option<Copy>,
    before: Vec<Row>,
}

impl World {
    /// A company that the store knows.
    pub fn new(company: CompanyId) -> Self {
        Self {
            company,
            copy: None,
            before: Vec::new(),
        }
    }

    /// Every row, tombstones included.
    pub fn rows(&self, conn: &mut Conn) -> Result<Vec<Row>> {
        let all = rows::table.filter(rows::company_id.eq(self.company));
        Ok(all.select(Row::as_select()).load(conn)?)
    }

    /// What a client must hold.
    pub fn truth(&self, conn: &mut Conn, fields: Fields) -> Result<Held> {
        let rows = self.rows(conn)?;
        let active = rows.iter().filter(|row| row.state == RowState::Active);
        let item = |row: &Row| {
            let item = serde_json::to_value(ProgressItem::of(row, fields)).expect("JSON");
            ((row.user_id.0, row.course_id.0), item)
        };
        Ok(active.map(item).collect())
    }

    /// Something that happens to the rows.
    pub fn happen(&mut self, conn: &mut Conn, dice: &mut Dice) -> Result<()> {
        match dice.roll(12) {
            0 => self.erase(conn, dice),
            1 => self.undo(conn),
            2 => self.take_copy(conn),
            3 if dice.once_in(2) => self.put_back(conn),
            _ => self.sync(conn, dice),
        }
    }

    /// A sync with some changes in key order, or none.
    pub fn sync(&mut self, conn: &mut Conn, dice: &mut Dice) -> Result<()> {
        self.before = self.rows(conn)?;
        let mut changes = Vec::new();
        for user in 1..=PEOPLE {
            for course in 1..=COURSES {
                if dice.once_in(4) {
                    changes.push((
                        UserId(user as i64),
                        CourseId(course as i64),
                        dice.roll(1000),
                    ));
                }
            }
        }
        let state = companies::store::lock(conn, self.company)?;
        let known = self.before.clone();
        let row = |(place, (user, course, luck)): (usize, (UserId, CourseId, u64))| {
            let same = |row: &&Row| (row.user_id, row.course_id) == (user, course);
            let old = known.iter().find(same);
            let ends = old.is_some_and(|old| old.state == RowState::Active) && luck % 3 == 0;
            let seq = state.seq + 1 + place as i64;
            Row {
                company_id: self.company,
                user_id: user,
                course_id: course,
                content: content(luck),
                state: if ends {
                    ENDS[luck as usize % ENDS.len()]
                } else {
                    RowState::Active
                },
                seq,
                first_seen_seq: old.map_or(seq, |old| old.first_seen_seq),
                changed_at: 1_700_000_000 + luck as i64,
            }
        };
        let new: Vec<Row> = changes.into_iter().enumerate().map(row).collect();
        publish(conn, state, &new)
    }

    /// Every row says again what it said before the last sync.
    fn undo(&mut self, conn: &mut Conn) -> Result<()> {
        let state = companies::store::lock(conn, self.company)?;
        let now = self.rows(conn)?;
        let mut new = Vec::new();
        for row in now {
            let earlier = self.before.iter().find(|old| old.key() == row.key());
            let said = match earlier {
                Some(old) => (old.state, old.content.clone()),
                None => (RowState::Withdrawn, row.content.clone()),
            };
            if row.state != RowState::Erased && said != (row.state, row.content.clone()) {
                new.push(Row {
                    state: said.0,
                    content: said.1,
                    seq: state.seq + 1 + new.len() as i64,
                    ..row
                });
            }
        }
        publish(conn, state, &new)
    }

    fn erase(&mut self, conn: &mut Conn, dice: &mut Dice) -> Result<()> {
        let user = UserId(1 + dice.roll(PEOPLE) as i64);
        let state = companies::store::lock(conn, self.company)?;
        let found = progress::store::of_person(conn, self.company, user)?;
        let emptied = |(place, row): (usize, Row)| Row {
            content: Content {
                firstname: String::new(),
                email: String::new(),
                ..row.content
            },
            state: RowState::Erased,
            seq: state.seq + 1 + place as i64,
            ..row
        };
        let new: Vec<Row> = found.into_iter().enumerate().map(emptied).collect();
        progress::write(conn, &new)?;
        let after = State {
            seq: state.seq + new.len() as i64,
            ..state
        };
        companies::store::publish_unsynced(conn, &after)
    }

    fn take_copy(&mut self, conn: &mut Conn) -> Result<()> {
        let versions = data_versions::table.filter(data_versions::company_id.eq(self.company));
        self.copy = Some(Copy {
            rows: self.rows(conn)?,
            state: companies::store::state(conn, self.company)?,
            versions: versions
                .select((
                    data_versions::seq,
                    data_versions::name,
                    data_versions::published_at,
                ))
                .load(conn)?,
        });
        Ok(())
    }

    /// Puts the last copy in the place of what there is.
    fn put_back(&mut self, conn: &mut Conn) -> Result<()> {
        let Some(copy) = &self.copy else {
            return Ok(());
        };
        diesel::delete(rows::table.filter(rows::company_id.eq(self.company))).execute(conn)?;
        diesel::delete(data_versions::table.filter(data_versions::company_id.eq(self.company)))
            .execute(conn)?;
        progress::write(conn, &copy.rows)?;
        for (seq, name, at) in &copy.versions {
            diesel::insert_into(data_versions::table)
                .values((
                    data_versions::company_id.eq(self.company),
                    data_versions::seq.eq(seq),
                    data_versions::name.eq(name),
                    data_versions::published_at.eq(at),
                ))
                .execute(conn)?;
        }
        diesel::update(company_state::table.find(self.company))
            .set(&copy.state)
            .execute(conn)?;
        self.before = copy.rows.clone();
        Ok(())
    }
}

/// Why rows end here.
const ENDS: [RowState; 4] = [
    RowState::Left,
    RowState::Suspended,
    RowState::CourseHidden,
    RowState::Deleted,
];

fn content(luck: u64) -> Content {
    let status = Status::ALL[luck as usize % Status::ALL.len()];
    Content {
        firstname: format!("Name {luck}"),
        lastname: "Person".into(),
        email: format!("p{luck}@example.com"),
        username: "person".into(),
        coursename: format!("Course {}", luck % 2),
        status,
        percentage: luck.is_multiple_of(2).then_some(luck as f64 / 7.0),
        timecompleted: (status == Status::Completed).then_some(1_700_000_000),
        timestarted: None,
        enrolled_at: Some(1_600_000_000),
    }
}

fn publish(conn: &mut Conn, state: State, new: &[Row]) -> Result<()> {
    progress::write(conn, new)?;
    let after = State {
        seq: state.seq + new.len() as i64,
        totals: companies::totals::count_rows(conn, state.company_id)?,
        synced_at: Some(1_700_000_000),
        ..state
    };
    companies::store::publish(conn, &after, &RunId(random_hex::<16>()))
}
