//! The source: Moodle's own database, read-only, one snapshot at a time.

use crate::ids::{CompanyId, CourseId, Key, UserId};

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

/// Moodle's database. Stub.
#[derive(Clone)]
pub struct Moodle;

impl Moodle {
    /// Stub.
    pub fn new(
        _url: &crate::config::Secret,
        _config: &crate::config::Config,
    ) -> crate::error::Result<Self> {
        Ok(Self)
    }

    /// Stub.
    pub fn snapshot(&self) -> crate::error::Result<Snapshot> {
        Err(crate::error::Error::MoodleNotConfigured)
    }
}

/// Stub.
pub struct Snapshot;

impl Snapshot {
    /// Stub.
    pub fn taken_at(&self) -> i64 {
        0
    }
    /// Stub.
    pub fn companies(&mut self) -> crate::error::Result<Vec<MoodleCompany>> {
        Ok(vec![])
    }
    /// Stub.
    pub fn facts(
        &mut self,
        _company: CompanyId,
        _scope: &Scope,
    ) -> crate::error::Result<impl Iterator<Item = crate::error::Result<Facts>> + '_> {
        Ok(std::iter::empty())
    }
    /// Stub.
    pub fn keys(
        &mut self,
        _company: CompanyId,
    ) -> crate::error::Result<impl Iterator<Item = crate::error::Result<Key>> + '_> {
        Ok(std::iter::empty())
    }
    /// Stub.
    pub fn moved_since(
        &mut self,
        _company: CompanyId,
        _cut_off: i64,
    ) -> crate::error::Result<Moved> {
        Ok(Moved::default())
    }
    /// Stub.
    pub fn departures(
        &mut self,
        _company: CompanyId,
        _keys: &[Key],
    ) -> crate::error::Result<Vec<(Key, RowState)>> {
        Ok(vec![])
    }
}

/// Stub.
pub struct Report {
    /// Stub.
    pub findings: Vec<Finding>,
}
/// Stub.
pub struct Finding {
    /// Stub.
    pub level: RowState,
    /// Stub.
    pub text: String,
}
impl Report {
    /// Stub.
    pub fn verdict(&self) -> &str {
        ""
    }
    /// Stub.
    pub fn is_usable(&self) -> bool {
        false
    }
}
impl Moodle {
    /// Stub.
    pub fn check(&self) -> Report {
        Report { findings: vec![] }
    }
}
