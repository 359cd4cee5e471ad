//! What a company's settings make of Moodle's rows: each setting against a small Moodle.

use alx_report_api::demo::builder::{CATEGORY, MANAGER, SITE, STUDENT, TEACHER};
use alx_report_api::ids::CourseId;
use alx_report_api::moodle::RowState::{
    self, Active, CourseHidden, Deleted, Excluded, Left, Suspended,
};
use alx_report_api::moodle::{Lists, Shape};

use super::{Change, course_row, role, second_enrolment};
use crate::support::moodle::{PAST, SmallMoodle};

/// Ada is enrolled as a student at `PAST`. With these settings, after this change, where does her row stand?
type Case = (&'static str, fn() -> Shape, RowState, Change);

fn roles(roles: &[i64]) -> Shape {
    Shape {
        learner_roles: Some(roles.to_vec()),
        ..Shape::default()
    }
}

fn suspended() -> Shape {
    Shape {
        suspended_enrolments: true,
        ..Shape::default()
    }
}

fn departments(departments: &[i64]) -> Shape {
    Shape {
        departments: Some(departments.to_vec()),
        ..Shape::default()
    }
}

fn enrolled_since(moment: i64) -> Shape {
    Shape {
        enrolled_since: Some(moment),
        ..Shape::default()
    }
}

fn completed_since(moment: i64) -> Shape {
    Shape {
        completed_since: Some(moment),
        ..Shape::default()
    }
}

fn off(course: i64) -> Shape {
    Shape {
        courses_off: vec![CourseId(course)],
        ..Shape::default()
    }
}

/// Departments 10 above 11 above 12; Ada is in the one given.
fn tree(m: &mut SmallMoodle, ada_in: i64) -> alx_report_api::error::Result<()> {
    m.sql(&format!(
        "insert into mdl_department (id, company, parent) values (10, {{acme}}, 1), (11, {{acme}}, 10), (12, {{acme}}, 11);
         update mdl_company_users set departmentid = {ada_in}"
    ))
}

#[rustfmt::skip]
const SHAPES: &[Case] = &[
    ("a chosen role, held in the course", || roles(&[STUDENT]), Active, |_| Ok(())),
    ("another role than the chosen", || roles(&[TEACHER]), Excluded, |_| Ok(())),
    ("a chosen role that Moodle does not count", || roles(&[TEACHER]), Active, |m| role(m, TEACHER)),
    ("one of several chosen roles", || roles(&[MANAGER, STUDENT]), Active, |_| Ok(())),
    ("a chosen role, held in the category", || roles(&[STUDENT]), Active, |m| {
        m.sql(&format!("update mdl_role_assignments set contextid = {CATEGORY}"))
    }),
    ("a chosen role, held on the site", || roles(&[STUDENT]), Active, |m| {
        m.sql(&format!("update mdl_role_assignments set contextid = {SITE}"))
    }),
    ("a chosen role, held in another course", || roles(&[STUDENT]), Left, |m| {
        let other = m.moodle.course("Other")?;
        let context = m.moodle.context(other)?;
        m.sql(&format!("update mdl_role_assignments set contextid = {context}"))
    }),
    ("a chosen role without enrolment", || roles(&[STUDENT]), Left, |m| m.sql("delete from mdl_user_enrolments")),
    ("a chosen role that a permission forbids to count", || roles(&[STUDENT]), Active, |m| {
        m.sql("update mdl_role_capabilities set permission = -1000")
    }),
    ("a site admin without a chosen role", || roles(&[STUDENT]), Excluded, |m| {
        m.sql("delete from mdl_role_assignments; update mdl_config set value = '2,{ada}' where name = 'siteadmins'")
    }),
    ("the role of everybody is chosen", || roles(&[7]), Active, |m| m.sql("delete from mdl_role_assignments")),
    ("no role is chosen", || roles(&[]), Excluded, |_| Ok(())),

    ("the course is switched off", || off(2), Excluded, |_| Ok(())),
    ("another course is switched off", || off(99), Active, |_| Ok(())),
    ("the course is switched off and hidden", || off(2), CourseHidden, |m| m.moodle.hide_course(m.fire, PAST)),
    ("the course is switched off and left", || off(2), Left, |m| m.moodle.unenrol(m.ada, m.fire)),

    ("a suspended enrolment counts", suspended, Active, |m| m.sql("update mdl_user_enrolments set status = 1")),
    ("an ended enrolment counts", suspended, Active, |m| m.sql("update mdl_user_enrolments set timeend = 5")),
    ("an enrolment that has not begun counts", suspended, Active, |m| {
        m.sql("update mdl_user_enrolments set timestart = 4000000000")
    }),
    ("an enrolment by a method that is off counts", suspended, Active, |m| m.sql("update mdl_enrol set status = 1")),
    ("no enrolment does not count", suspended, Left, |m| m.sql("delete from mdl_user_enrolments")),
    ("an enrolment whose method vanished does not count", suspended, Left, |m| m.sql("delete from mdl_enrol")),
    ("a suspended person does not count", suspended, Suspended, |m| m.moodle.suspend(m.ada, PAST)),
    ("a person suspended in the company does not count", suspended, Suspended, |m| m.moodle.suspend_in(m.acme, m.ada)),
    ("a deleted person does not count", suspended, Deleted, |m| m.sql("update mdl_user set deleted = 1 where id = {ada}")),
    ("a suspended enrolment without a role does not count", suspended, Left, |m| {
        m.sql("update mdl_user_enrolments set status = 1; delete from mdl_role_assignments")
    }),

    ("in a chosen department", || departments(&[11]), Active, |m| tree(m, 11)),
    ("below a chosen department", || departments(&[10]), Active, |m| tree(m, 12)),
    ("above a chosen department", || departments(&[11]), Excluded, |m| tree(m, 10)),
    ("in a department of another company", || departments(&[11]), Excluded, |m| {
        tree(m, 12)?;
        m.sql("update mdl_department set company = 9 where id = 12")
    }),
    ("in a chosen department that is gone", || departments(&[77]), Active, |m| tree(m, 77)),
    ("in one chosen department of two", || departments(&[11]), Active, |m| {
        tree(m, 10)?;
        m.sql("insert into mdl_company_users (companyid, userid, departmentid) values ({acme}, {ada}, 11)")
    }),
    ("suspended in the chosen department only", || departments(&[11]), Excluded, |m| {
        tree(m, 10)?;
        m.sql("insert into mdl_company_users (companyid, userid, departmentid, suspended) values ({acme}, {ada}, 11, 1)")
    }),
    ("a department is its own parent", || departments(&[11]), Excluded, |m| {
        tree(m, 10)?;
        m.sql("update mdl_department set parent = 11 where id = 11")
    }),

    ("enrolled at the moment", || enrolled_since(PAST), Active, |_| Ok(())),
    ("enrolled before the moment", || enrolled_since(PAST + 1), Excluded, |_| Ok(())),
    ("the earliest of two enrolments decides", || enrolled_since(PAST + 1), Excluded, |m| {
        second_enrolment(m)?;
        m.sql("update mdl_user_enrolments set timestart = timestart + 90 where id = 2")
    }),
    ("the creation decides where no start is set", || enrolled_since(PAST + 1), Active, |m| {
        m.sql(&format!("update mdl_user_enrolments set timestart = 0, timecreated = {}", PAST + 2))
    }),
    ("an enrolment without any time", || enrolled_since(1), Excluded, |m| {
        m.sql("update mdl_user_enrolments set timestart = 0, timecreated = 0")
    }),

    ("not completed stays", || completed_since(PAST + 9), Active, |_| Ok(())),
    ("an open completion row stays", || completed_since(PAST + 9), Active, |m| course_row(m, 1, None)),
    ("completed at the moment", || completed_since(PAST + 9), Active, |m| course_row(m, 0, Some(PAST + 9))),
    ("completed before the moment", || completed_since(PAST + 10), Excluded, |m| course_row(m, 0, Some(PAST + 9))),

    ("two settings, one leaves it out", || Shape { courses_off: vec![CourseId(2)], ..suspended() }, Left, |m| {
        m.sql("update mdl_user_enrolments set status = 1")
    }),
];

#[test]
fn every_setting_counts_alike_in_facts_keys_and_departures() {
    for (case, shape, expected, change) in SHAPES {
        let mut small = SmallMoodle::new();
        let shape = shape();

        change(&mut small).unwrap();

        let rows = usize::from(*expected == Active);
        assert_eq!(small.shaped(&shape).len(), rows, "{case}");
        assert_eq!(small.state(&shape), *expected, "{case}");
    }
}

#[test]
fn tables_that_only_settings_need_are_read_only_for_them() {
    let mut small = SmallMoodle::new();
    small
        .sql("drop table mdl_department; drop table mdl_role")
        .unwrap();

    assert_eq!(small.rows().len(), 1);
    assert_eq!(small.shaped(&roles(&[STUDENT])).len(), 1);
    let mut snapshot = small.snapshot();
    assert!(snapshot.keys(small.acme, &departments(&[1])).is_err());
    let Lists {
        roles,
        departments,
        courses,
    } = small.snapshot().lists(Some(small.acme)).unwrap();
    let (roles, departments) = (roles.unwrap_err(), departments.unwrap_err());
    assert_eq!(roles.to_string(), "There is no table mdl_role.");
    assert_eq!(departments.to_string(), "There is no table mdl_department.");
    assert_eq!(courses.len(), 1);
    let report = small.source().check();
    let warned = |finding: &alx_report_api::moodle::Finding| {
        finding.text
            == "There is no table mdl_role. It is needed only for the setting that chooses learners by their roles."
    };
    assert!(report.findings.iter().any(warned), "{report:?}");
    assert!(report.is_usable());
}
