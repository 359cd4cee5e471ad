//! The proof of a row agrees with what a sync reads.

use alx_report_api::moodle::{EnrolmentStanding, Place, RowState, Says, Setting, Shape, Snapshot};

use super::{course_row, second_enrolment, touch};
use crate::support::moodle::{PAST, SmallMoodle};

#[test]
fn the_proof_holds_what_the_facts_are_made_of() {
    let mut small = SmallMoodle::new();
    touch(&mut small, 0, 1).unwrap();
    touch(&mut small, 1, 3).unwrap();
    course_row(&mut small, PAST + 2, None).unwrap();
    second_enrolment(&mut small).unwrap();
    small
        .sql("update mdl_user_enrolments set status = 1 where id = 2; update mdl_course_modules set completion = 0 where id = 4")
        .unwrap();

    let found = small
        .snapshot()
        .evidence(small.acme, &Shape::default(), small.key())
        .unwrap();

    assert_eq!(found.facts, Some(small.row()));
    assert_eq!(found.state, RowState::Active);
    let done = found.activities.iter().filter(|one| one.is_done()).count();
    assert_eq!((done, found.activities.len()), (1, 3));
    let standings = found.enrolments.iter().map(|one| one.standing);
    assert!(standings.eq([EnrolmentStanding::Active, EnrolmentStanding::Suspended]));
    let held = found.roles.unwrap();
    let roles = held
        .iter()
        .map(|role| (role.name.as_str(), role.place, role.says));
    assert!(roles.eq([
        ("Student", Place::Course, Says::Counts),
        ("Authenticated user", Place::Everybody, Says::Nothing),
    ]));
    let completion = found.completion.unwrap();
    assert_eq!(
        (completion.started_at, completion.completed_at),
        (Some(PAST + 2), None)
    );
}

#[test]
fn without_the_names_of_roles_and_departments_their_numbers_are_told() {
    let mut small = SmallMoodle::new();
    small
        .sql("drop table mdl_department; drop table mdl_role")
        .unwrap();

    let found = small
        .snapshot()
        .evidence(small.acme, &Shape::default(), small.key())
        .unwrap();

    assert_eq!(found.roles.unwrap()[0].name, "number 5");
    assert_eq!(found.memberships[0].department, "number 1");
}

#[test]
fn of_a_deleted_person_the_proof_says_so() {
    let mut small = SmallMoodle::new();
    small.moodle.delete_user(small.ada, PAST).unwrap();

    let found = small
        .snapshot()
        .evidence(small.acme, &Shape::default(), small.key())
        .unwrap();

    assert_eq!((found.state, found.facts), (RowState::Deleted, None));
    assert!(found.person.unwrap().deleted);
    assert!(found.memberships.is_empty() && found.enrolments.is_empty());
}

#[test]
fn a_row_that_only_settings_leave_out_says_which_of_them_do() {
    let mut small = SmallMoodle::new();
    course_row(&mut small, PAST, Some(PAST)).unwrap();
    let course = small.key().course;
    let later = 4_000_000_000;
    let cases = [
        (
            Shape {
                learner_roles: Some(vec![999]),
                ..Shape::default()
            },
            vec![Setting::Roles],
        ),
        (
            Shape {
                departments: Some(vec![999]),
                ..Shape::default()
            },
            vec![Setting::Departments],
        ),
        (
            Shape {
                courses_off: vec![course],
                ..Shape::default()
            },
            vec![Setting::CourseOff],
        ),
        (
            Shape {
                enrolled_since: Some(later),
                completed_since: Some(later),
                ..Shape::default()
            },
            vec![
                Setting::EnrolledSince(later),
                Setting::CompletedSince(later),
            ],
        ),
        (
            Shape {
                enrolled_since: Some(1),
                ..Shape::default()
            },
            vec![],
        ),
    ];
    for (shape, by) in cases {
        let found = small
            .snapshot()
            .evidence(small.acme, &shape, small.key())
            .unwrap();

        assert_eq!(found.left_out_by, by);
        assert_eq!(found.state == RowState::Excluded, !by.is_empty());
        assert!(found.roles.is_some_and(|roles| !roles.is_empty()));
    }
}

#[test]
fn only_a_few_pages_ask_moodle_at_once_and_one_more_is_told_so() {
    let small = SmallMoodle::new();
    let source = small.source();
    let hold = |next: &dyn Fn() -> bool| source.answer(|_| Ok(next())).unwrap_or(false);
    let refused = || {
        let told = source.answer(|_| Ok(())).unwrap_err().to_string();
        told.contains("Moodle is busy, try again")
    };

    let fifth = hold(&|| hold(&|| hold(&|| hold(&refused))));

    assert!(fifth, "four ask, the fifth is refused");
    assert!(source.answer(Snapshot::companies).is_ok());
}
