//! The plan by hand: each way in which two sides can differ.

use super::*;
use crate::ids::{CompanyId, CourseId, UserId};
use crate::words::Status;

fn content(name: &str) -> Content {
    Content {
        firstname: name.into(),
        lastname: "Byron".into(),
        email: "ada@example.com".into(),
        username: "ada".into(),
        coursename: "Fire safety".into(),
        status: Status::NotStarted,
        percentage: Some(100.0 / 3.0),
        timecompleted: None,
        timestarted: None,
        enrolled_at: Some(100),
    }
}

fn key(user: i64) -> Key {
    Key {
        user: UserId(user),
        course: CourseId(1),
    }
}

fn row(user: i64, name: &str, state: RowState) -> Row {
    Row {
        company_id: CompanyId(42),
        user_id: UserId(user),
        course_id: CourseId(1),
        content: content(name),
        state,
        seq: user,
        first_seen_seq: user,
        changed_at: 0,
    }
}

fn kinds(moodle: &[(i64, &str)], store: &[Row]) -> Result<Vec<(i64, Option<Kind>)>> {
    let moodle = moodle
        .iter()
        .map(|(user, name)| Ok((key(*user), Ok(content(name)))));
    let mut same = 0;
    plan(moodle, store.iter().cloned().map(Ok))
        .map(|step| match step? {
            Step::Same(_) => {
                same += 1;
                Ok((-same, None))
            }
            Step::Unread(unread) => Ok((100 + unread.key.user.0, None)),
            Step::Change(change) => Ok((change.key.user.0, Some(change.kind()))),
        })
        .collect()
}

#[test]
fn rows_are_added_updated_removed_or_left_alone() {
    let store = [
        row(1, "Ada", RowState::Active),
        row(2, "Bob", RowState::Active),
        row(4, "Eve", RowState::Active),
    ];

    let found = kinds(&[(1, "Ada"), (2, "Bobby"), (3, "Cem")], &store).unwrap();

    let expected = [
        (-1, None),
        (2, Some(Kind::Updated)),
        (3, Some(Kind::Added)),
        (4, Some(Kind::Removed)),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_tombstone_gives_no_step_until_its_row_comes_back() {
    let store = [row(1, "Ada", RowState::Left)];

    assert_eq!(kinds(&[], &store).unwrap(), []);
    assert_eq!(
        kinds(&[(1, "Ada")], &store).unwrap(),
        [(1, Some(Kind::Added))]
    );
}

#[test]
fn a_side_that_is_out_of_order_or_repeats_itself_stops_the_plan() {
    assert!(kinds(&[(2, "Bob"), (1, "Ada")], &[]).is_err());
    assert!(kinds(&[(1, "Ada"), (1, "Ada")], &[]).is_err());
}

#[test]
fn an_error_of_either_side_stops_the_plan() {
    let broken = || std::iter::once(Err(Error::MoodleNotConfigured));

    assert!(plan(broken(), std::iter::empty()).next().unwrap().is_err());
    assert!(
        plan(
            std::iter::empty(),
            std::iter::once(Err(Error::MoodleNotConfigured))
        )
        .next()
        .unwrap()
        .is_err()
    );
}
