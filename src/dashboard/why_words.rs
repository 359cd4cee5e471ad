//! The rules behind a row in words, and whether the store and Moodle agree.

use serde_json::{Map, Value};

use super::run_changes::{Field, fields};
use super::settings_days::day_text;
use crate::error::{Error, Result};
use crate::language::{Number, Said};
use crate::moodle::{
    Activity, CourseEvidence, EnrolmentStanding, Evidence, HeldRole, Place, RowState, Says, Setting,
};
use crate::progress::derive::flaw;
use crate::progress::{Content, Row, Status};

/// What the next sync would do to a row, as Moodle is now.
#[derive(Debug, Clone, PartialEq)]
pub enum Agreement {
    /// Nothing: the store has what Moodle has.
    Same,
    /// It adds the row, or brings it back.
    Add,
    /// It takes the row away, for this reason.
    Remove(RowState),
    /// It changes these fields.
    Change(Vec<Field>),
    /// It says otherwise why the row ended: before and after.
    State(RowState, RowState),
    /// It passes the row by, which cannot be read for this reason.
    Unreadable(&'static str),
}

/// Compares a stored row with what Moodle's facts come to now.
pub fn agreement(
    stored: Option<&Row>,
    live: Option<&Content>,
    state: RowState,
) -> Result<Agreement> {
    if let Some(flaw) = live.and_then(flaw) {
        return Ok(Agreement::Unreadable(flaw.0));
    }
    let active = stored.filter(|row| row.state == RowState::Active);
    let ended = stored.filter(|row| row.state != state && is_moodles(row.state));
    Ok(match (active, live) {
        (None, None) => ended.map_or(Agreement::Same, |row| Agreement::State(row.state, state)),
        (None, Some(_)) => Agreement::Add,
        (Some(_), None) => Agreement::Remove(state),
        (Some(row), Some(live)) if row.content == *live => Agreement::Same,
        (Some(row), Some(live)) => Agreement::Change(moved(&row.content, live)?),
    })
}

/// Whether syncs keep the reason up to date. What an undo or an erasure ended keeps its own.
fn is_moodles(state: RowState) -> bool {
    !matches!(state, RowState::Withdrawn | RowState::Erased)
}

fn moved(stored: &Content, live: &Content) -> Result<Vec<Field>> {
    let (mut before, mut after) = (object(stored)?, object(live)?);
    let same: Vec<String> = before
        .iter()
        .filter(|(name, value)| after.get(*name) == Some(value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in same {
        before.remove(&name);
        after.remove(&name);
    }
    Ok(fields(Some(&before), Some(&after)))
}

fn object(content: &Content) -> Result<Map<String, Value>> {
    let value = serde_json::to_value(content).map_err(|cause| Error::Machine(cause.into()))?;
    let fields = value.as_object().cloned();
    fields.ok_or_else(|| Error::Conflict("a row was not written as an object".into()))
}

/// The rule that gave a status.
pub fn status_rule(content: &Content) -> &'static str {
    match content.status {
        Status::Completed => {
            "Moodle has a completion time of the course, and nothing else decides."
        }
        Status::InProgress => {
            "The course has no completion time, but a first criterion is met, or an activity that counts has a state \
             other than “incomplete”."
        }
        Status::NotStarted => {
            "The course has no completion time, no criterion is met, and no activity that counts has a state other \
             than “incomplete”."
        }
    }
}

/// The rule that gave a percentage.
pub fn percentage_rule(content: &Content) -> &'static str {
    match (content.percentage, content.status) {
        (None, Status::Completed) => {
            "Completion tracking is off for the site or for the course, so Moodle has no percentage."
        }
        (None, _) => {
            "Completion tracking is off for the site or for the course, or no activity counts, so Moodle has no \
             percentage."
        }
        (Some(_), Status::Completed) => "A completed course is 100 %, whatever its activities say.",
        (Some(_), _) => {
            "Activities that are complete or passed, in a hundred of all that count: tracked, not being deleted, of a \
             kind that is switched on. Hidden ones count."
        }
    }
}

/// The rule that gave the time of a start.
pub fn started_rule(content: &Content) -> &'static str {
    match content.timestarted {
        None => "No criterion is met, and no activity that counts was touched.",
        Some(_) => {
            "When the first criterion was met; where Moodle has no such time, when the first activity that counts was \
             touched. An enrolment is no start."
        }
    }
}

/// Why a row is not in what clients see.
pub fn state_rule(state: &RowState) -> &'static str {
    match state {
        RowState::Active => "Every rule holds, so clients see the row.",
        RowState::Left => {
            "The person is not in the company any more, or has no active enrolment in the course, or no role there \
             that counts, or the course is not the company's any more."
        }
        RowState::Suspended => {
            "The person is suspended, on the site or in all departments of this company."
        }
        RowState::CourseHidden => "The course is hidden, or is not the company's any more.",
        RowState::Deleted => "The person's account is deleted.",
        RowState::Excluded => {
            "Moodle's own rules hold, but the company's settings leave the row out."
        }
        RowState::Withdrawn => "A sync added the row and an undo took it back.",
        RowState::Erased => "The person's data was erased here. No sync brings it back.",
    }
}

/// Whether an enrolment counts.
pub fn standing(standing: &EnrolmentStanding) -> &'static str {
    match standing {
        EnrolmentStanding::Active => "active",
        EnrolmentStanding::Suspended => "not active: it is suspended",
        EnrolmentStanding::MethodOff => "not active: its method is switched off in the course",
        EnrolmentStanding::NotBegun => "not active: it has not begun",
        EnrolmentStanding::Over => "not active: it is over",
    }
}

/// Where a role is held.
pub fn place(place: &Place) -> &'static str {
    match place {
        Place::Course => "in the course",
        Place::Category => "in a category above the course",
        Place::Site => "on the site",
        Place::Everybody => "on the site, as everybody does",
    }
}

/// What a role does.
pub fn says(role: &HeldRole) -> &'static str {
    match role.says {
        Says::Counts => "counts as a learner",
        Says::Nothing => "says nothing about learners",
        Says::Forbids => "forbids to count as a learner",
    }
}

/// Whether the roles together make a learner.
pub fn roles_verdict(evidence: &Evidence) -> &'static str {
    let Some(roles) = &evidence.roles else {
        return "The course is not the company's, so roles make nobody a learner of the company in it.";
    };
    let any = |says| roles.iter().any(|role| role.says == says);
    if evidence.is_admin {
        "A site administrator counts without any role."
    } else if any(Says::Forbids) {
        "A role forbids it, which no other role can undo: the person does not count as a learner."
    } else if any(Says::Counts) {
        "So the person counts as a learner."
    } else {
        "No role makes the person a learner here."
    }
}

/// Why a setting leaves a row out.
pub fn left_out(setting: &Setting) -> Said {
    match setting {
        Setting::Roles => {
            Said::new("Learners: the person holds none of the roles that are chosen.")
        }
        Setting::Departments => Said::new(
            "Departments: the person is in none of those that are chosen, or suspended there.",
        ),
        Setting::CourseOff => Said::new("Courses: this one is switched off."),
        Setting::EnrolledSince(at) => Said::new(
            "Enrolled: the earliest enrolment is before {day} (UTC), or nobody knows when it was.",
        )
        .with("day", day_text(*at)),
        Setting::CompletedSince(at) => {
            Said::new("Completed: the course was completed before {day} (UTC).")
                .with("day", day_text(*at))
        }
    }
}

/// Whether the course shows, and whose it is.
pub fn course(course: &CourseEvidence) -> Said {
    let seen = if course.visible {
        "visible"
    } else {
        "course|hidden"
    };
    let whose = match (course.given, course.open_shared) {
        (true, _) => "given to the company",
        (false, true) => "open to every company",
        (false, false) => "not the company's",
    };
    Said::new("Course: {seen}; {whose}.")
        .saying("seen", Said::new(seen))
        .saying("whose", Said::new(whose))
}

/// Whether completion is tracked.
pub fn tracking(evidence: &Evidence) -> &'static str {
    let course = evidence.course.as_ref().map(|course| course.completion_on);
    match (evidence.site_completion_on, course) {
        (true, None) => "Tracking is on for the site.",
        (false, None) => "Tracking is off for the site.",
        (true, Some(true)) => "Tracking is on for the site and on for the course.",
        (true, Some(false)) => "Tracking is on for the site and off for the course.",
        (false, Some(true)) => "Tracking is off for the site and on for the course.",
        (false, Some(false)) => "Tracking is off for the site and off for the course.",
    }
}

/// The state of an activity.
pub fn activity(activity: &Activity) -> &'static str {
    match activity.state {
        None | Some(0) => "incomplete",
        Some(1) => "complete",
        Some(2) => "complete, passed",
        Some(3) => "failed: not done",
        Some(_) => "unknown: not done",
    }
}

/// How many of the activities that count are done.
pub fn done(evidence: &Evidence) -> usize {
    let done = evidence.activities.iter();
    done.filter(|activity| activity.is_done()).count()
}

/// Moodle's own figure, and how it comes about.
pub fn figure(content: &Content, done: usize, count: usize) -> Said {
    match content.percentage {
        None => Said::new("no percentage"),
        Some(value) if content.status == Status::Completed => Said::figure(Number::Percent(value)),
        Some(value) => Said::new("{percent}: {done} of {activities}")
            .number("percent", Number::Percent(value))
            .number("done", done)
            .counted("activities", count as i64, "activity"),
    }
}
