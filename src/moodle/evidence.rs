//! Everything that Moodle's tables say about one person in one course: the proof of a row.

use super::company::{Company, SiteSettings};
use super::course_roles::Says;
use super::evidence_rows::{self as rows, Named};
use super::evidence_settings::{self, Setting};
use super::snapshot::Snapshot;
use super::{Facts, Moved, RowState, Scope, Shape};
use crate::error::Result;
use crate::ids::{CompanyId, Key};

/// What Moodle says of one pair at one moment. Times are UTC seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Moodle's clock.
    pub read_at: i64,
    /// The person; `None` where Moodle has no such user.
    pub person: Option<Person>,
    /// What makes them a member of the company, one per department.
    pub memberships: Vec<Membership>,
    /// The course; `None` where Moodle has none.
    pub course: Option<CourseEvidence>,
    /// `config.enablecompletion`.
    pub site_completion_on: bool,
    /// Every enrolment in the course.
    pub enrolments: Vec<Enrolment>,
    /// Every role in the course or above it, and the one that everybody holds where it matters, whether or not the
    /// settings leave the course out; `None` where the course is not the company's.
    pub roles: Option<Vec<HeldRole>>,
    /// Whether the person counts as a site administrator, who needs no role.
    pub is_admin: bool,
    /// Every activity of the course that counts.
    pub activities: Vec<Activity>,
    /// The row of `course_completions`, if there is one.
    pub completion: Option<Completion>,
    /// Whether the row is active by the company's settings, and if not, why.
    pub state: RowState,
    /// Which settings leave the row out, where only they do.
    pub left_out_by: Vec<Setting>,
    /// What an active row is derived from.
    pub facts: Option<Facts>,
}

/// A row of `user`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Hostile text.
    pub firstname: String,
    /// Hostile text.
    pub lastname: String,
    /// Possibly malformed; of a deleted person a hash.
    pub email: String,
    /// `user.deleted`.
    pub deleted: bool,
    /// `user.suspended`.
    pub suspended: bool,
}

/// A row of `company_users`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The department's name, or its number where names cannot be read.
    pub department: String,
    /// `company_users.suspended`.
    pub suspended: bool,
}

/// A row of `course`, and how it comes to the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourseEvidence {
    /// Hostile text.
    pub name: String,
    /// `course.visible`.
    pub visible: bool,
    /// `course.enablecompletion`.
    pub completion_on: bool,
    /// It was given to the company: `company_course`.
    pub given: bool,
    /// It is open to every company: `iomad_courses.shared = 1`.
    pub open_shared: bool,
}

/// A row of `user_enrolments`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// `enrol.enrol`: `manual`, `self`, `cohort` and others.
    pub method: String,
    /// Whether it counts, or the first reason why not.
    pub standing: EnrolmentStanding,
    /// `None` where it has no start.
    pub begins_at: Option<i64>,
    /// `None` where it has no end.
    pub ends_at: Option<i64>,
    /// When it was made.
    pub created_at: i64,
}

/// Whether an enrolment is active, by Moodle's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrolmentStanding {
    /// It is.
    Active,
    /// It is suspended.
    Suspended,
    /// Its method is switched off in the course.
    MethodOff,
    /// It has not begun.
    NotBegun,
    /// It is over.
    Over,
}

/// A role and what it does here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRole {
    /// Its name, or its number where names cannot be read.
    pub name: String,
    /// Where it is held.
    pub place: Place,
    /// What it says about appearing in reports.
    pub says: Says,
}

/// Where a role is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the course itself.
    Course,
    /// In a category above it.
    Category,
    /// On the whole site.
    Site,
    /// By everybody, on the whole site.
    Everybody,
}

/// An activity that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// `course_modules.id`, as in the address of the activity.
    pub id: i64,
    /// `modules.name`: `quiz`, `page` and others.
    pub kind: String,
    /// Hidden activities count too.
    pub visible: bool,
    /// 0 to 3; `None` without a row.
    pub state: Option<i64>,
    /// When the state was written.
    pub changed_at: Option<i64>,
}

impl Activity {
    /// Complete, or passed.
    pub fn is_done(&self) -> bool {
        matches!(self.state, Some(1 | 2))
    }
}

/// A row of `course_completions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// When the first criterion was met, if one was.
    pub started_at: Option<i64>,
    /// When the course was completed, if it was.
    pub completed_at: Option<i64>,
}

/// Reads all of it in one snapshot.
pub fn read(snapshot: &mut Snapshot, id: CompanyId, shape: &Shape, key: Key) -> Result<Evidence> {
    let settings = SiteSettings::read(snapshot)?;
    let company = Company::read(snapshot, id, &evidence_settings::roles_only(shape))?;
    let names = Named::read(snapshot, id)?;
    let state = state(snapshot, id, shape, key)?;
    let left_out_by = match state {
        RowState::Excluded => evidence_settings::leaving_out(snapshot, id, shape, key)?,
        _ => Vec::new(),
    };
    Ok(Evidence {
        read_at: snapshot.taken_at(),
        person: rows::person(snapshot, key)?,
        memberships: rows::memberships(snapshot, id, key, &names)?,
        course: rows::course(snapshot, id, key)?,
        site_completion_on: settings.completion_on,
        enrolments: rows::enrolments(snapshot, key)?,
        roles: rows::roles(snapshot, &company, key, &names)?,
        is_admin: company.is_admin(key.user),
        activities: rows::activities(snapshot, key)?,
        completion: rows::completion(snapshot, key)?,
        state,
        left_out_by,
        facts: facts(snapshot, id, shape, key)?,
    })
}

/// The state of a pair by a shape.
pub(super) fn state(
    snapshot: &mut Snapshot,
    id: CompanyId,
    shape: &Shape,
    key: Key,
) -> Result<RowState> {
    let explained = snapshot.departures(id, shape, &[key])?;
    let state = explained.first().map(|(_, state)| *state);
    Ok(state.unwrap_or(RowState::Left))
}

/// The very facts that a sync would read.
fn facts(snapshot: &mut Snapshot, id: CompanyId, shape: &Shape, key: Key) -> Result<Option<Facts>> {
    let scope = Scope::Of(Moved {
        users: vec![key.user],
        courses: Vec::new(),
    });
    let mut found = snapshot.facts(id, shape, &scope)?;
    found
        .find(|facts| facts.as_ref().map_or(true, |facts| facts.key == key))
        .transpose()
}
