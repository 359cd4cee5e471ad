//! Which rows exist.

use alx_report_api::demo::builder::{CATEGORY, EDITING_TEACHER, MANAGER, SITE, STUDENT, TEACHER};
use alx_report_api::error::Result;
use alx_report_api::ids::CourseId;

use super::{Change, role, second_enrolment};
use crate::support::moodle::{PAST, SmallMoodle};

/// A time that no test lives to see.
const FUTURE: i64 = 4_000_000_000;

/// Ada is enrolled as a student. After this change, does the company still have her row?
const WHICH_ROWS: &[(&str, bool, Change)] = &[
    ("nothing changed", true, |_| Ok(())),
    ("suspended on the site", false, |m| {
        m.moodle.suspend(m.ada, PAST)
    }),
    ("suspended in the company", false, |m| {
        m.moodle.suspend_in(m.acme, m.ada)
    }),
    ("suspended in another company", true, |m| {
        let other = m.moodle.company("Other")?;
        m.moodle.member(other, m.ada)?;
        m.moodle.suspend_in(other, m.ada)
    }),
    ("suspended in one department, not in the other", true, |m| {
        m.moodle.suspend_in(m.acme, m.ada)?;
        m.sql("insert into mdl_company_users (companyid, userid, departmentid) values ({acme}, {ada}, 99)")
    }),
    ("in two departments", true, |m| {
        m.sql("insert into mdl_company_users (companyid, userid, departmentid) values ({acme}, {ada}, 99)")
    }),
    ("deleted", false, |m| m.moodle.delete_user(m.ada, PAST)),
    ("not confirmed", true, |m| {
        m.sql("update mdl_user set confirmed = 0 where id = {ada}")
    }),
    ("out of the company", false, |m| {
        m.moodle.leave(m.acme, m.ada)
    }),
    ("course hidden", false, |m| {
        m.moodle.hide_course(m.fire, PAST)
    }),
    ("course taken from the company", false, |m| {
        m.sql("delete from mdl_company_course")
    }),
    ("course given twice", true, |m| {
        m.moodle.give_course(m.acme, m.fire)
    }),
    ("course open-shared instead", true, |m| {
        m.sql("delete from mdl_company_course")?;
        m.moodle.share_course(m.fire, 1)
    }),
    ("course closed-shared with others", false, |m| {
        m.sql("delete from mdl_company_course")?;
        m.moodle.share_course(m.fire, 2)
    }),
    ("un-enrolled", false, |m| m.moodle.unenrol(m.ada, m.fire)),
    ("enrolment suspended", false, |m| {
        m.sql("update mdl_user_enrolments set status = 1")
    }),
    ("enrolment method switched off", false, |m| {
        m.sql("update mdl_enrol set status = 1")
    }),
    ("enrolment not begun", false, |m| {
        m.sql(&format!(
            "update mdl_user_enrolments set timestart = {FUTURE}"
        ))
    }),
    ("enrolment over", false, |m| {
        m.sql(&format!(
            "update mdl_user_enrolments set timeend = {}",
            PAST + 1
        ))
    }),
    ("enrolment ends one day", true, |m| {
        m.sql(&format!(
            "update mdl_user_enrolments set timeend = {FUTURE}"
        ))
    }),
    ("enrolment without a start", true, |m| {
        m.sql("update mdl_user_enrolments set timestart = 0")
    }),
    ("one of two enrolments suspended", true, |m| {
        m.sql("update mdl_user_enrolments set status = 1")?;
        second_enrolment(m)
    }),
    ("two active enrolments", true, second_enrolment),
    ("a role without enrolment", false, |m| {
        m.sql("delete from mdl_user_enrolments")
    }),
    ("an enrolment without a role", false, |m| {
        m.sql("delete from mdl_role_assignments")
    }),
    ("a teacher", false, |m| role(m, TEACHER)),
    ("an editing teacher", false, |m| role(m, EDITING_TEACHER)),
    ("a manager", false, |m| role(m, MANAGER)),
    ("a teacher who also learns", true, |m| {
        let context = m.moodle.context(m.fire)?;
        m.moodle.assign_role(m.ada, TEACHER, context, PAST)
    }),
    ("a student twice, by hand and by cohort", true, |m| {
        m.sql(
            "insert into mdl_role_assignments (roleid, contextid, userid, component, itemid)
               select roleid, contextid, userid, 'enrol_cohort', 1 from mdl_role_assignments",
        )
    }),
    ("a student of the category", true, |m| role_in(m, CATEGORY)),
    ("a student of the site", true, |m| role_in(m, SITE)),
    ("a student of another course only", false, |m| {
        let other = m.moodle.course("Other")?;
        let context = m.moodle.context(other)?;
        role_in(m, context)
    }),
    ("students are out of reports in this course", false, |m| {
        let context = m.moodle.context(m.fire)?;
        permission(m, STUDENT, context, -1)
    }),
    ("students are out of reports in another course", true, |m| {
        let other = m.moodle.course("Other")?;
        let context = m.moodle.context(other)?;
        permission(m, STUDENT, context, -1)
    }),
    (
        "students are out of reports in the category, in again in the course",
        true,
        |m| {
            permission(m, STUDENT, CATEGORY, -1)?;
            let context = m.moodle.context(m.fire)?;
            permission(m, STUDENT, context, 1)
        },
    ),
    ("forbidden to everybody", false, |m| {
        permission(m, 7, SITE, -1000)
    }),
    (
        "forbidden to students in the category, whatever the course says",
        false,
        |m| {
            permission(m, STUDENT, CATEGORY, -1000)?;
            let context = m.moodle.context(m.fire)?;
            permission(m, STUDENT, context, 1)
        },
    ),
    ("a site admin without any role", true, |m| {
        m.sql("delete from mdl_role_assignments; update mdl_config set value = '2,{ada}' where name = 'siteadmins'")
    }),
    ("a site admin without enrolment", false, |m| {
        m.sql("delete from mdl_user_enrolments; update mdl_config set value = '2,{ada}' where name = 'siteadmins'")
    }),
    ("the company is suspended", true, |m| {
        m.sql("update mdl_company set suspended = 1")
    }),
];

#[test]
fn a_row_is_there_exactly_when_every_rule_holds() {
    for (case, expected, change) in WHICH_ROWS {
        let mut small = SmallMoodle::new();

        change(&mut small).unwrap();

        assert_eq!(small.rows().len(), usize::from(*expected), "{case}");
    }
}

#[test]
fn the_site_course_is_nobodys() {
    let mut small = SmallMoodle::new();
    let course = CourseId(1);

    small.moodle.give_course(small.acme, course).unwrap();
    small.moodle.enrol_method(course, "manual").unwrap();
    small.moodle.enrol(small.ada, course, PAST).unwrap();

    assert_eq!(small.row().key, small.key());
}

fn role_in(small: &mut SmallMoodle, context: i64) -> Result<()> {
    small.sql(&format!(
        "update mdl_role_assignments set contextid = {context}"
    ))
}

fn permission(small: &mut SmallMoodle, role: i64, context: i64, permission: i64) -> Result<()> {
    small.sql(&format!(
        "insert into mdl_role_capabilities (roleid, contextid, capability, permission)
         values ({role}, {context}, 'moodle/course:isincompletionreports', {permission})"
    ))
}
