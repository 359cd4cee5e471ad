//! Which rows Moodle has and what it says in each: every rule against a small Moodle.

mod check;
mod evidence;
mod moved;
mod reading;
mod rules;
mod says;
mod shapes;
mod shapes_real;

use alx_report_api::error::Result;

use super::support::moodle::{PAST, SmallMoodle};

/// What a case does to the small Moodle.
type Change = fn(&mut SmallMoodle) -> Result<()>;

/// One more active enrolment, by another method.
pub fn second_enrolment(small: &mut SmallMoodle) -> Result<()> {
    let method = small.moodle.enrol_method(small.fire, "self")?;
    small.sql(&format!(
        "insert into mdl_user_enrolments (enrolid, userid, timestart, timeend, timecreated)
         values ({method}, {{ada}}, {PAST}, 0, {PAST})"
    ))
}

pub fn role(small: &mut SmallMoodle, role: i64) -> Result<()> {
    small.sql(&format!("update mdl_role_assignments set roleid = {role}"))
}

/// The state of an activity, by its place in the course.
pub fn touch(small: &mut SmallMoodle, place: usize, state: i64) -> Result<()> {
    let activity = small.activities[place];
    small.moodle.touch(small.ada, activity, state, PAST + 5)
}

/// The completion row of the course.
pub fn course_row(small: &mut SmallMoodle, started: i64, completed: Option<i64>) -> Result<()> {
    let completed = completed.map_or("null".to_owned(), |time| time.to_string());
    small.sql(&format!(
        "insert into mdl_course_completions (userid, course, timestarted, timecompleted)
         values ({{ada}}, {{fire}}, {started}, {completed})"
    ))
}
