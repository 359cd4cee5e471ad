//! What typed settings come to, or what is wrong with them, field by field.

use super::settings_days::midnight;
use super::settings_form::Typed;
use crate::ids::CourseId;
use crate::moodle::Lists;
use crate::settings::{Learners, Overrides, Since};

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

    /// What is wrong, in the order of the form: the place of each field, its name, and why.
    pub fn wrongs(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let fields = [
            ("learners", "Who is a learner", self.learners),
            (
                "suspended",
                "Suspended and ended enrolments",
                self.suspended,
            ),
            ("enrolled", "Enrolled", self.enrolled),
            ("completed", "date|Completed", self.completed),
            ("departments", "Departments", self.departments),
        ];
        let told = fields.into_iter();
        told.filter_map(|(field, name, why)| Some((field, name, why?)))
            .collect()
    }
}

const CHOOSE: &str = "Choose one of these.";
const UNCHOSEN_ROLES: &str =
    "Roles are ticked, but not chosen. Choose “Whoever holds one of these roles”, or untick them.";
const UNCHOSEN_DEPARTMENTS: &str = "Departments are ticked, but not chosen. Choose “Only people of these departments”, or untick them.";
const UNCHOSEN_DAY: &str =
    "A day is given, but not chosen. Choose “Since this day”, or clear the day.";
const NO_SUCH_ROLE: &str = "Moodle has no such role. Untick what is not in Moodle any more.";
const NO_SUCH_DEPARTMENT: &str =
    "The company has no such department. Untick what is not in Moodle any more.";
const NO_DAY: &str = "Give a day from 1970 to 2199, such as 2026-01-31.";

impl Typed {
    /// The settings that were typed, or what is wrong with them.
    ///
    /// Something given without its choice is a mistake, unless it is what was saved: then the choice was given up.
    pub fn checked(&self, saved: &Overrides) -> Result<Overrides, Mistakes> {
        let saved = Self::of(saved, true);
        let mut mistakes = Mistakes::default();
        let learners = kept(self.learners(&saved.roles), &mut mistakes.learners);
        let suspended = kept(self.suspended(), &mut mistakes.suspended);
        let enrolled = kept(
            since(&self.enrolled, &saved.enrolled.1),
            &mut mistakes.enrolled,
        );
        let completed = kept(
            since(&self.completed, &saved.completed.1),
            &mut mistakes.completed,
        );
        let departments = kept(
            self.departments(&saved.department),
            &mut mistakes.departments,
        );
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

    /// Which chosen ids Moodle does not have, as mistakes. What was saved stays allowed, and so does everything where
    /// Moodle tells nothing.
    pub fn unknown(&self, saved: &Overrides, lists: &Lists) -> Mistakes {
        let saved = Self::of(saved, true);
        let roles = lists.roles.iter().flatten().map(|role| role.id);
        let departments = lists.departments.iter().flatten().map(|one| one.id);
        let roles: Vec<i64> = roles.chain(saved.roles).collect();
        let departments: Vec<i64> = departments.chain(saved.department).collect();
        let has_unknown =
            |chosen: &[i64], known: &[i64]| chosen.iter().any(|id| !known.contains(id));
        let no_role = lists.roles.is_ok() && has_unknown(&self.roles, &roles);
        let no_department =
            lists.departments.is_ok() && has_unknown(&self.department, &departments);
        Mistakes {
            learners: no_role.then_some(NO_SUCH_ROLE),
            departments: no_department.then_some(NO_SUCH_DEPARTMENT),
            ..Mistakes::default()
        }
    }

    fn learners(&self, saved: &[i64]) -> Result<Option<Learners>, &'static str> {
        match self.learners.as_str() {
            "inherit" | "moodle" if is_new(&self.roles, saved) => Err(UNCHOSEN_ROLES),
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

    fn departments(&self, saved: &[i64]) -> Result<Option<Vec<i64>>, &'static str> {
        match self.departments.as_str() {
            "" | "all" if is_new(&self.department, saved) => Err(UNCHOSEN_DEPARTMENTS),
            "" | "all" => Ok(None),
            "some" if self.department.is_empty() => Err("Choose at least one department."),
            "some" => Ok(Some(sorted(&self.department))),
            _ => Err(CHOOSE),
        }
    }
}

/// Whether anything is ticked, other than what was saved.
fn is_new(ticked: &[i64], saved: &[i64]) -> bool {
    !ticked.is_empty() && sorted(ticked) != sorted(saved)
}

fn since((choice, day): &(String, String), saved: &str) -> Result<Option<Since>, &'static str> {
    let is_new = !day.trim().is_empty() && day != saved;
    match choice.as_str() {
        "inherit" | "ever" if is_new => Err(UNCHOSEN_DAY),
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

fn sorted(ids: &[i64]) -> Vec<i64> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

#[cfg(test)]
mod tests {
    use super::super::settings_form::Pairs;
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
        assert_eq!(form.checked(&Overrides::default()), Ok(settings));
        assert_eq!(
            typed(&FOLLOWING).checked(&Overrides::default()),
            Ok(Overrides::default())
        );
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

        let settings = typed(&fields).checked(&Overrides::default()).unwrap();

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

        let mistakes = wrong.checked(&Overrides::default()).unwrap_err();

        assert_eq!(mistakes.learners, Some("Choose at least one role."));
        assert_eq!(mistakes.suspended, Some(CHOOSE));
        assert_eq!(mistakes.enrolled, Some(NO_DAY));
        assert_eq!(mistakes.completed, Some(NO_DAY));
        assert_eq!(
            mistakes.departments,
            Some("Choose at least one department.")
        );
    }

    #[test]
    fn what_is_given_without_its_choice_is_a_mistake_unless_it_was_saved() {
        let saved = Overrides {
            learners: Some(Learners::Roles(vec![4])),
            enrolled: Some(Since::Moment(1_767_225_600)),
            departments: Some(vec![9]),
            ..Overrides::default()
        };
        let given_up = [
            ("role", "4"),
            ("enrolled_day", "2026-01-01"),
            ("department", "9"),
        ];
        let fields: Vec<_> = FOLLOWING.into_iter().chain(given_up).collect();

        let mistakes = typed(&fields).checked(&Overrides::default()).unwrap_err();

        assert_eq!(mistakes.learners, Some(UNCHOSEN_ROLES));
        assert_eq!(mistakes.enrolled, Some(UNCHOSEN_DAY));
        assert_eq!(mistakes.departments, Some(UNCHOSEN_DEPARTMENTS));
        assert_eq!(typed(&fields).checked(&saved), Ok(Overrides::default()));
    }
}
