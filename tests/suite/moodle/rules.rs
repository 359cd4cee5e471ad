//! Which rows exist by Moodle's own rules, and in which state those end that do not.

use alx_report_api::demo::builder::{CATEGORY, EDITING_TEACHER, MANAGER, SITE, STUDENT, TEACHER};
use alx_report_api::error::Result;
use alx_report_api::ids::CourseId;
use alx_report_api::moodle::RowState::{self, Active, CourseHidden, Deleted, Left, Suspended};
use alx_report_api::moodle::Shape;

use super::{Change, role, second_enrolment};
use crate::support::moodle::{PAST, SmallMoodle};

/// A time that no test lives to see.
const FUTURE: i64 = 4_000_000_000;

/// Ada is enrolled as a student. After this change, where does her row stand?
const RULES: &[(&str, RowState, Change)] = &[
    ("nothing changed", Active, |_| Ok(())),
    ("suspended on the site", Suspended, |m| {
        m.moodle.suspend(m.ada, PAST)
    }),
    ("suspended in the company", Suspended, |m| {
        m.moodle.suspend_in(m.acme, m.ada)
    }),
    ("suspended in another company", Active, |m| {
        let other = m.moodle.company("Other")?;
        m.moodle.member(other, m.ada)?;
        m.moodle.suspend_in(other, m.ada)
    }),
    (
        "suspended in one department, not in the other",
        Active,
        |m| {
            m.moodle.suspend_in(m.acme, m.ada)?;
            m.sql("insert into mdl_company_users (companyid, userid, departmentid) values ({acme}, {ada}, 99)")
        },
    ),
    ("in two departments", Active, |m| {
        m.sql("insert into mdl_company_users (companyid, userid, departmentid) values ({acme}, {ada}, 99)")
    }),
    ("deleted", Deleted, |m| m.moodle.delete_user(m.ada, PAST)),
    ("not confirmed", Active, |m| {
        m.sql("update mdl_user set confirmed = 0 where id = {ada}")
    }),
    ("out of the company", Left, |m| {
        m.moodle.leave(m.acme, m.ada)
    }),
    ("course hidden", CourseHidden, |m| {
        m.moodle.hide_course(m.fire, PAST)
    }),
    ("course taken from the company", Left, |m| {
        m.sql("delete from mdl_company_course")
    }),
    ("course given twice", Active, |m| {
        m.moodle.give_course(m.acme, m.fire)
    }),
    ("course open-shared instead", Active, |m| {
        m.sql("delete from mdl_company_course")?;
        m.moodle.share_course(m.fire, 1)
    }),
    ("course closed-shared with others", Left, |m| {
        m.sql("delete from mdl_company_course")?;
        m.moodle.share_course(m.fire, 2)
    }),
    ("un-enrolled", Left, |m| m.moodle.unenrol(m.ada, m.fire)),
    ("enrolment suspended", Left, |m| {
        m.sql("update mdl_user_enrolments set status = 1")
    }),
    ("enrolment method switched off", Left, |m| {
        m.sql("update mdl_enrol set status = 1")
    }),
    ("enrolment not begun", Left, |m| {
        m.sql(&format!(
            "update mdl_user_enrolments set timestart = {FUTURE}"
        ))
    }),
    ("enrolment over", Left, |m| {
        m.sql(&format!(
            "update mdl_user_enrolments set timeend = {}",
            PAST + 1
        ))
    }),
    ("enrolment ends one day", Active, |m| {
        m.sql(&format!(
            "update mdl_user_enrolments set timeend = {FUTURE}"
        ))
    }),
    ("enrolment without a start", Active, |m| {
        m.sql("update mdl_user_enrolments set timestart = 0")
    }),
    ("one of two enrolments suspended", Active, |m| {
        m.sql("update mdl_user_enrolments set status = 1")?;
        second_enrolment(m)
    }),
    ("two active enrolments", Active, second_enrolment),
    ("a role without enrolment", Left, |m| {
        m.sql("delete from mdl_user_enrolments")
    }),
    ("an enrolment without a role", Left, |m| {
        m.sql("delete from mdl_role_assignments")
    }),
    ("a teacher", Left, |m| role(m, TEACHER)),
    ("an editing teacher", Left, |m| role(m, EDITING_TEACHER)),
    ("a manager", Left, |m| role(m, MANAGER)),
    ("a teacher who also learns", Active, |m| {
        let context = m.moodle.context(m.fire)?;
        m.moodle.assign_role(m.ada, TEACHER, context, PAST)
    }),
    ("a student twice, by hand and by cohort", Active, |m| {
        m.sql(
            "insert into mdl_role_assignments (roleid, contextid, userid, component, itemid)
               select roleid, contextid, userid, 'enrol_cohort', 1 from mdl_role_assignments",
        )
    }),
    ("a student of the category", Active, |m| {
        role_in(m, CATEGORY)
    }),
    ("a student of the site", Active, |m| role_in(m, SITE)),
    ("a student of another course only", Left, |m| {
        let other = m.moodle.course("Other")?;
        let context = m.moodle.context(other)?;
        role_in(m, context)
    }),
    ("students are out of reports in this course", Left, |m| {
        let context = m.moodle.context(m.fire)?;
        permission(m, STUDENT, context, -1)
    }),
    (
        "students are out of reports in another course",
        Active,
        |m| {
            let other = m.moodle.course("Other")?;
            let context = m.moodle.context(other)?;
            permission(m, STUDENT, context, -1)
        },
    ),
    (
        "students are out of reports in the category, in again in the course",
        Active,
        |m| {
            permission(m, STUDENT, CATEGORY, -1)?;
            let context = m.moodle.context(m.fire)?;
            permission(m, STUDENT, context, 1)
        },
    ),
    ("forbidden to everybody", Left, |m| {
        permission(m, 7, SITE, -1000)
    }),
    (
        "forbidden to students in the category, whatever the course says",
        Left,
        |m| {
            permission(m, STUDENT, CATEGORY, -1000)?;
            let context = m.moodle.context(m.fire)?;
            permission(m, STUDENT, context, 1)
        },
    ),
    ("a site admin without any role", Active, |m| {
        m.sql("delete from mdl_role_assignments; update mdl_config set value = '2,{ada}' where name = 'siteadmins'")
    }),
    ("a site admin without enrolment", Left, |m| {
        m.sql("delete from mdl_user_enrolments; update mdl_config set value = '2,{ada}' where name = 'siteadmins'")
    }),
    ("a member of another company only", Left, |m| {
        let other = m.moodle.company("Other")?;
        m.sql("delete from mdl_company_users")?;
        m.moodle.member(other, m.ada)
    }),
    ("out of the company and suspended", Left, |m| {
        m.moodle.leave(m.acme, m.ada)?;
        m.moodle.suspend(m.ada, PAST)
    }),
    (
        "deleted, with every row of hers left behind",
        Deleted,
        |m| m.sql("update mdl_user set deleted = 1 where id = {ada}"),
    ),
    ("suspended, and un-enrolled as well", Suspended, |m| {
        m.moodle.suspend(m.ada, PAST)?;
        m.moodle.unenrol(m.ada, m.fire)
    }),
    ("un-enrolled from a hidden course", Left, |m| {
        m.moodle.unenrol(m.ada, m.fire)?;
        m.moodle.hide_course(m.fire, PAST)
    }),
    ("course given and closed-shared", Active, |m| {
        m.moodle.share_course(m.fire, 2)
    }),
    ("a hidden course open-shared", CourseHidden, |m| {
        m.moodle.share_course(m.fire, 1)?;
        m.moodle.hide_course(m.fire, PAST)
    }),
    ("enrolment ends with the schema's default", Active, |m| {
        m.sql("update mdl_user_enrolments set timeend = 2147483647")
    }),
    ("an ended enrolment beside an active one", Active, |m| {
        m.sql("update mdl_user_enrolments set timeend = 5")?;
        second_enrolment(m)
    }),
    (
        "two enrolments, one suspended, one by a method that is off",
        Left,
        |m| {
            second_enrolment(m)?;
            m.sql(
                "update mdl_user_enrolments set status = 1 where id = 1;
               update mdl_enrol set status = 1 where enrol = 'self'",
            )
        },
    ),
    ("an enrolment whose method vanished", Left, |m| {
        m.sql("delete from mdl_enrol")
    }),
    ("a course whose context lost its path", Left, |m| {
        m.sql("update mdl_context set path = null where contextlevel = 50")
    }),
    ("everybody is in reports", Active, |m| {
        m.sql("delete from mdl_role_assignments")?;
        permission(m, 7, SITE, 1)
    }),
    ("the company is suspended", Active, |m| {
        m.sql("update mdl_company set suspended = 1")
    }),
];

#[test]
fn a_row_is_there_exactly_when_every_rule_holds_and_else_says_why_not() {
    for (case, expected, change) in RULES {
        let mut small = SmallMoodle::new();

        change(&mut small).unwrap();

        let rows = usize::from(*expected == Active);
        assert_eq!(small.rows().len(), rows, "{case}");
        assert_eq!(small.state(&Shape::default()), *expected, "{case}");
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
