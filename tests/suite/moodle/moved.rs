//! What moved since a cut-off, and why rows ended.

use alx_report_api::demo::builder::TEACHER;
use alx_report_api::moodle::{RowState, Shape};

use super::{Change, course_row, role};
use crate::support::moodle::{PAST, SmallMoodle};

const CUT_OFF: i64 = PAST + 1_000_000;

/// Whether a change at the cut-off shows as a moved user, as a moved course.
const MOVES: &[(&str, bool, bool, Change)] = &[
    ("nothing", false, false, |_| Ok(())),
    ("a second too early", false, false, |m| {
        m.sql(&format!(
            "update mdl_user set timemodified = {}",
            CUT_OFF - 1
        ))
    }),
    ("a new name", true, false, |m| {
        m.sql(&format!("update mdl_user set timemodified = {CUT_OFF}"))
    }),
    ("an enrolment", true, false, |m| {
        m.sql(&format!(
            "update mdl_user_enrolments set timemodified = {CUT_OFF}"
        ))
    }),
    ("an activity", true, false, |m| {
        m.moodle.touch(m.ada, 1, 1, CUT_OFF)
    }),
    ("a completed course", true, false, |m| {
        course_row(m, 0, Some(CUT_OFF))
    }),
    (
        "a completed course, written hours after its last criterion",
        true,
        false,
        |m| course_row(m, 0, Some(CUT_OFF - 7_200)),
    ),
    ("a started course", true, false, |m| {
        course_row(m, CUT_OFF, None)
    }),
    ("a role", true, false, |m| {
        m.sql(&format!(
            "update mdl_role_assignments set timemodified = {CUT_OFF}"
        ))
    }),
    ("somebody of another company", false, false, |m| {
        let eve = m.moodle.user("Eve", "Else")?;
        m.moodle.touch(eve, 1, 1, CUT_OFF)
    }),
    ("a renamed course", false, true, |m| {
        m.sql(&format!("update mdl_course set timemodified = {CUT_OFF}"))
    }),
    ("a new activity", false, true, |m| {
        m.sql(&format!("update mdl_course_modules set added = {CUT_OFF}"))
    }),
    ("an enrolment method", false, true, |m| {
        m.sql(&format!("update mdl_enrol set timemodified = {CUT_OFF}"))
    }),
];

#[test]
fn what_moodle_wrote_since_a_cut_off_is_found() {
    for (case, user, course, change) in MOVES {
        let mut small = SmallMoodle::new();

        change(&mut small).unwrap();

        let moved = small
            .snapshot()
            .moved_since(small.acme, &Shape::default(), CUT_OFF)
            .unwrap();
        assert_eq!(
            moved.users,
            if *user { vec![small.ada] } else { vec![] },
            "{case}"
        );
        assert_eq!(
            moved.courses,
            if *course { vec![small.fire] } else { vec![] },
            "{case}"
        );
    }
}

const REASONS: &[(&str, RowState, Change)] = &[
    ("active after all", RowState::Active, |_| Ok(())),
    ("deleted", RowState::Deleted, |m| {
        m.moodle.delete_user(m.ada, PAST)
    }),
    ("erased from the table", RowState::Deleted, |m| {
        m.sql("delete from mdl_user where id = {ada}")
    }),
    ("suspended", RowState::Suspended, |m| {
        m.moodle.suspend(m.ada, PAST)
    }),
    ("suspended here", RowState::Suspended, |m| {
        m.moodle.suspend_in(m.acme, m.ada)
    }),
    ("hidden", RowState::CourseHidden, |m| {
        m.moodle.hide_course(m.fire, PAST)
    }),
    ("un-enrolled", RowState::Left, |m| {
        m.moodle.unenrol(m.ada, m.fire)
    }),
    (
        "un-enrolled from a course hidden since",
        RowState::Left,
        |m| {
            m.moodle.unenrol(m.ada, m.fire)?;
            m.moodle.hide_course(m.fire, PAST)
        },
    ),
    ("out of the company", RowState::Left, |m| {
        m.moodle.leave(m.acme, m.ada)
    }),
    ("made a teacher", RowState::Left, |m| role(m, TEACHER)),
    ("course taken away", RowState::Left, |m| {
        m.sql("delete from mdl_company_course")
    }),
    ("course deleted", RowState::Left, |m| {
        m.sql("delete from mdl_course where id = {fire}")
    }),
    ("company gone", RowState::Left, |m| {
        m.sql("delete from mdl_company_users; delete from mdl_company")
    }),
];

#[test]
fn a_row_that_ended_says_why() {
    for (case, expected, change) in REASONS {
        let mut small = SmallMoodle::new();

        change(&mut small).unwrap();

        let told = small
            .snapshot()
            .departures(small.acme, &Shape::default(), &[small.key()])
            .unwrap();
        assert_eq!(told, [(small.key(), *expected)], "{case}");
    }
}
