//! The fields of the settings forms, as they were typed, and what they come to.

use super::PageError;
use super::settings_days::day_text;
use crate::language::Said;
use crate::settings::{Learners, Overrides, Since};

/// A form as it was sent: names repeat, one per ticked box.
pub type Pairs = Vec<(String, String)>;

/// The fields as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// What the form was made of, see [`basis`](crate::sync::settings::basis); empty where it was not said.
    pub basis: String,
    /// `inherit`, `moodle` or `roles`.
    pub learners: String,
    /// The ticked roles.
    pub roles: Vec<i64>,
    /// `inherit`, `no` or `yes`.
    pub suspended: String,
    /// `inherit`, `ever` or `since`, and the day.
    pub enrolled: (String, String),
    /// Likewise.
    pub completed: (String, String),
    /// `all` or `some`.
    pub departments: String,
    /// The ticked departments.
    pub department: Vec<i64>,
    /// The courses that the form showed.
    pub listed: Vec<i64>,
    /// Those of them that were ticked.
    pub courses: Vec<i64>,
    /// Part of the names of the courses to show; the others keep their ticks.
    pub find: String,
    /// What was found when the form was made.
    pub found: String,
    /// `all` or `none` of the courses that show, `find`, or empty: the button that was pressed.
    pub select: String,
}

impl Typed {
    /// Reads a form. Fails for an id that is no number, which no browser sends.
    pub fn read(pairs: &[(String, String)]) -> Result<Self, PageError> {
        let text = |name: &str| {
            let found = pairs.iter().find(|(field, _)| field == name);
            found.map_or(String::new(), |(_, value)| value.clone())
        };
        let ids = |name: &str| ids(pairs, name);
        Ok(Self {
            basis: text("basis"),
            learners: text("learners"),
            roles: ids("role")?,
            suspended: text("suspended"),
            enrolled: (text("enrolled"), text("enrolled_day")),
            completed: (text("completed"), text("completed_day")),
            departments: text("departments"),
            department: ids("department")?,
            listed: ids("listed")?,
            courses: ids("course")?,
            find: text("find").trim().to_owned(),
            found: text("found"),
            select: text("select"),
        })
    }

    /// Settings as the form shows them. The defaults follow nothing, so they say everything themselves.
    pub fn of(own: &Overrides, follows: bool) -> Self {
        let unsaid = |otherwise: &str| if follows { "inherit" } else { otherwise }.to_owned();
        let since = |since: Option<Since>| match since {
            None => (unsaid("ever"), String::new()),
            Some(Since::Ever) => ("ever".into(), String::new()),
            Some(Since::Moment(moment)) => ("since".into(), day_text(moment)),
        };
        let (learners, roles) = match &own.learners {
            None => (unsaid("moodle"), Vec::new()),
            Some(Learners::MoodlesRule) => ("moodle".into(), Vec::new()),
            Some(Learners::Roles(roles)) => ("roles".into(), roles.clone()),
        };
        Self {
            learners,
            roles,
            suspended: match own.suspended_enrolments {
                None => unsaid("no"),
                Some(count) => if count { "yes" } else { "no" }.into(),
            },
            enrolled: since(own.enrolled),
            completed: since(own.completed),
            departments: own.departments.as_ref().map_or("all", |_| "some").into(),
            department: own.departments.clone().unwrap_or_default(),
            listed: own.courses_off.iter().map(|course| course.0).collect(),
            courses: Vec::new(),
            ..Self::default()
        }
    }

    /// Whether a button asks for other ticks or other courses, or something was typed to find and not found yet.
    pub fn asks_for_courses(&self) -> bool {
        !self.select.is_empty() || self.find != self.found
    }

    /// The fields as they were sent, so that a page between can send them on.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("learners", self.learners.clone()),
            ("suspended", self.suspended.clone()),
            ("enrolled", self.enrolled.0.clone()),
            ("enrolled_day", self.enrolled.1.clone()),
            ("completed", self.completed.0.clone()),
            ("completed_day", self.completed.1.clone()),
        ];
        pairs.extend(self.roles.iter().map(|role| ("role", role.to_string())));
        pairs.push(("basis", self.basis.clone()));
        pairs
    }
}

fn ids(pairs: &[(String, String)], name: &str) -> Result<Vec<i64>, PageError> {
    let named = pairs.iter().filter(|(field, _)| field == name);
    let parsed = named.map(|(_, value)| {
        let wrong = |_| {
            PageError::BadRequest(
                Said::new("{field} cannot be “{text}”")
                    .with("field", name)
                    .with("text", value),
            )
        };
        value.parse().map_err(wrong)
    });
    parsed.collect()
}
