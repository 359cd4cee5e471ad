//! What happens to people in a Moodle: they join, enrol, learn, complete, and leave.

use super::builder::{MoodleBuilder, STUDENT};
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, UserId};

impl MoodleBuilder {
    /// Makes a person a member of a company.
    pub fn member(&mut self, company: CompanyId, user: UserId) -> Result<()> {
        self.execute(&format!(
            "insert into mdl_company_users (companyid, userid, departmentid)
             select {company}, {user}, min(id) from mdl_department where company = {company}"
        ))
    }

    /// Enrols a student by hand, at a time and for ever.
    pub fn enrol(&mut self, user: UserId, course: CourseId, at: i64) -> Result<()> {
        self.enrol_only(user, course, at)?;
        let context = self.context(course)?;
        self.assign_role(user, STUDENT, context, at)
    }

    /// Enrols by hand without any role.
    pub fn enrol_only(&mut self, user: UserId, course: CourseId, at: i64) -> Result<()> {
        self.execute(&format!(
            "insert into mdl_user_enrolments (enrolid, userid, timestart, timeend, timecreated, timemodified)
             select min(id), {user}, {at}, 0, {at}, {at} from mdl_enrol where courseid = {course}"
        ))
    }

    /// Gives a person a role in a context.
    pub fn assign_role(&mut self, user: UserId, role: i64, context: i64, at: i64) -> Result<()> {
        self.execute(&format!(
            "insert into mdl_role_assignments (roleid, contextid, userid, timemodified)
             values ({role}, {context}, {user}, {at})"
        ))
    }

    /// Writes the state of one activity (0 incomplete, 1 complete, 2 passed, 3 failed).
    pub fn touch(&mut self, user: UserId, activity: i64, state: i64, at: i64) -> Result<()> {
        self.execute(&format!(
            "insert into mdl_course_modules_completion (coursemoduleid, userid, completionstate, timemodified)
             values ({activity}, {user}, {state}, {at})
             on conflict (userid, coursemoduleid) do update
             set completionstate = excluded.completionstate, timemodified = excluded.timemodified"
        ))
    }

    /// Completes the first activities of a course; the course itself stays open.
    pub fn done(&mut self, user: UserId, course: CourseId, count: usize, at: i64) -> Result<()> {
        for activity in self.tracked(course)?.into_iter().take(count) {
            self.touch(user, activity, 1, at)?;
        }
        if count > 0 {
            self.completion_row(user, course, at)?;
        }
        Ok(())
    }

    /// Completes a course as Moodle records it: its tracked activities that are open, then the course.
    /// What was complete before keeps its time.
    pub fn complete(&mut self, user: UserId, course: CourseId, at: i64) -> Result<()> {
        for activity in self.tracked(course)? {
            let state = self.number(&format!(
                "select coalesce(max(completionstate), 0) as number from mdl_course_modules_completion
                 where userid = {user} and coursemoduleid = {activity}"
            ))?;
            if !matches!(state, 1 | 2) {
                self.touch(user, activity, 1, at)?;
            }
        }
        self.completion_row(user, course, at)?;
        self.execute(&format!(
            "update mdl_course_completions set timecompleted = {at}
             where userid = {user} and course = {course} and timecompleted is null"
        ))
    }

    /// Suspends a person on the whole site.
    pub fn suspend(&mut self, user: UserId, at: i64) -> Result<()> {
        self.execute(&format!(
            "update mdl_user set suspended = 1, timemodified = {at} where id = {user}"
        ))
    }

    /// Suspends a person in one company, in all its departments.
    pub fn suspend_in(&mut self, company: CompanyId, user: UserId) -> Result<()> {
        self.execute(&format!(
            "update mdl_company_users set suspended = 1 where companyid = {company} and userid = {user}"
        ))
    }

    /// Takes a person out of a company. Enrolments stay.
    pub fn leave(&mut self, company: CompanyId, user: UserId) -> Result<()> {
        self.execute(&format!(
            "delete from mdl_company_users where companyid = {company} and userid = {user}"
        ))
    }

    /// Deletes a person as Moodle does: the names and the completions stay.
    pub fn delete_user(&mut self, user: UserId, at: i64) -> Result<()> {
        self.execute(&format!(
            "update mdl_user set deleted = 1, username = email || '.{at}', idnumber = '',
                email = '{user:0>32}', timemodified = {at} where id = {user};
             delete from mdl_user_enrolments where userid = {user};
             delete from mdl_role_assignments where userid = {user};
             delete from mdl_company_users where userid = {user}"
        ))
    }

    /// Hides a course from learners.
    pub fn hide_course(&mut self, course: CourseId, at: i64) -> Result<()> {
        self.execute(&format!(
            "update mdl_course set visible = 0, timemodified = {at} where id = {course}"
        ))
    }

    /// Ends all enrolments of a person in a course. Completions stay.
    pub fn unenrol(&mut self, user: UserId, course: CourseId) -> Result<()> {
        let context = self.context(course)?;
        self.execute(&format!(
            "delete from mdl_user_enrolments where userid = {user}
                and enrolid in (select id from mdl_enrol where courseid = {course});
             delete from mdl_role_assignments where userid = {user} and contextid = {context}"
        ))
    }

    fn tracked(&mut self, course: CourseId) -> Result<Vec<i64>> {
        let found = self.named(&format!(
            "select id, '' as name from mdl_course_modules
             where course = {course} and completion <> 0 and deletioninprogress = 0 order by id"
        ))?;
        Ok(found.into_iter().map(|row| row.id).collect())
    }

    fn completion_row(&mut self, user: UserId, course: CourseId, at: i64) -> Result<()> {
        self.execute(&format!(
            "insert or ignore into mdl_course_completions (userid, course, timeenrolled)
             select {user}, {course}, coalesce(min(ue.timestart), 0) from mdl_user_enrolments ue
             join mdl_enrol e on e.id = ue.enrolid where e.courseid = {course} and ue.userid = {user};
             update mdl_course_completions set timestarted = {at}
             where userid = {user} and course = {course} and timestarted = 0"
        ))
    }
}
