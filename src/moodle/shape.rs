//! What a company's settings make of Moodle's rows: which of them count.

use serde::{Deserialize, Serialize};

use crate::ids::CourseId;

/// Which rows count, beyond Moodle's own rules. The default leaves out nothing and adds nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shape {
    /// Ids of the roles that make a learner. `None`: whoever appears in Moodle's completion reports.
    pub learner_roles: Option<Vec<i64>>,
    /// Courses that are switched off, ascending.
    pub courses_off: Vec<CourseId>,
    /// Whether people with a suspended or ended enrolment count as well.
    pub suspended_enrolments: bool,
    /// Only members of these departments and of those below them. `None`: everybody.
    pub departments: Option<Vec<i64>>,
    /// Only enrolments since this moment, in UTC seconds.
    pub enrolled_since: Option<i64>,
    /// Completed rows only where they were completed since this moment, in UTC seconds; others stay.
    pub completed_since: Option<i64>,
}

impl Shape {
    /// Whether it can leave out a row that Moodle's own rules have.
    pub fn leaves_out(&self) -> bool {
        let restrictions = Self {
            suspended_enrolments: false,
            ..self.clone()
        };
        restrictions != Self::default()
    }

    /// Whether a row of this earliest enrolment counts. One whose time nobody knows is not since any moment.
    pub(super) fn keeps_enrolled(&self, enrolled_at: Option<i64>) -> bool {
        let since = self.enrolled_since;
        since.is_none_or(|since| enrolled_at.is_some_and(|at| at >= since))
    }

    /// Whether a row of this completion counts; what is not completed does.
    pub(super) fn keeps_completed(&self, completed_at: Option<i64>) -> bool {
        let since = self.completed_since;
        since.is_none_or(|since| completed_at.is_none_or(|at| at >= since))
    }
}
