//! What a row says.

use alx_report_api::progress::Status;
use alx_report_api::progress::derive::derive;

use super::{Change, course_row, second_enrolment, touch};
use crate::support::moodle::{PAST, SmallMoodle};

/// What the row says after a change: status, percentage, completed, started.
type Says = (Status, Option<f64>, Option<i64>, Option<i64>);

const OPEN: Says = (Status::NotStarted, Some(0.0), None, None);

const WHAT_ROWS_SAY: &[(&str, Says, Change)] = &[
    ("nothing done", OPEN, |_| Ok(())),
    (
        "one of four done",
        (Status::InProgress, Some(25.0), None, Some(PAST + 5)),
        |m| touch(m, 0, 1),
    ),
    (
        "one of four passed",
        (Status::InProgress, Some(25.0), None, Some(PAST + 5)),
        |m| touch(m, 0, 2),
    ),
    (
        "one of four failed",
        (Status::InProgress, Some(0.0), None, Some(PAST + 5)),
        |m| touch(m, 0, 3),
    ),
    ("one of four undone again", OPEN, |m| touch(m, 0, 0)),
    (
        "one of three done",
        (Status::InProgress, Some(100.0 / 3.0), None, Some(PAST + 5)),
        |m| {
            touch(m, 0, 1)?;
            m.sql("update mdl_course_modules set completion = 0 where id = 4")
        },
    ),
    (
        "everything done, the course open",
        (Status::InProgress, Some(100.0), None, Some(PAST + 5)),
        |m| (0..4).try_for_each(|place| touch(m, place, 1)),
    ),
    (
        "completed with nothing done",
        (Status::Completed, Some(100.0), Some(PAST + 9), None),
        |m| course_row(m, 0, Some(PAST + 9)),
    ),
    (
        "completed before the enrolment",
        (Status::Completed, Some(100.0), Some(5), None),
        |m| course_row(m, 0, Some(5)),
    ),
    (
        "started, by its first criterion",
        (Status::InProgress, Some(0.0), None, Some(PAST + 2)),
        |m| course_row(m, PAST + 2, None),
    ),
    (
        "the first criterion is the start, not the activity",
        (Status::InProgress, Some(25.0), None, Some(PAST + 2)),
        |m| {
            touch(m, 0, 1)?;
            course_row(m, PAST + 2, None)
        },
    ),
    ("an empty completion row", OPEN, |m| course_row(m, 0, None)),
    (
        "no completion row, one done",
        (Status::InProgress, Some(25.0), None, Some(PAST + 5)),
        |m| touch(m, 0, 1),
    ),
    ("done in an activity that is not tracked", OPEN, |m| {
        m.sql("insert into mdl_course_modules (id, course, module, completion) values (90, {fire}, 1, 0)")?;
        m.moodle.touch(m.ada, 90, 1, PAST)
    }),
    (
        "done in an activity that is being deleted",
        (Status::NotStarted, Some(0.0), None, None),
        |m| {
            touch(m, 0, 1)?;
            m.sql("update mdl_course_modules set deletioninprogress = 1 where id = 1")
        },
    ),
    ("done in an activity that vanished", OPEN, |m| {
        m.moodle.touch(m.ada, 12345, 1, PAST)
    }),
    (
        "done in a kind of activity that is switched off",
        OPEN,
        |m| {
            m.sql("insert into mdl_course_modules (id, course, module, completion) values (90, {fire}, 4, 1)")?;
            m.moodle.touch(m.ada, 90, 1, PAST)
        },
    ),
    (
        "done in a hidden activity",
        (Status::InProgress, Some(25.0), None, Some(PAST + 5)),
        |m| {
            touch(m, 0, 1)?;
            m.sql("update mdl_course_modules set visible = 0")
        },
    ),
    (
        "no tracked activity",
        (Status::NotStarted, None, None, None),
        |m| m.sql("update mdl_course_modules set completion = 0"),
    ),
    (
        "no tracked activity, completed",
        (Status::Completed, Some(100.0), Some(PAST + 9), None),
        |m| {
            m.sql("update mdl_course_modules set completion = 0")?;
            course_row(m, 0, Some(PAST + 9))
        },
    ),
    (
        "completion off in the course",
        (Status::InProgress, None, None, Some(PAST + 5)),
        |m| {
            touch(m, 0, 1)?;
            m.sql("update mdl_course set enablecompletion = 0")
        },
    ),
    (
        "completion off on the site, completed before",
        (Status::Completed, None, Some(PAST + 9), None),
        |m| {
            course_row(m, 0, Some(PAST + 9))?;
            m.sql("update mdl_config set value = '0' where name = 'enablecompletion'")
        },
    ),
    (
        "completed, and its activities undone since",
        (
            Status::Completed,
            Some(100.0),
            Some(PAST + 9),
            Some(PAST + 9),
        ),
        |m| {
            m.moodle.complete(m.ada, m.fire, PAST + 9)?;
            m.sql("update mdl_course_modules_completion set completionstate = 0")
        },
    ),
    (
        "completed with a failed activity",
        (
            Status::Completed,
            Some(100.0),
            Some(PAST + 9),
            Some(PAST + 5),
        ),
        |m| {
            touch(m, 0, 3)?;
            course_row(m, 0, Some(PAST + 9))
        },
    ),
    ("completed, then reset", OPEN, |m| {
        m.moodle.complete(m.ada, m.fire, PAST + 9)?;
        m.sql("delete from mdl_course_completions; delete from mdl_course_modules_completion")
    }),
    (
        "one of each state",
        (Status::InProgress, Some(50.0), None, Some(PAST + 5)),
        |m| (0..4).try_for_each(|place| touch(m, place, place as i64)),
    ),
    (
        "the earliest of several activities is the start",
        (Status::InProgress, Some(50.0), None, Some(PAST + 3)),
        |m| {
            touch(m, 0, 1)?;
            m.moodle.touch(m.ada, m.activities[1], 2, PAST + 3)
        },
    ),
    (
        "completed in a course without completion",
        (Status::Completed, None, Some(PAST + 9), None),
        |m| {
            course_row(m, 0, Some(PAST + 9))?;
            m.sql("update mdl_course set enablecompletion = 0")
        },
    ),
    (
        "an activity that counts lies in a kind switched off later",
        (Status::NotStarted, None, None, None),
        |m| {
            touch(m, 0, 1)?;
            m.sql("update mdl_modules set visible = 0")
        },
    ),
    (
        "started without any activity that counts",
        (Status::InProgress, None, None, Some(PAST + 2)),
        |m| {
            m.sql("update mdl_course_modules set completion = 0")?;
            course_row(m, PAST + 2, None)
        },
    ),
    ("somebody else's activities", OPEN, |m| {
        let eve = m.moodle.user("Eve", "Else")?;
        m.moodle.touch(eve, 1, 1, PAST)
    }),
    ("an activity of another course", OPEN, |m| {
        let other = m.moodle.course("Other")?;
        let activity = m.moodle.activity(other)?;
        m.moodle.touch(m.ada, activity, 1, PAST)
    }),
    (
        "two enrolments count activities once",
        (Status::InProgress, Some(25.0), None, Some(PAST + 5)),
        |m| {
            second_enrolment(m)?;
            touch(m, 0, 1)
        },
    ),
    (
        "completed as the demo does it",
        (
            Status::Completed,
            Some(100.0),
            Some(PAST + 9),
            Some(PAST + 9),
        ),
        |m| m.moodle.complete(m.ada, m.fire, PAST + 9),
    ),
];

#[test]
fn a_row_says_what_moodle_says() {
    for (case, expected, change) in WHAT_ROWS_SAY {
        let mut small = SmallMoodle::new();

        change(&mut small).unwrap();

        let row = derive(small.row());
        let said = (
            row.status,
            row.percentage,
            row.timecompleted,
            row.timestarted,
        );
        assert_eq!(said, *expected, "{case}");
    }
}

#[test]
fn the_enrolment_is_the_earliest_with_its_creation_where_no_start_is_set() {
    let cases: [(i64, i64, i64); 3] = [
        (PAST, PAST + 50, PAST),
        (0, PAST + 50, PAST + 50),
        (PAST + 90, PAST + 50, PAST + 60),
    ];
    for (start, created, expected) in cases {
        let mut small = SmallMoodle::new();

        let first =
            format!("update mdl_user_enrolments set timestart = {start}, timecreated = {created}");
        small.sql(&first).unwrap();
        if expected == PAST + 60 {
            second_enrolment(&mut small).unwrap();
            small
                .sql(&format!(
                    "update mdl_user_enrolments set timestart = {expected}, status = 1 where id = 2"
                ))
                .unwrap();
        }

        assert_eq!(
            small.row().enrolled_at,
            Some(expected),
            "start {start}, created {created}"
        );
    }
}
