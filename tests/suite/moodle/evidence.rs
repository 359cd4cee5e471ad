//! The proof of a row agrees with what a sync reads.

use alx_report_api::moodle::{EnrolmentStanding, Place, RowState, Says, Shape};

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
    let roles = found
        .roles
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

    assert_eq!(found.roles[0].name, "number 5");
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
