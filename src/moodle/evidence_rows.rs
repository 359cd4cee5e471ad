//! The statements behind [`super::evidence`].

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::company::Company;
use super::evidence::{
    Activity, Completion, CourseEvidence, Enrolment, EnrolmentStanding, HeldRole, Membership,
    Person, Place,
};
use super::query::Query;
use super::snapshot::{Snapshot, harmless};
use super::{departments, lists};
use crate::error::Result;
use crate::ids::{CompanyId, Key};

/// Names of ids, as far as this database user may read them.
pub struct Named {
    roles: HashMap<i64, String>,
    departments: HashMap<i64, String>,
}

impl Named {
    /// Reads them.
    pub fn read(snapshot: &mut Snapshot, company: CompanyId) -> Result<Self> {
        let roles = lists::roles(snapshot)?.unwrap_or_default();
        let departments = match snapshot.refusal("department")? {
            Some(_) => Vec::new(),
            None => departments::of(snapshot, company)?,
        };
        Ok(Self {
            roles: roles.into_iter().map(|role| (role.id, role.name)).collect(),
            departments: departments
                .into_iter()
                .map(|one| (one.id, one.name))
                .collect(),
        })
    }
}

fn named(names: &HashMap<i64, String>, id: i64) -> String {
    names
        .get(&id)
        .cloned()
        .unwrap_or_else(|| format!("number {id}"))
}

fn of_pair(snapshot: &Snapshot, shared: &str, key: Key) -> Query {
    let query = snapshot.query(shared).number("user", key.user.0);
    query.number("course", key.course.0)
}

/// The person.
pub fn person(snapshot: &mut Snapshot, key: Key) -> Result<Option<Person>> {
    let query = of_pair(snapshot, include_str!("sql/evidence_person.sql"), key);
    let rows: Vec<PersonRow> = snapshot.load(query)?;
    Ok(rows.into_iter().next().map(|row| Person {
        firstname: harmless(row.firstname),
        lastname: harmless(row.lastname),
        email: harmless(row.email),
        deleted: row.deleted != 0,
        suspended: row.suspended != 0,
    }))
}

/// What makes the person a member.
pub fn memberships(
    snapshot: &mut Snapshot,
    company: CompanyId,
    key: Key,
    names: &Named,
) -> Result<Vec<Membership>> {
    let query = of_pair(snapshot, include_str!("sql/evidence_memberships.sql"), key);
    let rows: Vec<MembershipRow> = snapshot.load(query.number("company", company.0))?;
    let membership = |row: MembershipRow| Membership {
        department: named(&names.departments, row.department),
        suspended: row.suspended != 0,
    };
    Ok(rows.into_iter().map(membership).collect())
}

/// The course.
pub fn course(
    snapshot: &mut Snapshot,
    company: CompanyId,
    key: Key,
) -> Result<Option<CourseEvidence>> {
    let query = of_pair(snapshot, include_str!("sql/evidence_course.sql"), key);
    let rows: Vec<CourseRow> = snapshot.load(query.number("company", company.0))?;
    Ok(rows.into_iter().next().map(|row| CourseEvidence {
        name: harmless(row.fullname),
        visible: row.visible == 1,
        completion_on: row.tracking == 1,
        given: row.given > 0,
        open_shared: row.open_shared > 0,
    }))
}

/// The enrolments, as they were made.
pub fn enrolments(snapshot: &mut Snapshot, key: Key) -> Result<Vec<Enrolment>> {
    let now = snapshot.taken_at();
    let query = of_pair(snapshot, include_str!("sql/evidence_enrolments.sql"), key);
    let rows: Vec<EnrolmentRow> = snapshot.load(query)?;
    let enrolment = |row: EnrolmentRow| Enrolment {
        standing: row.standing(now),
        method: harmless(row.method),
        begins_at: Some(row.begins_at).filter(|at| *at > 0),
        ends_at: Some(row.ends_at).filter(|at| *at > 0 && *at < NO_END),
        created_at: row.created_at,
    };
    Ok(rows.into_iter().map(enrolment).collect())
}

/// The default of the column, which means no end as well.
const NO_END: i64 = 2_147_483_647;

/// The roles that are held in the course or above it; `None` where the course is not the company's.
pub fn roles(
    snapshot: &mut Snapshot,
    company: &Company,
    key: Key,
    names: &Named,
) -> Result<Option<Vec<HeldRole>>> {
    let Some(course) = company.courses.get(&key.course.0) else {
        return Ok(None);
    };
    let query = of_pair(snapshot, include_str!("sql/evidence_roles.sql"), key);
    let query = query.list("contexts", &course.roles.chain);
    let rows: Vec<RoleRow> = snapshot.load(query)?;
    let held = |row: RoleRow| (row.role, Place::of(row.level));
    let everybodys = company.default_role().map(|role| (role, Place::Everybody));
    let held = rows.into_iter().map(held).chain(everybodys);
    let held = held.map(|(role, place)| HeldRole {
        name: named(&names.roles, role),
        place,
        says: course.roles.says(role),
    });
    Ok(Some(held.collect()))
}

impl Place {
    fn of(level: i64) -> Self {
        match level {
            10 => Self::Site,
            50 => Self::Course,
            _ => Self::Category,
        }
    }
}

/// The activities that count.
pub fn activities(snapshot: &mut Snapshot, key: Key) -> Result<Vec<Activity>> {
    let query = of_pair(snapshot, include_str!("sql/evidence_activities.sql"), key);
    let rows: Vec<ActivityRow> = snapshot.load(query)?;
    let activity = |row: ActivityRow| Activity {
        id: row.id,
        kind: harmless(row.kind),
        visible: row.visible == 1,
        state: row.state,
        changed_at: row.changed_at,
    };
    Ok(rows.into_iter().map(activity).collect())
}

/// The completion of the course.
pub fn completion(snapshot: &mut Snapshot, key: Key) -> Result<Option<Completion>> {
    let query = of_pair(snapshot, include_str!("sql/evidence_completion.sql"), key);
    let rows: Vec<CompletionRow> = snapshot.load(query)?;
    Ok(rows.into_iter().next().map(|row| Completion {
        started_at: row.started_at.filter(|at| *at > 0),
        completed_at: row.completed_at,
    }))
}

#[derive(QueryableByName)]
struct PersonRow {
    #[diesel(sql_type = Text)]
    firstname: String,
    #[diesel(sql_type = Text)]
    lastname: String,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = BigInt)]
    deleted: i64,
    #[diesel(sql_type = BigInt)]
    suspended: i64,
}

#[derive(QueryableByName)]
struct MembershipRow {
    #[diesel(sql_type = BigInt)]
    department: i64,
    #[diesel(sql_type = BigInt)]
    suspended: i64,
}

#[derive(QueryableByName)]
struct CourseRow {
    #[diesel(sql_type = Text)]
    fullname: String,
    #[diesel(sql_type = BigInt)]
    visible: i64,
    #[diesel(sql_type = BigInt)]
    tracking: i64,
    #[diesel(sql_type = BigInt)]
    given: i64,
    #[diesel(sql_type = BigInt)]
    open_shared: i64,
}

#[derive(QueryableByName)]
struct EnrolmentRow {
    #[diesel(sql_type = Text)]
    method: String,
    #[diesel(sql_type = BigInt)]
    status: i64,
    #[diesel(sql_type = BigInt)]
    method_status: i64,
    #[diesel(sql_type = BigInt)]
    begins_at: i64,
    #[diesel(sql_type = BigInt)]
    ends_at: i64,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
}

impl EnrolmentRow {
    fn standing(&self, now: i64) -> EnrolmentStanding {
        if self.status != 0 {
            EnrolmentStanding::Suspended
        } else if self.method_status != 0 {
            EnrolmentStanding::MethodOff
        } else if self.begins_at >= now {
            EnrolmentStanding::NotBegun
        } else if self.ends_at != 0 && self.ends_at <= now {
            EnrolmentStanding::Over
        } else {
            EnrolmentStanding::Active
        }
    }
}

#[derive(QueryableByName)]
struct RoleRow {
    #[diesel(sql_type = BigInt)]
    role: i64,
    #[diesel(sql_type = BigInt)]
    level: i64,
}

#[derive(QueryableByName)]
struct ActivityRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    visible: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    state: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    changed_at: Option<i64>,
}

#[derive(QueryableByName)]
struct CompletionRow {
    #[diesel(sql_type = Nullable<BigInt>)]
    started_at: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    completed_at: Option<i64>,
}
