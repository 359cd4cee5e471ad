//! What all pairs of one company share: its members, its courses, and who counts in them.

use std::collections::{HashMap, HashSet};

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::course_roles::CourseRoles;
use super::permissions::{Held, Permissions};
use super::query::Enrolments;
use super::snapshot::{Snapshot, harmless};
use super::{Shape, departments};
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, Key, UserId};

/// A company as the pairs of its users and courses are read. Small: it grows with users and with courses.
pub struct Company {
    /// Who may have rows, ascending.
    pub members: Vec<i64>,
    /// The company's courses that are not switched off, hidden ones too.
    pub courses: HashMap<i64, Course>,
    /// Which rows count, beyond members, courses and roles.
    pub shape: Shape,
    permissions: Permissions,
}

/// What all pairs of one course share.
pub struct Course {
    /// `course.fullname`.
    pub name: String,
    /// `course.visible`.
    pub visible: bool,
    /// Completion is on for the site and for the course.
    pub completion_on: bool,
    /// How many activities count.
    pub counted: i64,
    /// What the roles say here.
    pub roles: CourseRoles,
}

impl Company {
    /// Whether a person needs no role.
    pub fn is_admin(&self, user: UserId) -> bool {
        self.permissions.is_admin(user.0)
    }

    /// The role that everybody holds on the site.
    pub fn default_role(&self) -> Option<i64> {
        self.permissions.default_role
    }

    /// Reads the members and courses of a company. One that does not exist has neither.
    pub fn read(snapshot: &mut Snapshot, company: CompanyId, shape: &Shape) -> Result<Self> {
        let settings = SiteSettings::read(snapshot)?;
        let permissions = permissions(snapshot, &settings, shape)?;
        let courses = snapshot.query(include_str!("sql/courses.sql"));
        let courses: Vec<CourseRow> = snapshot.load(courses.number("company", company.0))?;
        let courses = courses
            .into_iter()
            .filter(|row| !shape.courses_off.contains(&CourseId(row.id)))
            .map(|row| {
                (
                    row.id,
                    row.into_course(settings.completion_on, &permissions),
                )
            })
            .collect();
        Ok(Self {
            members: members(snapshot, company, shape)?,
            courses,
            shape: shape.clone(),
            permissions,
        })
    }

    /// The pairs of some users that count in the company's courses, hidden courses too.
    pub fn tracked(&self, snapshot: &mut Snapshot, users: &[i64]) -> Result<Vec<Key>> {
        let held = self.roles_of(snapshot, users)?;
        let keys = snapshot.query(include_str!("sql/keys.sql"));
        let keys = keys.enrolments("enrolment", self.enrolments(), snapshot.taken_at());
        let found: Vec<KeyRow> = snapshot.load(keys.list("users", users))?;
        let completed_long_ago = self.completed_long_ago(snapshot, users)?;
        Ok(found
            .into_iter()
            .filter(|row| held.track(row.user_id, row.course_id))
            .filter(|row| self.shape.keeps_enrolled(row.enrolled_at))
            .map(|row| Key {
                user: UserId(row.user_id),
                course: CourseId(row.course_id),
            })
            .filter(|key| !completed_long_ago.contains(key))
            .collect())
    }

    /// Which enrolments make a row.
    pub fn enrolments(&self) -> Enrolments {
        if self.shape.suspended_enrolments {
            Enrolments::Any
        } else {
            Enrolments::Active
        }
    }

    fn completed_long_ago(&self, snapshot: &mut Snapshot, users: &[i64]) -> Result<HashSet<Key>> {
        let Some(since) = self.shape.completed_since else {
            return Ok(HashSet::new());
        };
        let query = snapshot.query(include_str!("sql/completed.sql"));
        let query = query.number("moment", since).list("users", users);
        let found: Vec<CompletedRow> = snapshot.load(query)?;
        let key = |row: CompletedRow| Key {
            user: UserId(row.user_id),
            course: CourseId(row.course_id),
        };
        Ok(found.into_iter().map(key).collect())
    }

    /// The course of this id, when it is the company's and learners see it.
    pub fn open_course(&self, id: i64) -> Option<&Course> {
        self.courses.get(&id).filter(|course| course.visible)
    }

    /// The roles of some users, to ask about their pairs.
    pub fn roles_of(&self, snapshot: &mut Snapshot, users: &[i64]) -> Result<Roles<'_>> {
        let query = snapshot.query(include_str!("sql/roles.sql"));
        let query = query.list("users", users);
        let rows: Vec<RoleRow> = snapshot.load(query.list("roles", &self.permissions.roles()))?;
        let mut held: HashMap<i64, Vec<Held>> = HashMap::new();
        for row in rows {
            held.entry(row.user_id).or_default().push(Held {
                context: row.context_id,
                role: row.role_id,
            });
        }
        Ok(Roles {
            company: self,
            held,
        })
    }
}

/// The roles that some users hold anywhere.
pub struct Roles<'c> {
    company: &'c Company,
    held: HashMap<i64, Vec<Held>>,
}

impl Roles<'_> {
    /// Whether the course is the company's and the user's roles make the user appear in its reports.
    pub fn track(&self, user: i64, course: i64) -> bool {
        let held = self.held.get(&user).map_or(&[][..], Vec::as_slice);
        let course = self.company.courses.get(&course);
        course.is_some_and(|course| self.company.permissions.allow(user, held, &course.roles))
    }
}

/// The site settings that matter here.
pub struct SiteSettings {
    /// `enablecompletion`.
    pub completion_on: bool,
    default_role: Option<i64>,
    admins: HashSet<i64>,
}

impl SiteSettings {
    /// Reads them.
    pub fn read(snapshot: &mut Snapshot) -> Result<Self> {
        let query = snapshot.query(include_str!("sql/settings.sql"));
        let rows: Vec<SettingRow> = snapshot.load(query)?;
        let value = |name: &str| {
            let row = rows.iter().find(|row| row.name == name);
            row.map_or("", |row| row.value.trim())
        };
        Ok(Self {
            completion_on: !matches!(value("enablecompletion"), "" | "0"),
            default_role: value("defaultuserroleid").parse().ok(),
            admins: value("siteadmins")
                .split(',')
                .filter_map(|id| id.trim().parse().ok())
                .collect(),
        })
    }
}

fn members(snapshot: &mut Snapshot, company: CompanyId, shape: &Shape) -> Result<Vec<i64>> {
    let query = match &shape.departments {
        None => snapshot.query(include_str!("sql/members.sql")),
        Some(chosen) => {
            let all = departments::of(snapshot, company)?;
            let query = snapshot.query(include_str!("sql/members_in.sql"));
            query.list("departments", &departments::below(&all, chosen))
        }
    };
    snapshot.ids(query.number("company", company.0))
}

fn permissions(
    snapshot: &mut Snapshot,
    settings: &SiteSettings,
    shape: &Shape,
) -> Result<Permissions> {
    let rules = match &shape.learner_roles {
        None => rules(snapshot)?,
        Some(_) => HashMap::new(),
    };
    Ok(Permissions {
        rules,
        default_role: settings.default_role,
        admins: settings.admins.clone(),
        chosen: shape.learner_roles.clone(),
    })
}

fn rules(snapshot: &mut Snapshot) -> Result<HashMap<(i64, i64), i64>> {
    let query = snapshot.query(include_str!("sql/permissions.sql"));
    let rows: Vec<RuleRow> = snapshot.load(query)?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.role_id, row.context_id), row.permission))
        .collect())
}

#[derive(QueryableByName)]
struct CourseRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    fullname: String,
    #[diesel(sql_type = Nullable<Text>)]
    path: Option<String>,
    #[diesel(sql_type = BigInt)]
    visible: i64,
    #[diesel(sql_type = BigInt)]
    tracking: i64,
    #[diesel(sql_type = BigInt)]
    counted: i64,
}

impl CourseRow {
    fn into_course(self, site_completion_on: bool, permissions: &Permissions) -> Course {
        Course {
            name: harmless(self.fullname),
            visible: self.visible == 1,
            completion_on: site_completion_on && self.tracking == 1,
            counted: self.counted,
            roles: permissions.in_course(self.path.as_deref().unwrap_or_default()),
        }
    }
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = BigInt)]
    user_id: i64,
    #[diesel(sql_type = BigInt)]
    course_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    enrolled_at: Option<i64>,
}

#[derive(QueryableByName)]
struct CompletedRow {
    #[diesel(sql_type = BigInt)]
    user_id: i64,
    #[diesel(sql_type = BigInt)]
    course_id: i64,
}

#[derive(QueryableByName)]
struct RoleRow {
    #[diesel(sql_type = BigInt)]
    user_id: i64,
    #[diesel(sql_type = BigInt)]
    context_id: i64,
    #[diesel(sql_type = BigInt)]
    role_id: i64,
}

#[derive(QueryableByName)]
struct RuleRow {
    #[diesel(sql_type = BigInt)]
    role_id: i64,
    #[diesel(sql_type = BigInt)]
    context_id: i64,
    #[diesel(sql_type = BigInt)]
    permission: i64,
}

#[derive(QueryableByName)]
struct SettingRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    value: String,
}
