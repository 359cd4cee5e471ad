//! Which of a company's settings leave a row out that Moodle's own rules have.

use super::snapshot::Snapshot;
use super::{RowState, Shape, evidence};
use crate::error::Result;
use crate::ids::{CompanyId, Key};

/// A setting that can leave a row out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Only holders of chosen roles are learners.
    Roles,
    /// Only members of chosen departments count.
    Departments,
    /// The course is switched off.
    CourseOff,
    /// Only enrolments since this moment count, in UTC seconds.
    EnrolledSince(i64),
    /// Only completions since this moment count, in UTC seconds.
    CompletedSince(i64),
}

/// The settings that leave a row out, each for itself. Each reads the company once more.
pub fn leaving_out(
    snapshot: &mut Snapshot,
    company: CompanyId,
    shape: &Shape,
    key: Key,
) -> Result<Vec<Setting>> {
    let mut found = Vec::new();
    for (setting, alone) in one_by_one(shape) {
        if evidence::state(snapshot, company, &alone, key)? != RowState::Active {
            found.push(setting);
        }
    }
    Ok(found)
}

/// A shape that says of roles what this one does, and leaves out nothing else.
pub fn roles_only(shape: &Shape) -> Shape {
    Shape {
        learner_roles: shape.learner_roles.clone(),
        ..Shape::default()
    }
}

/// A shape taken apart: every setting that leaves rows out, with whatever adds enrolments.
fn one_by_one(shape: &Shape) -> Vec<(Setting, Shape)> {
    let base = Shape {
        suspended_enrolments: shape.suspended_enrolments,
        ..Shape::default()
    };
    let mut parts = Vec::new();
    if let Some(roles) = &shape.learner_roles {
        let learner_roles = Some(roles.clone());
        parts.push((
            Setting::Roles,
            Shape {
                learner_roles,
                ..base.clone()
            },
        ));
    }
    if let Some(chosen) = &shape.departments {
        let departments = Some(chosen.clone());
        parts.push((
            Setting::Departments,
            Shape {
                departments,
                ..base.clone()
            },
        ));
    }
    if !shape.courses_off.is_empty() {
        let courses_off = shape.courses_off.clone();
        parts.push((
            Setting::CourseOff,
            Shape {
                courses_off,
                ..base.clone()
            },
        ));
    }
    if let Some(at) = shape.enrolled_since {
        let enrolled_since = Some(at);
        parts.push((
            Setting::EnrolledSince(at),
            Shape {
                enrolled_since,
                ..base.clone()
            },
        ));
    }
    if let Some(at) = shape.completed_since {
        let completed_since = Some(at);
        parts.push((
            Setting::CompletedSince(at),
            Shape {
                completed_since,
                ..base
            },
        ));
    }
    parts
}
