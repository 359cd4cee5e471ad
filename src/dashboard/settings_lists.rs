//! What the settings forms offer to tick: roles, departments and courses, with their names where Moodle tells them.

use super::settings_checked::Mistakes;
use super::settings_form::Typed;
use crate::app::App;
use crate::db::off_thread;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, CourseId};
use crate::language::Said;
use crate::moodle::{CompanyCourse, Department, Lists, Role};
use crate::settings::Overrides;

/// One box.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// What the form sends.
    pub id: i64,
    /// Hostile text, or its number where Moodle gives it no name.
    pub label: Said,
    /// What else to know of it, or empty.
    pub note: &'static str,
    /// How deep it lies below the top, at most 5.
    pub depth: usize,
    /// Whether it is ticked.
    pub ticked: bool,
    /// Whether it shows; one that does not keeps its tick.
    pub shown: bool,
}

/// All boxes of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticks {
    /// Why Moodle tells nothing, if so: then only what is chosen already is listed.
    pub away: Option<Said>,
    /// Roles.
    pub roles: Vec<Tick>,
    /// Why roles have no names.
    pub roles_unread: Option<Said>,
    /// Departments, each below its parent.
    pub departments: Vec<Tick>,
    /// Why departments have no names.
    pub departments_unread: Option<Said>,
    /// Courses.
    pub courses: Vec<Tick>,
}

/// What Moodle offers now, or why it does not tell.
pub async fn offered(
    app: &App,
    company: Option<CompanyId>,
) -> Result<std::result::Result<Lists, Error>> {
    let moodle = app.moodle.clone();
    let read = off_thread(move || {
        let moodle = moodle.ok_or(Error::MoodleNotConfigured)?;
        moodle.answer(|snapshot| snapshot.lists(company))
    });
    match read.await {
        Ok(lists) => Ok(Ok(lists)),
        Err(
            error @ (Error::MoodleUnavailable(_)
            | Error::MoodleUnreadable(_)
            | Error::MoodleNotConfigured),
        ) => Ok(Err(error)),
        Err(error) => Err(error),
    }
}

/// The settings that were typed, or what is wrong with them; what is newly ticked must be in Moodle, where it tells.
pub async fn checked(
    app: &App,
    company: Option<CompanyId>,
    typed: &Typed,
    saved: &Overrides,
) -> Result<std::result::Result<Overrides, Mistakes>> {
    let settings = match typed.checked(saved) {
        Ok(settings) => settings,
        mistaken => return Ok(mistaken),
    };
    if typed.roles.is_empty() && typed.department.is_empty() {
        return Ok(Ok(settings));
    }
    let Ok(lists) = offered(app, company).await? else {
        return Ok(Ok(settings));
    };
    let unknown = typed.unknown(saved, &lists);
    Ok(if unknown.any() {
        Err(unknown)
    } else {
        Ok(settings)
    })
}

/// The boxes of a form. `known` are courses the store knows, for when Moodle does not answer.
pub fn ticks(
    typed: &Typed,
    offered: std::result::Result<Lists, Said>,
    known: Vec<(CourseId, String)>,
) -> Ticks {
    let (away, lists) = match offered {
        Ok(lists) => (None, lists),
        Err(why) => (Some(why), unread()),
    };
    let (departments, departments_unread) = parted(lists.departments);
    let (roles, roles_unread) = parted(lists.roles);
    let is_away = away.is_some();
    let lost = |ticks, chosen: &[i64], numbered, unread: bool| {
        let numbered = Said::new(numbered);
        ticked(
            with_lost(ticks, chosen, numbered, is_away || unread),
            chosen,
        )
    };
    let roles = roles.into_iter().map(role).collect();
    let departments = tree(&departments);
    Ticks {
        roles: lost(roles, &typed.roles, "Role {id}", roles_unread.is_some()),
        departments: lost(
            departments,
            &typed.department,
            "Department {id}",
            departments_unread.is_some(),
        ),
        courses: courses(typed, lists.courses, is_away.then_some(known)),
        roles_unread,
        departments_unread,
        away,
    }
}

/// The boxes of courses; of those that are `known` where Moodle does not answer.
fn courses(
    typed: &Typed,
    offered: Vec<CompanyCourse>,
    known: Option<Vec<(CourseId, String)>>,
) -> Vec<Tick> {
    let is_away = known.is_some();
    let kept = known.unwrap_or_default().into_iter();
    let kept = kept.map(|(id, name)| tick(id.0, Said::as_it_is(name), ""));
    let all = offered.into_iter().map(course).chain(kept).collect();
    let mut courses = with_lost(all, &typed.listed, Said::new("Course {id}"), is_away);
    for course in &mut courses {
        let is_off = typed.listed.contains(&course.id) && !typed.courses.contains(&course.id);
        course.ticked = !is_off;
    }
    find(&mut courses, typed);
    courses
}

fn role(role: Role) -> Tick {
    let label = match role.shortname {
        short if short == role.name => short,
        short => format!("{} ({short})", role.name),
    };
    tick(role.id, Said::as_it_is(label), "")
}

fn course(course: CompanyCourse) -> Tick {
    let note = if course.visible {
        ""
    } else {
        "hidden in Moodle"
    };
    tick(course.id.0, Said::as_it_is(course.name), note)
}

fn unread() -> Lists {
    Lists {
        roles: Ok(Vec::new()),
        departments: Ok(Vec::new()),
        courses: Vec::new(),
    }
}

fn parted<T>(list: std::result::Result<Vec<T>, Said>) -> (Vec<T>, Option<Said>) {
    list.map_or_else(|why| (Vec::new(), Some(why)), |list| (list, None))
}

fn tick(id: i64, label: Said, note: &'static str) -> Tick {
    Tick {
        id,
        label,
        note,
        depth: 0,
        ticked: false,
        shown: true,
    }
}

/// Shows the courses that were looked for, and ticks all of these or none where a button says so.
fn find(courses: &mut [Tick], typed: &Typed) {
    let wanted = typed.find.to_lowercase();
    for course in courses {
        course.shown = course.label.to_string().to_lowercase().contains(&wanted);
        match typed.select.as_str() {
            "all" if course.shown => course.ticked = true,
            "none" if course.shown => course.ticked = false,
            _ => {}
        }
    }
}

fn ticked(mut ticks: Vec<Tick>, ids: &[i64]) -> Vec<Tick> {
    for tick in &mut ticks {
        tick.ticked = ids.contains(&tick.id);
    }
    ticks
}

/// What is chosen and not listed stays to be seen and to be given up.
fn with_lost(mut ticks: Vec<Tick>, ids: &[i64], numbered: Said, unread: bool) -> Vec<Tick> {
    let note = if unread { "" } else { "not in Moodle any more" };
    for id in ids {
        if !ticks.iter().any(|tick| tick.id == *id) {
            ticks.push(tick(*id, numbered.clone().with("id", id.to_string()), note));
        }
    }
    ticks
}

/// Departments with each below its parent; those in a circle, or below none that exists, come last.
fn tree(all: &[Department]) -> Vec<Tick> {
    let mut found: Vec<Tick> = Vec::with_capacity(all.len());
    let exists = |id: i64| all.iter().any(|one| one.id == id);
    let tops = all.iter().filter(|one| !exists(one.parent));
    let mut next: Vec<(&Department, usize)> = tops.rev().map(|top| (top, 0)).collect();
    while let Some((department, depth)) = next.pop() {
        found.push(Tick {
            depth: depth.min(5),
            ..tick(department.id, Said::as_it_is(&department.name), "")
        });
        let children = all.iter().filter(|one| one.parent == department.id);
        next.extend(children.rev().map(|child| (child, depth + 1)));
    }
    let reached: Vec<i64> = found.iter().map(|tick| tick.id).collect();
    let circles = all.iter().filter(|one| !reached.contains(&one.id));
    found.extend(circles.map(|one| tick(one.id, Said::as_it_is(&one.name), "")));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn departments_stand_below_their_parents_and_none_is_lost() {
        let all = [(4, 1), (1, 0), (2, 1), (3, 2), (8, 9), (9, 8)].map(|(id, parent)| Department {
            id,
            name: format!("D{id}"),
            parent,
        });

        let tree: Vec<(i64, usize)> = tree(&all)
            .iter()
            .map(|tick| (tick.id, tick.depth))
            .collect();

        assert_eq!(tree, [(1, 0), (4, 1), (2, 1), (3, 2), (8, 0), (9, 0)]);
    }
}
