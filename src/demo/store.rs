//! The demo's Moodle as a file: made once, listed for its page, changed by a click.

use std::path::Path;

use super::builder::MoodleBuilder;
use super::seed;
use crate::error::{Error, Result};
use crate::ids::{CourseId, UserId};

/// A learner of the demo, with the courses that can still be completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoLearner {
    /// Who.
    pub id: UserId,
    /// First and last name: hostile text.
    pub name: String,
    /// The companies of the learner: hostile text.
    pub companies: Vec<String>,
    /// Courses not completed yet, by name.
    pub open: Vec<DemoCourse>,
}

/// A course of the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoCourse {
    /// Which.
    pub id: CourseId,
    /// `course.fullname`: hostile text.
    pub name: String,
}

/// Makes the demo's Moodle, with a past of some months. A file that is there already is kept as it is.
pub fn create(path: &Path) -> Result<()> {
    let mut moodle = MoodleBuilder::open(path)?;
    moodle.all_or_nothing(|moodle| {
        if moodle.number("select count(*) as number from mdl_company")? > 0 {
            return Ok(());
        }
        seed::fill(moodle, crate::time::now())
    })
}

/// The click of a learner: completes a course as Moodle would record it.
///
/// Fails with [`Error::NotFound`] when the user is not enrolled there. Again does nothing more.
pub fn complete(path: &Path, user: UserId, course: CourseId, now: i64) -> Result<()> {
    let mut moodle = MoodleBuilder::open(path)?;
    moodle.all_or_nothing(|moodle| {
        let enrolments = moodle.number(&format!(
            "select count(*) as number from mdl_user_enrolments ue join mdl_enrol e on e.id = ue.enrolid
             where ue.userid = {user} and e.courseid = {course} and ue.status = 0"
        ))?;
        if enrolments == 0 {
            return Err(Error::NotFound("that learner in that course"));
        }
        moodle.complete(user, course, now)
    })
}

/// Every learner who can sign in, by id, with the courses still open (visible and enrolled).
pub fn learners(path: &Path) -> Result<Vec<DemoLearner>> {
    let mut moodle = MoodleBuilder::open(path)?;
    let people = moodle.named(
        "select u.id, u.firstname || ' ' || u.lastname as name from mdl_user u
         where u.deleted = 0 and u.suspended = 0
           and u.id in (select userid from mdl_role_assignments where roleid = 5) order by u.id",
    )?;
    let mut learners = Vec::with_capacity(people.len());
    for person in people {
        learners.push(DemoLearner {
            id: UserId(person.id),
            name: person.name,
            companies: companies_of(&mut moodle, person.id)?,
            open: open_courses(&mut moodle, person.id)?,
        });
    }
    Ok(learners)
}

fn companies_of(moodle: &mut MoodleBuilder, user: i64) -> Result<Vec<String>> {
    let found = moodle.named(&format!(
        "select id, name from mdl_company
         where id in (select companyid from mdl_company_users where userid = {user}) order by id"
    ))?;
    Ok(found.into_iter().map(|company| company.name).collect())
}

fn open_courses(moodle: &mut MoodleBuilder, user: i64) -> Result<Vec<DemoCourse>> {
    let found = moodle.named(&format!(
        "select c.id, c.fullname as name from mdl_course c
         where c.visible = 1
           and c.id in (select e.courseid from mdl_enrol e join mdl_user_enrolments ue on ue.enrolid = e.id
                        where ue.userid = {user} and ue.status = 0)
           and c.id not in (select course from mdl_course_completions
                            where userid = {user} and timecompleted is not null)
         order by c.fullname"
    ))?;
    let course = |row: super::builder::Named| DemoCourse {
        id: CourseId(row.id),
        name: row.name,
    };
    Ok(found.into_iter().map(course).collect())
}
