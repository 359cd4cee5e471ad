//! The one derivation: from Moodle's facts to a row's status, percentage and times.

use super::{Content, Status};
use crate::moodle::Facts;

/// The last moment that a calendar of four-digit years can write: 9999-12-31 23:59:59 UTC.
const LAST_MOMENT: i64 = 253_402_300_799;

/// Why a row of Moodle cannot be read as one: a sentence without its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flaw(pub &'static str);

/// What keeps a row from being one, if anything does: a time outside of the calendar.
pub fn flaw(content: &Content) -> Option<Flaw> {
    let times = [
        (
            content.timecompleted,
            "its completion time is no time of the calendar",
        ),
        (content.timestarted, "its start is no time of the calendar"),
        (
            content.enrolled_at,
            "its enrolment time is no time of the calendar",
        ),
    ];
    let impossible = |time: Option<i64>| time.is_some_and(|at| !(0..=LAST_MOMENT).contains(&at));
    let found = times.into_iter().find(|(time, _)| impossible(*time));
    found.map(|(_, why)| Flaw(why))
}

/// What Moodle says about one user in one course.
///
/// Percentage is `core_completion\progress::get_course_progress_percentage`, unrounded.
pub fn derive(facts: Facts) -> Content {
    Content {
        status: status(&facts),
        percentage: percentage(&facts),
        timecompleted: facts.timecompleted,
        timestarted: started(&facts),
        enrolled_at: facts.enrolled_at,
        firstname: facts.firstname,
        lastname: facts.lastname,
        email: facts.email,
        username: facts.username,
        coursename: facts.coursename,
    }
}

fn status(facts: &Facts) -> Status {
    if facts.timecompleted.is_some() {
        Status::Completed
    } else if facts.touched > 0 || facts.timestarted.is_some() {
        Status::InProgress
    } else {
        Status::NotStarted
    }
}

fn percentage(facts: &Facts) -> Option<f64> {
    if !facts.completion_on {
        None
    } else if facts.timecompleted.is_some() {
        Some(100.0)
    } else if facts.counted == 0 {
        None
    } else {
        Some(100.0 * facts.done as f64 / facts.counted as f64)
    }
}

/// The first criterion met, else the first activity touched; an enrolment is no start.
fn started(facts: &Facts) -> Option<i64> {
    facts.timestarted.or(facts.first_touched_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CourseId, Key, UserId};

    fn facts() -> Facts {
        Facts {
            key: Key {
                user: UserId(1),
                course: CourseId(2),
            },
            firstname: "Ada".into(),
            lastname: "Byron".into(),
            email: "ada@example.com".into(),
            username: "ada".into(),
            coursename: "Fire safety".into(),
            completion_on: true,
            counted: 3,
            done: 0,
            touched: 0,
            first_touched_at: None,
            timecompleted: None,
            timestarted: None,
            enrolled_at: Some(100),
        }
    }

    #[test]
    fn an_untouched_course_is_not_started_at_zero_percent() {
        let row = derive(facts());
        assert_eq!(
            (row.status, row.percentage, row.timestarted),
            (Status::NotStarted, Some(0.0), None)
        );
    }

    #[test]
    fn all_activities_done_is_a_hundred_percent_but_not_completed() {
        let row = derive(Facts {
            done: 3,
            touched: 3,
            first_touched_at: Some(200),
            ..facts()
        });
        assert_eq!(
            (row.status, row.percentage),
            (Status::InProgress, Some(100.0))
        );
        assert_eq!((row.timecompleted, row.timestarted), (None, Some(200)));
    }

    #[test]
    fn a_failed_activity_starts_the_course_and_adds_nothing() {
        let row = derive(Facts {
            touched: 1,
            first_touched_at: Some(200),
            ..facts()
        });
        assert_eq!(
            (row.status, row.percentage),
            (Status::InProgress, Some(0.0))
        );
    }

    #[test]
    fn a_completed_course_is_a_hundred_percent_whatever_its_activities_say() {
        let row = derive(Facts {
            timecompleted: Some(0),
            ..facts()
        });
        assert_eq!(
            (row.status, row.percentage, row.timecompleted),
            (Status::Completed, Some(100.0), Some(0))
        );
    }

    #[test]
    fn without_completion_tracking_the_percentage_is_unknown_even_when_completed() {
        let row = derive(Facts {
            completion_on: false,
            timecompleted: Some(9),
            ..facts()
        });
        assert_eq!((row.status, row.percentage), (Status::Completed, None));
    }

    #[test]
    fn without_tracked_activities_the_percentage_is_unknown() {
        assert_eq!(
            derive(Facts {
                counted: 0,
                ..facts()
            })
            .percentage,
            None
        );
    }

    #[test]
    fn the_first_criterion_met_is_the_start_before_any_activity() {
        let row = derive(Facts {
            timestarted: Some(300),
            touched: 1,
            first_touched_at: Some(200),
            ..facts()
        });
        assert_eq!(row.timestarted, Some(300));
    }

    #[test]
    fn one_of_three_activities_is_kept_exact() {
        assert_eq!(
            derive(Facts {
                done: 1,
                touched: 1,
                ..facts()
            })
            .percentage,
            Some(100.0 / 3.0)
        );
    }

    #[test]
    fn a_time_beyond_the_calendar_is_a_flaw_and_its_first_and_last_moment_are_not() {
        let at = |timecompleted| {
            let facts = Facts {
                timecompleted: Some(timecompleted),
                ..facts()
            };
            flaw(&derive(facts)).is_none()
        };

        assert_eq!(
            [-1, 0, LAST_MOMENT, LAST_MOMENT + 1].map(at),
            [false, true, true, false]
        );
    }
}
