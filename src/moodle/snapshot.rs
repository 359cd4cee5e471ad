//! One read-only snapshot: every answer is of the same moment.

use diesel::connection::SimpleConnection;
use diesel::deserialize::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, RunQueryDsl};

use super::access;
use super::connection::{self, Source};
use super::pages::{self, Pages};
use super::query::{Dialect, Query};
use super::{Evidence, Facts, Lists, Moodle, MoodleCompany, Moved, RowState, Scope, Shape};
use super::{MoodleToken, departures, evidence, moved, tokens};
use crate::error::{Error, Result};
use crate::ids::{CompanyId, Key};
use crate::language::Said;

/// A connection of its own in a transaction that never ends but with it.
///
/// After an error every further question fails too, so that no answer can be of another moment.
pub struct Snapshot {
    source: Source,
    dialect: Dialect,
    limit_seconds: u64,
    taken_at: i64,
    failed: bool,
}

impl Snapshot {
    /// Connects and begins the snapshot.
    pub(super) fn open(moodle: &Moodle) -> Result<Self> {
        let source = connection::open(moodle.dialect.kind, &moodle.url, moodle.limit)
            .map_err(|cause| Error::MoodleUnavailable(Said::as_it_is(cause.to_string())))?;
        Self::begin(moodle, source)
    }

    /// Begins the snapshot on an open connection.
    pub(super) fn begin(moodle: &Moodle, source: Source) -> Result<Self> {
        let mut snapshot = Self {
            source,
            dialect: moodle.dialect.clone(),
            limit_seconds: moodle.limit.as_secs(),
            taken_at: 0,
            failed: false,
        };
        // The clock first: what is written between the two is then looked at again next time.
        snapshot.taken_at = snapshot.ask(connection::clock)?;
        snapshot.ask(connection::begin)?;
        Ok(snapshot)
    }

    /// The server's clock just before the snapshot, in UTC seconds.
    pub fn taken_at(&self) -> i64 {
        self.taken_at
    }

    /// Every company of the site, by id, suspended ones too.
    pub fn companies(&mut self) -> Result<Vec<MoodleCompany>> {
        let rows: Vec<CompanyRow> = self.load(self.query(include_str!("sql/companies.sql")))?;
        Ok(rows.into_iter().map(MoodleCompany::from).collect())
    }

    /// The tokens of the old plugin's clients, by id.
    pub fn tokens(&mut self) -> Result<Vec<MoodleToken>> {
        tokens::read(self)
    }

    /// What the settings of a company, or without one those of all, choose from.
    pub fn lists(&mut self, company: Option<CompanyId>) -> Result<Lists> {
        Lists::read(self, company)
    }

    /// Everything that Moodle says about one pair: why its row is as it is, or is not.
    pub fn evidence(&mut self, company: CompanyId, shape: &Shape, key: Key) -> Result<Evidence> {
        evidence::read(self, company, shape, key)
    }

    /// The active pairs of a company with their facts, in (user, course) order without repeats.
    ///
    /// Read in pages of users, so memory stays flat. A company that does not exist has none. The
    /// first error ends the stream.
    pub fn facts(
        &mut self,
        company: CompanyId,
        shape: &Shape,
        scope: &Scope,
    ) -> Result<Pages<'_, Facts>> {
        pages::facts(self, company, shape, scope)
    }

    /// The same pairs in the same order, only their keys: several times as fast.
    pub fn keys(&mut self, company: CompanyId, shape: &Shape) -> Result<Pages<'_, Key>> {
        pages::keys(self, company, shape)
    }

    /// The members and courses of a company of which Moodle wrote a fact at or after `cut_off` (UTC seconds).
    ///
    /// A hint, not the truth: many changes leave no time. Compare [`Snapshot::keys`] too, and read
    /// everything from time to time.
    pub fn moved_since(
        &mut self,
        company: CompanyId,
        shape: &Shape,
        cut_off: i64,
    ) -> Result<Moved> {
        moved::since(self, company, shape, cut_off)
    }

    /// Why each of some pairs is not active: never `Active`, unless it is active after all.
    /// `Excluded` where Moodle's rules hold and only the settings leave it out.
    pub fn departures(
        &mut self,
        company: CompanyId,
        shape: &Shape,
        keys: &[Key],
    ) -> Result<Vec<(Key, RowState)>> {
        departures::explain(self, company, shape, keys)
    }

    /// A shared text, ready to be filled in.
    pub(super) fn query(&self, shared: &str) -> Query {
        self.dialect.query(shared)
    }

    /// All rows of a statement.
    pub(super) fn load<T>(&mut self, query: Query) -> Result<Vec<T>>
    where
        T: QueryableByName<<Source as Connection>::Backend> + 'static,
    {
        self.ask(|source| diesel::sql_query(query.into_text()).load(source))
    }

    /// The column `id` of all rows of a statement.
    pub(super) fn ids(&mut self, query: Query) -> Result<Vec<i64>> {
        let rows: Vec<IdRow> = self.load(query)?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    /// Why a table cannot be read and what to do, or `None` where it can be.
    ///
    /// Asking does no harm to the snapshot.
    pub(super) fn refusal(&mut self, table: &'static str) -> Result<Option<Said>> {
        let dialect = self.dialect.clone();
        self.ask(|source| access::refusal_of(&dialect, source, table))
    }

    fn ask<T>(
        &mut self,
        question: impl FnOnce(&mut Source) -> diesel::QueryResult<T>,
    ) -> Result<T> {
        if self.failed {
            let why = Said::new("an earlier question of this snapshot failed");
            return Err(Error::MoodleUnavailable(why));
        }
        question(&mut self.source).map_err(|cause| self.fail(&cause))
    }

    fn fail(&mut self, cause: &diesel::result::Error) -> Error {
        self.failed = true;
        let text = cause.to_string();
        if self.source.batch_execute("rollback").is_err() {
            let why = Said::new("the connection was lost: {why}").with("why", text);
            return Error::MoodleUnavailable(why);
        }
        explain(&text, self.limit_seconds)
    }
}

fn explain(text: &str, limit_seconds: u64) -> Error {
    let says = |part: &str| text.contains(part);
    if says("max_statement_time") || says("maximum statement execution") || says("timeout") {
        let why = Said::new("it gave no answer within {n} seconds (ALX_MOODLE_TIMEOUT_SECONDS)");
        return Error::MoodleUnavailable(why.number("n", limit_seconds));
    }
    let why = if says("doesn't exist") || says("does not exist") || says("no such table") {
        Said::new(
            "{why}; is ALX_MOODLE_PREFIX right, and is IOMAD installed? `alx-report-api check` says more",
        )
    } else if says("denied") {
        Said::new("{why}; `alx-report-api check` says which grant is missing")
    } else {
        Said::new("{why}")
    };
    Error::MoodleUnreadable(why.with("why", text))
}

/// A text without the NUL character, which PostgreSQL could not store.
pub(super) fn harmless(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

#[derive(QueryableByName)]
struct CompanyRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    shortname: String,
    #[diesel(sql_type = BigInt)]
    suspended: i64,
}

impl From<CompanyRow> for MoodleCompany {
    fn from(row: CompanyRow) -> Self {
        Self {
            id: CompanyId(row.id),
            name: harmless(row.name),
            shortname: harmless(row.shortname),
            suspended: row.suspended == 1,
        }
    }
}
