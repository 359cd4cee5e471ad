//! Settings in words, with the names that Moodle gives to ids.

use super::settings_days::day_text;
use crate::language::Said;
use crate::moodle::{Lists, Shape};
use crate::settings::Field;

/// One setting before and after, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// Which.
    pub name: &'static str,
    /// How it is.
    pub before: Said,
    /// How it shall be.
    pub after: Said,
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
pub fn of(field: Field, shape: &Shape, lists: Option<&Lists>) -> Said {
    match field {
        Field::Learners => match &shape.learner_roles {
            None => Said::new("whoever appears in Moodle's completion reports"),
            Some(roles) => {
                Said::new("people with the role {roles}").saying("roles", role_names(roles, lists))
            }
        },
        Field::Suspended if shape.suspended_enrolments => Said::new("count"),
        Field::Suspended => Said::new("do not count"),
        Field::Enrolled => since(shape.enrolled_since),
        Field::Completed => since(shape.completed_since),
    }
}

fn since(moment: Option<i64>) -> Said {
    moment.map_or_else(
        || Said::new("whenever it was"),
        |at| Said::new("since {day} (UTC)").with("day", day_text(at)),
    )
}

/// Every setting of a shape, in the order of the form.
fn all(shape: &Shape, lists: Option<&Lists>) -> Vec<(&'static str, Said)> {
    vec![
        ("Learners", of(Field::Learners, shape, lists)),
        (
            "Suspended and ended enrolments",
            of(Field::Suspended, shape, lists),
        ),
        ("Enrolled", of(Field::Enrolled, shape, lists)),
        ("date|Completed", of(Field::Completed, shape, lists)),
        ("Departments", departments(shape, lists)),
        ("Courses switched off", courses(shape, lists)),
    ]
}

fn role_names(ids: &[i64], lists: Option<&Lists>) -> Said {
    let known = lists.and_then(|lists| lists.roles.as_ref().ok());
    let name = |id: &i64| {
        let found = known.and_then(|roles| roles.iter().find(|role| role.id == *id));
        named(id, found.map(|role| &role.name))
    };
    let either = |one, other| {
        Said::new("{one} or {other}")
            .saying("one", one)
            .saying("other", other)
    };
    let names = ids.iter().map(name).reduce(either);
    names.unwrap_or_else(|| Said::new("role|none"))
}

fn departments(shape: &Shape, lists: Option<&Lists>) -> Said {
    let Some(ids) = &shape.departments else {
        return Said::new("department|all");
    };
    let known = lists.and_then(|lists| lists.departments.as_ref().ok());
    let name = |id: &i64| {
        let found = known.and_then(|all| all.iter().find(|one| one.id == *id));
        named(id, found.map(|one| &one.name))
    };
    let names = ids.iter().map(name).reduce(and);
    let names = names.unwrap_or_else(|| Said::new("department|none"));
    Said::new("{departments} and below").saying("departments", names)
}

fn courses(shape: &Shape, lists: Option<&Lists>) -> Said {
    let name = |id: &crate::ids::CourseId| {
        let known = lists.and_then(|lists| lists.courses.iter().find(|course| course.id == *id));
        named(id, known.map(|course| &course.name))
    };
    let names = shape.courses_off.iter().map(name).reduce(and);
    names.unwrap_or_else(|| Said::new("course|none"))
}

/// The name that Moodle gives to an id, which is hostile text.
fn named(id: impl ToString, name: Option<&String>) -> Said {
    name.map_or_else(
        || Said::new("number {id}").with("id", id.to_string()),
        Said::as_it_is,
    )
}

fn and(one: Said, next: Said) -> Said {
    Said::new("{one}, {next}")
        .saying("one", one)
        .saying("next", next)
}
