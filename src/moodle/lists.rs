//! What the settings pages offer: a site's roles, a company's departments and courses.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};

use super::Shape;
use super::company::Company;
use super::departments::{self, Department};
use super::snapshot::{Snapshot, harmless};
use crate::error::Result;
use crate::ids::{CompanyId, CourseId};
use crate::language::Said;

/// A role of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// `role.id`.
    pub id: i64,
    /// `role.shortname`.
    pub shortname: String,
    /// `role.name`, or what Moodle calls a standard role without one.
    pub name: String,
}

/// A course that a company has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyCourse {
    /// `course.id`.
    pub id: CourseId,
    /// `course.fullname`: hostile text.
    pub name: String,
    /// `course.visible`: rows of a hidden course do not count anyway.
    pub visible: bool,
}

/// A list, or why it cannot be read and what to do.
pub type Readable<T> = std::result::Result<Vec<T>, Said>;

/// Everything that settings choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct Lists {
    /// By id.
    pub roles: Readable<Role>,
    /// By name; empty without a company.
    pub departments: Readable<Department>,
    /// By name; empty without a company.
    pub courses: Vec<CompanyCourse>,
}

impl Lists {
    /// Reads them; without a company only the roles.
    pub(super) fn read(snapshot: &mut Snapshot, company: Option<CompanyId>) -> Result<Self> {
        let mut lists = Self {
            roles: roles(snapshot)?,
            departments: Ok(Vec::new()),
            courses: Vec::new(),
        };
        if let Some(company) = company {
            lists.departments = match snapshot.refusal("department")? {
                Some(why) => Err(why),
                None => Ok(departments::of(snapshot, company)?),
            };
            lists.courses = courses(snapshot, company)?;
        }
        Ok(lists)
    }
}

/// The roles of the site. Reads `role`.
pub fn roles(snapshot: &mut Snapshot) -> Result<Readable<Role>> {
    if let Some(why) = snapshot.refusal("role")? {
        return Ok(Err(why));
    }
    let query = snapshot.query(include_str!("sql/site_roles.sql"));
    let rows: Vec<RoleRow> = snapshot.load(query)?;
    Ok(Ok(rows.into_iter().map(Role::from).collect()))
}

fn courses(snapshot: &mut Snapshot, company: CompanyId) -> Result<Vec<CompanyCourse>> {
    let found = Company::read(snapshot, company, &Shape::default())?.courses;
    let course = |(id, course): (i64, super::company::Course)| CompanyCourse {
        id: CourseId(id),
        name: course.name,
        visible: course.visible,
    };
    let mut courses: Vec<CompanyCourse> = found.into_iter().map(course).collect();
    courses.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    Ok(courses)
}

/// What Moodle shows of a standard role that nobody has named.
fn standard_name(shortname: &str) -> Option<&'static str> {
    Some(match shortname {
        "manager" => "Manager",
        "coursecreator" => "Course creator",
        "editingteacher" => "Teacher",
        "teacher" => "Non-editing teacher",
        "student" => "Student",
        "guest" => "Guest",
        "user" => "Authenticated user",
        "frontpage" => "Authenticated user on site home",
        _ => return None,
    })
}

#[derive(QueryableByName)]
struct RoleRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    shortname: String,
    #[diesel(sql_type = Text)]
    name: String,
}

impl From<RoleRow> for Role {
    fn from(row: RoleRow) -> Self {
        let shortname = harmless(row.shortname);
        let name = match harmless(row.name) {
            empty if empty.trim().is_empty() => {
                let standard = standard_name(&shortname);
                standard.map_or_else(|| shortname.clone(), str::to_owned)
            }
            given => given,
        };
        Self {
            id: row.id,
            shortname,
            name,
        }
    }
}
