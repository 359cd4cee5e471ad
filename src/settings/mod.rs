//! Settings that admins change while the server runs: what shapes a company's rows.

pub mod delivery;
pub mod keeping;
pub mod site;
pub mod store;

use serde::{Deserialize, Serialize};

use crate::ids::{CompanyId, CourseId};
use crate::moodle::Shape;

/// The company that stands for the defaults of all.
pub const DEFAULTS: CompanyId = CompanyId(0);

/// What a company, or the defaults, say themselves; what is `None` follows the level above.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overrides {
    /// Who is a learner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learners: Option<Learners>,
    /// Whether suspended and ended enrolments count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended_enrolments: Option<bool>,
    /// Since when people must be enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrolled: Option<Since>,
    /// Since when completed rows must be completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed: Option<Since>,
    /// Departments to keep to. A company's own business: the defaults have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub departments: Option<Vec<i64>>,
    /// Courses that are switched off, ascending. A company's own business too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub courses_off: Vec<CourseId>,
}

/// Who is a learner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learners {
    /// Whoever appears in Moodle's completion reports.
    MoodlesRule,
    /// Whoever holds one of these roles in the course or above it, ascending.
    Roles(Vec<i64>),
}

/// From which moment on something counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// Whenever it was.
    Ever,
    /// From this moment on, in UTC seconds.
    Moment(i64),
}

impl Since {
    fn moment(self) -> Option<i64> {
        match self {
            Self::Ever => None,
            Self::Moment(moment) => Some(moment),
        }
    }
}

crate::words! {
    /// A setting that a company has of its own or follows the defaults in.
    Field {
        /// Who is a learner.
        Learners = "learners",
        /// Whether suspended and ended enrolments count.
        Suspended = "suspended",
        /// Since when people must be enrolled.
        Enrolled = "enrolled",
        /// Since when completed rows must be completed.
        Completed = "completed",
    }
}

impl Overrides {
    /// What they make of a shape where they say nothing.
    pub fn applied_to(&self, base: Shape) -> Shape {
        Shape {
            learner_roles: match &self.learners {
                None => base.learner_roles,
                Some(Learners::MoodlesRule) => None,
                Some(Learners::Roles(roles)) => Some(roles.clone()),
            },
            suspended_enrolments: self
                .suspended_enrolments
                .unwrap_or(base.suspended_enrolments),
            enrolled_since: self.enrolled.map_or(base.enrolled_since, Since::moment),
            completed_since: self.completed.map_or(base.completed_since, Since::moment),
            departments: self.departments.clone().or(base.departments),
            courses_off: match self.courses_off.as_slice() {
                [] => base.courses_off,
                off => off.to_vec(),
            },
        }
    }

    /// The same as defaults: they say nothing where they would say what holds anyway.
    pub fn as_defaults(self) -> Self {
        Self {
            learners: self.learners.filter(|said| *said != Learners::MoodlesRule),
            suspended_enrolments: self.suspended_enrolments.filter(|said| *said),
            enrolled: self.enrolled.filter(|said| *said != Since::Ever),
            completed: self.completed.filter(|said| *said != Since::Ever),
            departments: None,
            courses_off: Vec::new(),
        }
    }

    /// The fields that do not follow the level above.
    pub fn own(&self) -> Vec<Field> {
        let said = [
            (Field::Learners, self.learners.is_some()),
            (Field::Suspended, self.suspended_enrolments.is_some()),
            (Field::Enrolled, self.enrolled.is_some()),
            (Field::Completed, self.completed.is_some()),
        ];
        let own = said.into_iter().filter(|(_, own)| *own);
        own.map(|(field, _)| field).collect()
    }

    /// The settings of a company that come to this shape, where these fields are its own.
    pub fn of(shape: &Shape, own: &[Field]) -> Self {
        let since = |moment: Option<i64>| moment.map_or(Since::Ever, Since::Moment);
        let is_own = |field| own.contains(&field);
        Self {
            learners: is_own(Field::Learners).then(|| match &shape.learner_roles {
                None => Learners::MoodlesRule,
                Some(roles) => Learners::Roles(roles.clone()),
            }),
            suspended_enrolments: is_own(Field::Suspended).then_some(shape.suspended_enrolments),
            enrolled: is_own(Field::Enrolled).then(|| since(shape.enrolled_since)),
            completed: is_own(Field::Completed).then(|| since(shape.completed_since)),
            departments: shape.departments.clone(),
            courses_off: shape.courses_off.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_company_does_not_say_follows_the_defaults() {
        let defaults = Overrides {
            learners: Some(Learners::Roles(vec![5])),
            enrolled: Some(Since::Moment(7)),
            ..Overrides::default()
        };
        let own = Overrides {
            learners: Some(Learners::MoodlesRule),
            courses_off: vec![CourseId(3)],
            ..Overrides::default()
        };

        let shape = own.applied_to(defaults.applied_to(Shape::default()));

        assert_eq!(shape.learner_roles, None);
        assert_eq!(shape.enrolled_since, Some(7));
        assert_eq!(shape.courses_off, [CourseId(3)]);
        assert_eq!(Overrides::of(&shape, &own.own()), own);
    }

    #[test]
    fn what_is_stored_is_read_again_and_nothing_unknown_is() {
        let text = r#"{"learners":{"roles":[5]},"enrolled":"ever","courses_off":[3]}"#;

        let read: Overrides = serde_json::from_str(text).unwrap();

        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert!(serde_json::from_str::<Overrides>(r#"{"learner":"moodles_rule"}"#).is_err());
    }
}
