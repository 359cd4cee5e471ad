//! The source: Moodle's own database, read-only, one snapshot at a time.

mod access;
mod check;
mod company;
mod connection;
mod course_roles;
mod departments;
mod departures;
mod evidence;
mod evidence_rows;
mod evidence_settings;
mod lists;
mod moved;
mod pages;
mod permissions;
mod query;
mod shape;
mod snapshot;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

pub use check::{Finding, Level, Report, Server};
pub use course_roles::Says;
pub use departments::Department;
pub use evidence::{
    Activity, Completion, CourseEvidence, Enrolment, EnrolmentStanding, Evidence, HeldRole,
    Membership, Person, Place,
};
pub use evidence_settings::Setting;
pub use lists::{CompanyCourse, Lists, Role};
pub use pages::Pages;
pub use shape::Shape;
pub use snapshot::Snapshot;
pub use tokens::MoodleToken;

use crate::config::{Config, Secret};
use crate::db::Kind;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, CourseId, Key, UserId};
use query::Dialect;
use tokio::sync::Semaphore;

/// A company as IOMAD's `company` table has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoodleCompany {
    /// `company.id`.
    pub id: CompanyId,
    /// `company.name`: hostile text.
    pub name: String,
    /// `company.shortname`.
    pub shortname: String,
    /// `company.suspended`.
    pub suspended: bool,
}

/// What Moodle's tables say about one active (user, course) pair, before any rule is applied.
/// Times are UTC seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Which user in which course.
    pub key: Key,
    /// `user.firstname`.
    pub firstname: String,
    /// `user.lastname`.
    pub lastname: String,
    /// `user.email`, possibly malformed.
    pub email: String,
    /// `user.username`.
    pub username: String,
    /// `course.fullname`.
    pub coursename: String,
    /// Completion is on for the site and for the course.
    pub completion_on: bool,
    /// How many activities of the course count.
    pub counted: i64,
    /// How many of those are complete (state 1) or passed (state 2).
    pub done: i64,
    /// How many of those have any state but 0.
    pub touched: i64,
    /// When the first of the touched ones was written.
    pub first_touched_at: Option<i64>,
    /// `course_completions.timecompleted`.
    pub timecompleted: Option<i64>,
    /// `course_completions.timestarted`; 0 and a missing row are `None`.
    pub timestarted: Option<i64>,
    /// Earliest enrolment in this course.
    pub enrolled_at: Option<i64>,
}

crate::words! {
    /// Whether a row is in what clients see, and if not, why it ended.
    RowState {
        /// All rules of "which rows exist" hold.
        Active = "active",
        /// Un-enrolled, out of the company, or not tracked any more.
        Left = "left",
        /// The user is suspended, on the site or in this company.
        Suspended = "suspended",
        /// The course is hidden.
        CourseHidden = "course_hidden",
        /// The user is deleted.
        Deleted = "deleted",
        /// The company's settings leave it out.
        Excluded = "excluded",
        /// A sync added it and an undo took it back.
        Withdrawn = "withdrawn",
        /// The person's data was erased here.
        Erased = "erased",
    }
}

/// Which pairs of a company to read in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every active pair.
    Everything,
    /// The active pairs of these users, and those of these courses.
    Of(Moved),
}

/// The users and courses whose facts moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// Ascending.
    pub users: Vec<UserId>,
    /// Ascending.
    pub courses: Vec<CourseId>,
}

/// Moodle's database. Connects when it is asked, and for each snapshot anew.
#[derive(Debug, Clone)]
pub struct Moodle {
    url: Secret,
    dialect: Dialect,
    limit: Duration,
    pages: Arc<Semaphore>,
}

/// How long a statement may take while somebody waits for a page.
const PAGE_LIMIT: Duration = Duration::from_secs(5);

/// How many pages ask Moodle at once, at most.
const PAGES: usize = 4;

impl Moodle {
    /// The database at an address. Does not connect.
    ///
    /// Fails for an address that names no known database.
    pub fn new(url: &Secret, config: &Config) -> Result<Self> {
        let kind = Kind::of(url.reveal()).ok_or_else(|| {
            let text = "ALX_MOODLE_URL must begin with mysql://, postgres:// or sqlite://";
            Error::Setup(text.into())
        })?;
        Ok(Self {
            url: url.clone(),
            dialect: Dialect {
                kind,
                prefix: config.moodle_prefix.clone(),
            },
            limit: Duration::from_secs(config.moodle_timeout_seconds),
            pages: Arc::new(Semaphore::new(PAGES)),
        })
    }

    /// An answer from a snapshot of its own, for somebody who waits for a page: within a short limit, and only a few at
    /// a time. Blocking.
    ///
    /// Fails with [`Error::MoodleUnavailable`] at once where enough pages ask already.
    pub fn answer<T>(&self, question: impl FnOnce(&mut Snapshot) -> Result<T>) -> Result<T> {
        let busy = |_| Error::MoodleUnavailable("Moodle is busy, try again in a moment".into());
        let _seat = self.pages.try_acquire().map_err(busy)?;
        let hurried = Self {
            limit: self.limit.min(PAGE_LIMIT),
            ..self.clone()
        };
        question(&mut hurried.snapshot()?)
    }

    /// Who the server is, asked within a short limit, while somebody waits for a page. Blocking.
    ///
    /// Fails with [`Error::MoodleUnavailable`], at once where enough pages ask already.
    pub fn greet(&self) -> Result<Server> {
        let busy = |_| Error::MoodleUnavailable("enough pages ask it already".into());
        let _seat = self.pages.try_acquire().map_err(busy)?;
        let hurried = Self {
            limit: self.limit.min(PAGE_LIMIT),
            ..self.clone()
        };
        check::greet(&hurried)
    }

    /// Connects and takes a snapshot. Blocking, as everything here is.
    pub fn snapshot(&self) -> Result<Snapshot> {
        Snapshot::open(self)
    }

    /// What an operator has to know or to mend before a sync can work. Never fails: it reports.
    pub fn check(&self) -> Report {
        check::check(self)
    }
}
