//! Settings in words, with the names that Moodle gives to ids.

use super::settings_days::day_text;
use crate::moodle::{Lists, Shape};
use crate::settings::Field;

/// One setting before and after, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Which.
    pub name: &'static str,
    /// How it is.
    pub before: String,
    /// How it shall be.
    pub after: String,
}

/// What one shape says otherwise than another.
pub fn moved(before: &Shape, after: &Shape, lists: Option<&Lists>) -> Vec<Moved> {
    let (before, after) = (all(before, lists), all(after, lists));
    let pairs = before.into_iter().zip(after);
    let moved = pairs.filter(|((_, before), (_, after))| before != after);
    moved
        .map(|((name, before), (_, after))| Moved {
            name,
            before,
            after,
        })
        .collect()
}

/// What the defaults say in one field.
pub fn of(field: Field, shape: &Shape, lists: Option<&Lists>) -> String {
    let since = |moment: Option<i64>| {
        moment.map_or("whenever it was".into(), |at| {
            format!("since {} (UTC)", day_text(at))
        })
    };
    match field {
        Field::Learners => match &shape.learner_roles {
            None => "whoever appears in Moodle's completion reports".into(),
            Some(roles) => format!("people with the role {}", role_names(roles, lists)),
        },
        Field::Suspended if shape.suspended_enrolments => "count".into(),
        Field::Suspended => "do not count".into(),
        Field::Enrolled => since(shape.enrolled_since),
        Field::Completed => since(shape.completed_since),
    }
}

/// Every setting of a shape, in the order of the form.
fn all(shape: &Shape, lists: Option<&Lists>) -> Vec<(&'static str, String)> {
    vec![
        ("Learners", of(Field::Learners, shape, lists)),
        (
            "Suspended and ended enrolments",
            of(Field::Suspended, shape, lists),
        ),
        ("Enrolled", of(Field::Enrolled, shape, lists)),
        ("Completed", of(Field::Completed, shape, lists)),
        ("Departments", departments(shape, lists)),
        ("Courses switched off", courses(shape, lists)),
    ]
}

fn role_names(ids: &[i64], lists: Option<&Lists>) -> String {
    let known = lists.and_then(|lists| lists.roles.as_ref().ok());
    let name = |id: &i64| {
        let found = known.and_then(|roles| roles.iter().find(|role| role.id == *id));
        found.map_or_else(|| format!("number {id}"), |role| role.name.clone())
    };
    let names: Vec<String> = ids.iter().map(name).collect();
    names.join(" or ")
}

fn departments(shape: &Shape, lists: Option<&Lists>) -> String {
    let Some(ids) = &shape.departments else {
        return "all".into();
    };
    let known = lists.and_then(|lists| lists.departments.as_ref().ok());
    let name = |id: &i64| {
        let found = known.and_then(|all| all.iter().find(|one| one.id == *id));
        found.map_or_else(|| format!("number {id}"), |one| one.name.clone())
    };
    let names: Vec<String> = ids.iter().map(name).collect();
    format!("{} and below", names.join(", "))
}

fn courses(shape: &Shape, lists: Option<&Lists>) -> String {
    let off = &shape.courses_off;
    let name = |id: &crate::ids::CourseId| {
        let known = lists.and_then(|lists| lists.courses.iter().find(|course| course.id == *id));
        known.map_or_else(|| format!("number {id}"), |course| course.name.clone())
    };
    match off.len() {
        0 => "none".into(),
        _ => off.iter().map(name).collect::<Vec<_>>().join(", "),
    }
}
