//! How rows are read: in order, whole, of one moment, as they are.

use alx_report_api::error::Result;
use alx_report_api::ids::{CompanyId, CourseId, Key, UserId};
use alx_report_api::moodle::{Facts, Moved, Scope, Shape};

use crate::support::moodle::{PAST, SmallMoodle, facts};

#[test]
fn hostile_text_arrives_as_it_is() {
    let texts = [
        "<script>alert(1)</script>",
        "O'Brien \"; drop table mdl_user; --",
        "Ζωή 🦉 المستخدم",
        "{user} :now :users",
        "\\ % _ \u{202e}",
    ];
    for text in texts {
        let mut small = SmallMoodle::new();
        let ada = small.moodle.user(text, text).unwrap();
        small.moodle.member(small.acme, ada).unwrap();
        let course = small.moodle.course(text).unwrap();
        small.moodle.give_course(small.acme, course).unwrap();

        small.moodle.enrol(ada, course, PAST).unwrap();

        let row = small.rows().remove(1);
        assert_eq!(
            (
                row.firstname.as_str(),
                row.lastname.as_str(),
                row.coursename.as_str()
            ),
            (text, text, text)
        );
    }
}

#[test]
fn a_person_of_two_companies_has_a_row_in_each() {
    let mut small = SmallMoodle::new();
    let other = small.moodle.company("Other").unwrap();
    small.moodle.member(other, small.ada).unwrap();

    small.moodle.give_course(other, small.fire).unwrap();

    let mut snapshot = small.snapshot();
    assert_eq!(
        facts(&mut snapshot, small.acme),
        facts(&mut snapshot, other)
    );
    assert_eq!(facts(&mut snapshot, CompanyId(999)), []);
}

#[test]
fn rows_come_in_order_over_many_pages() {
    let mut small = SmallMoodle::new();
    let learners = 700;
    small
        .moodle
        .all_or_nothing(|moodle| {
            for number in 0..learners {
                let user = moodle.user("Learner", &number.to_string())?;
                moodle.member(CompanyId(1), user)?;
                moodle.enrol(user, CourseId(2), PAST)?;
            }
            Ok(())
        })
        .unwrap();

    let rows = small.rows();

    assert_eq!(rows.len(), learners + 1);
    assert!(rows.windows(2).all(|two| two[0].key < two[1].key));
}

#[test]
fn a_snapshot_does_not_see_what_is_written_later() {
    let mut small = SmallMoodle::new();
    let mut snapshot = small.snapshot();

    small
        .moodle
        .complete(small.ada, small.fire, PAST + 9)
        .unwrap();

    assert_eq!(facts(&mut snapshot, small.acme)[0].timecompleted, None);
    assert_eq!(
        facts(&mut small.snapshot(), small.acme)[0].timecompleted,
        Some(PAST + 9)
    );
}

#[test]
fn a_scope_reads_its_users_and_its_courses_only() {
    let mut small = SmallMoodle::new();
    let bob = small.moodle.user("Bob", "Other").unwrap();
    let aid = small.moodle.course("First aid").unwrap();
    small.moodle.member(small.acme, bob).unwrap();
    small.moodle.give_course(small.acme, aid).unwrap();
    for (user, course) in [(small.ada, aid), (bob, small.fire), (bob, aid)] {
        small.moodle.enrol(user, course, PAST).unwrap();
    }
    let (ada, fire) = (small.ada, small.fire);
    let key = |user: UserId, course: CourseId| Key { user, course };
    let cases = [
        (vec![], vec![], vec![]),
        (vec![ada], vec![], vec![key(ada, fire), key(ada, aid)]),
        (vec![], vec![aid], vec![key(ada, aid), key(bob, aid)]),
        (
            vec![ada],
            vec![fire],
            vec![key(ada, fire), key(ada, aid), key(bob, fire)],
        ),
        (vec![UserId(999)], vec![CourseId(999)], vec![]),
    ];

    for (users, courses, expected) in cases {
        let scope = Scope::Of(Moved { users, courses });
        let mut snapshot = small.snapshot();
        let rows: Result<Vec<Facts>> = snapshot
            .facts(small.acme, &Shape::default(), &scope)
            .unwrap()
            .collect();

        let keys: Vec<Key> = rows.unwrap().iter().map(|row| row.key).collect();
        assert_eq!(keys, expected, "{scope:?}");
    }
}

#[test]
fn companies_are_listed_by_id_with_their_names_as_they_are() {
    let mut small = SmallMoodle::new();

    small.moodle.company("<b>Söhne</b>").unwrap();
    small
        .sql("update mdl_company set suspended = 1 where id = 2")
        .unwrap();

    let companies = small.snapshot().companies().unwrap();
    let told: Vec<(i64, &str, bool)> = companies
        .iter()
        .map(|company| (company.id.0, company.name.as_str(), company.suspended))
        .collect();
    assert_eq!(told, [(1, "Acme", false), (2, "<b>Söhne</b>", true)]);
}
