//! The fields of the settings forms, as they were typed, and what they come to.

use super::PageError;
use super::settings_days::{day_text, midnight};
use crate::ids::CourseId;
use crate::settings::{Learners, Overrides, Since};

/// A form as it was sent: names repeat, one per ticked box.
pub type Pairs = Vec<(String, String)>;

/// The fields as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
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
}

/// What is wrong with each field, as a sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mistakes {
    /// Who is a learner.
    pub learners: Option<&'static str>,
    /// Whether suspended enrolments count.
    pub suspended: Option<&'static str>,
    /// Enrolled since.
    pub enrolled: Option<&'static str>,
    /// Completed since.
    pub completed: Option<&'static str>,
    /// Departments.
    pub departments: Option<&'static str>,
}

impl Mistakes {
    /// Whether there is any.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

const CHOOSE: &str = "Choose one of these.";
const NO_DAY: &str = "Give a day from 1970 to 2199, such as 2026-01-31.";

impl Typed {
    /// Reads a form. Fails for an id that is no number, which no browser sends.
    pub fn read(pairs: &[(String, String)]) -> Result<Self, PageError> {
        let text = |name: &str| {
            let found = pairs.iter().find(|(field, _)| field == name);
            found.map_or(String::new(), |(_, value)| value.clone())
        };
        let ids = |name: &str| ids(pairs, name);
        Ok(Self {
            learners: text("learners"),
            roles: ids("role")?,
            suspended: text("suspended"),
            enrolled: (text("enrolled"), text("enrolled_day")),
            completed: (text("completed"), text("completed_day")),
            departments: text("departments"),
            department: ids("department")?,
            listed: ids("listed")?,
            courses: ids("course")?,
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
        }
    }

    /// The settings that were typed, or what is wrong with them.
    pub fn checked(&self) -> Result<Overrides, Mistakes> {
        let mut mistakes = Mistakes::default();
        let learners = kept(self.learners(), &mut mistakes.learners);
        let suspended = kept(self.suspended(), &mut mistakes.suspended);
        let enrolled = kept(since(&self.enrolled), &mut mistakes.enrolled);
        let completed = kept(since(&self.completed), &mut mistakes.completed);
        let departments = kept(self.departments(), &mut mistakes.departments);
        if mistakes.any() {
            return Err(mistakes);
        }
        let off = |course: &&i64| !self.courses.contains(course);
        let mut off: Vec<i64> = self.listed.iter().filter(off).copied().collect();
        off.sort_unstable();
        off.dedup();
        Ok(Overrides {
            learners,
            suspended_enrolments: suspended,
            enrolled,
            completed,
            departments,
            courses_off: off.into_iter().map(CourseId).collect(),
        })
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
        pairs
    }

    fn learners(&self) -> Result<Option<Learners>, &'static str> {
        match self.learners.as_str() {
            "inherit" => Ok(None),
            "moodle" => Ok(Some(Learners::MoodlesRule)),
            "roles" if self.roles.is_empty() => Err("Choose at least one role."),
            "roles" => Ok(Some(Learners::Roles(sorted(&self.roles)))),
            _ => Err(CHOOSE),
        }
    }

    fn suspended(&self) -> Result<Option<bool>, &'static str> {
        match self.suspended.as_str() {
            "inherit" => Ok(None),
            "no" => Ok(Some(false)),
            "yes" => Ok(Some(true)),
            _ => Err(CHOOSE),
        }
    }

    fn departments(&self) -> Result<Option<Vec<i64>>, &'static str> {
        match self.departments.as_str() {
            "" | "all" => Ok(None),
            "some" if self.department.is_empty() => Err("Choose at least one department."),
            "some" => Ok(Some(sorted(&self.department))),
            _ => Err(CHOOSE),
        }
    }
}

fn since((choice, day): &(String, String)) -> Result<Option<Since>, &'static str> {
    match choice.as_str() {
        "inherit" => Ok(None),
        "ever" => Ok(Some(Since::Ever)),
        "since" => Ok(Some(Since::Moment(midnight(day).ok_or(NO_DAY)?))),
        _ => Err(CHOOSE),
    }
}

fn kept<T>(
    checked: Result<Option<T>, &'static str>,
    mistake: &mut Option<&'static str>,
) -> Option<T> {
    checked.unwrap_or_else(|why| {
        *mistake = Some(why);
        None
    })
}

fn ids(pairs: &[(String, String)], name: &str) -> Result<Vec<i64>, PageError> {
    let named = pairs.iter().filter(|(field, _)| field == name);
    let parsed = named.map(|(_, value)| {
        let wrong = |_| PageError::BadRequest(format!("{name} cannot be “{value}”"));
        value.parse().map_err(wrong)
    });
    parsed.collect()
}

fn sorted(ids: &[i64]) -> Vec<i64> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(fields: &[(&str, &str)]) -> Typed {
        let own = |(name, value): &(&str, &str)| ((*name).into(), (*value).into());
        let pairs: Pairs = fields.iter().map(own).collect();
        Typed::read(&pairs).unwrap()
    }

    const FOLLOWING: [(&str, &str); 5] = [
        ("learners", "inherit"),
        ("suspended", "inherit"),
        ("enrolled", "inherit"),
        ("completed", "inherit"),
        ("departments", "all"),
    ];

    #[test]
    fn a_form_and_its_settings_say_the_same() {
        let settings = Overrides {
            learners: Some(Learners::Roles(vec![4, 5])),
            suspended_enrolments: Some(true),
            enrolled: Some(Since::Moment(1_767_225_600)),
            completed: Some(Since::Ever),
            departments: Some(vec![9]),
            courses_off: vec![CourseId(3)],
        };

        let form = Typed::of(&settings, true);

        assert_eq!(form.enrolled, ("since".into(), "2026-01-01".into()));
        assert_eq!(form.checked(), Ok(settings));
        assert_eq!(typed(&FOLLOWING).checked(), Ok(Overrides::default()));
    }

    #[test]
    fn courses_that_were_shown_and_not_ticked_are_off() {
        let shown = [
            ("listed", "7"),
            ("listed", "3"),
            ("listed", "5"),
            ("course", "5"),
        ];
        let fields: Vec<_> = FOLLOWING.into_iter().chain(shown).collect();

        let settings = typed(&fields).checked().unwrap();

        assert_eq!(settings.courses_off, [CourseId(3), CourseId(7)]);
    }

    #[test]
    fn every_mistake_is_told_at_its_field() {
        let wrong = typed(&[
            ("learners", "roles"),
            ("enrolled", "since"),
            ("enrolled_day", "31.1.2026"),
            ("completed", "since"),
            ("completed_day", "1969-12-31"),
            ("departments", "some"),
        ]);

        let mistakes = wrong.checked().unwrap_err();

        assert_eq!(mistakes.learners, Some("Choose at least one role."));
        assert_eq!(mistakes.suspended, Some(CHOOSE));
        assert_eq!(mistakes.enrolled, Some(NO_DAY));
        assert_eq!(mistakes.completed, Some(NO_DAY));
        assert_eq!(
            mistakes.departments,
            Some("Choose at least one department.")
        );
    }
}
