//! The two streams, facts and keys: read a page of users at a time, handed out one by one.
//!
//! A page is one statement per table that follows an index by user, so a million rows take no more
//! memory than ten thousand, here and on the server, and no statement runs for long.

use std::collections::{HashMap, HashSet};
use std::vec;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::company::{Company, Course};
use super::snapshot::{Snapshot, harmless};
use super::{Facts, Scope, Shape};
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, Key, UserId};

const FIRST_PAGE: usize = 200;
const LARGEST_PAGE: usize = 2_000;
const ROWS_PER_PAGE: usize = 10_000;

/// The active pairs of a scope with their facts.
pub fn facts<'s>(
    snapshot: &'s mut Snapshot,
    company: CompanyId,
    shape: &Shape,
    scope: &Scope,
) -> Result<Pages<'s, Facts>> {
    let company = Company::read(snapshot, company, shape)?;
    let wanted = Wanted::of(scope);
    let users = wanted.users(snapshot, &company)?;
    let read = move |snapshot: &mut Snapshot, users: &[i64]| {
        let mut page = read_facts(snapshot, &company, users)?;
        page.retain(|facts| wanted.has(facts.key));
        Ok(page)
    };
    Ok(Pages::new(snapshot, users, read))
}

/// The keys of all active pairs.
pub fn keys<'s>(
    snapshot: &'s mut Snapshot,
    company: CompanyId,
    shape: &Shape,
) -> Result<Pages<'s, Key>> {
    let company = Company::read(snapshot, company, shape)?;
    let users = company.members.clone();
    let read = move |snapshot: &mut Snapshot, users: &[i64]| {
        let mut page = company.tracked(snapshot, users)?;
        page.retain(|key| company.open_course(key.course.0).is_some());
        Ok(page)
    };
    Ok(Pages::new(snapshot, users, read))
}

type Read<T> = Box<dyn Fn(&mut Snapshot, &[i64]) -> Result<Vec<T>>>;

/// A stream over users, a page at a time.
pub struct Pages<'s, T> {
    snapshot: &'s mut Snapshot,
    users: Vec<i64>,
    read_users: usize,
    page_size: usize,
    page: vec::IntoIter<T>,
    read: Read<T>,
}

impl<'s, T> Pages<'s, T> {
    fn new(
        snapshot: &'s mut Snapshot,
        users: Vec<i64>,
        read: impl Fn(&mut Snapshot, &[i64]) -> Result<Vec<T>> + 'static,
    ) -> Self {
        Self {
            snapshot,
            users,
            read_users: 0,
            page_size: FIRST_PAGE,
            page: Vec::new().into_iter(),
            read: Box::new(read),
        }
    }

    /// How many people are read, and of how many.
    pub fn people(&self) -> (usize, usize) {
        (self.read_users, self.users.len())
    }

    fn turn(&mut self) -> Result<()> {
        let rest = &self.users[self.read_users..];
        let users = &rest[..rest.len().min(self.page_size)];
        let page = (self.read)(self.snapshot, users)?;
        self.read_users += users.len();
        self.page_size = next_size(users.len(), page.len());
        self.page = page.into_iter();
        Ok(())
    }
}

/// How many users fill the next page, as far as the last one tells.
fn next_size(users: usize, rows: usize) -> usize {
    let fitting = users * ROWS_PER_PAGE / rows.max(1);
    fitting.clamp(10, (users * 4).clamp(FIRST_PAGE, LARGEST_PAGE))
}

impl<T> Iterator for Pages<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(Ok(item));
            }
            if self.read_users == self.users.len() {
                return None;
            }
            if let Err(error) = self.turn() {
                self.read_users = self.users.len();
                return Some(Err(error));
            }
        }
    }
}

/// A scope, ready to be asked about single pairs.
enum Wanted {
    Everything,
    Of {
        users: HashSet<i64>,
        courses: HashSet<i64>,
    },
}

impl Wanted {
    fn of(scope: &Scope) -> Self {
        match scope {
            Scope::Everything => Self::Everything,
            Scope::Of(moved) => Self::Of {
                users: moved.users.iter().map(|user| user.0).collect(),
                courses: moved.courses.iter().map(|course| course.0).collect(),
            },
        }
    }

    fn has(&self, key: Key) -> bool {
        match self {
            Self::Everything => true,
            Self::Of { users, courses } => {
                users.contains(&key.user.0) || courses.contains(&key.course.0)
            }
        }
    }

    /// The members whose pages have to be read, ascending.
    fn users(&self, snapshot: &mut Snapshot, company: &Company) -> Result<Vec<i64>> {
        let Self::Of { users, courses } = self else {
            return Ok(company.members.clone());
        };
        let mut concerned = users.clone();
        if !courses.is_empty() {
            let courses: Vec<i64> = courses.iter().copied().collect();
            let query = snapshot.query(include_str!("sql/enrolled.sql"));
            concerned.extend(snapshot.ids(query.list("courses", &courses))?);
        }
        let members = company.members.iter().copied();
        Ok(members.filter(|user| concerned.contains(user)).collect())
    }
}

fn read_facts(snapshot: &mut Snapshot, company: &Company, users: &[i64]) -> Result<Vec<Facts>> {
    let held = company.roles_of(snapshot, users)?;
    let query = snapshot.query(include_str!("sql/people.sql"));
    let people: Vec<Person> = snapshot.load(query.list("users", users))?;
    let people: HashMap<i64, Person> = people
        .into_iter()
        .map(|person| (person.id, person.harmless()))
        .collect();
    let query = snapshot.query(include_str!("sql/facts.sql"));
    let query = query.enrolments("enrolment", company.enrolments(), snapshot.taken_at());
    let rows: Vec<Pair> = snapshot.load(query.list("users", users))?;
    Ok(rows
        .into_iter()
        .filter(|pair| held.track(pair.user_id, pair.course_id))
        .filter(|pair| company.shape.keeps_enrolled(pair.enrolled_at))
        .filter(|pair| company.shape.keeps_completed(pair.completed_at))
        .filter_map(|pair| {
            let course = company.open_course(pair.course_id)?;
            Some(pair.into_facts(people.get(&pair.user_id)?, course))
        })
        .collect())
}

#[derive(QueryableByName)]
struct Person {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    firstname: String,
    #[diesel(sql_type = Text)]
    lastname: String,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    username: String,
}

impl Person {
    fn harmless(self) -> Self {
        Self {
            id: self.id,
            firstname: harmless(self.firstname),
            lastname: harmless(self.lastname),
            email: harmless(self.email),
            username: harmless(self.username),
        }
    }
}

#[derive(QueryableByName, Clone, Copy)]
struct Pair {
    #[diesel(sql_type = BigInt)]
    user_id: i64,
    #[diesel(sql_type = BigInt)]
    course_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    enrolled_at: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    completed_at: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    started_at: Option<i64>,
    #[diesel(sql_type = BigInt)]
    done: i64,
    #[diesel(sql_type = BigInt)]
    touched: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    first_touched_at: Option<i64>,
}

impl Pair {
    fn into_facts(self, person: &Person, course: &Course) -> Facts {
        Facts {
            key: Key {
                user: UserId(self.user_id),
                course: CourseId(self.course_id),
            },
            firstname: person.firstname.clone(),
            lastname: person.lastname.clone(),
            email: person.email.clone(),
            username: person.username.clone(),
            coursename: course.name.clone(),
            completion_on: course.completion_on,
            counted: course.counted,
            done: self.done,
            touched: self.touched,
            first_touched_at: self.first_touched_at,
            timecompleted: self.completed_at,
            timestarted: self.started_at.filter(|time| *time > 0),
            enrolled_at: self.enrolled_at.filter(|time| *time > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::next_size;

    #[test]
    fn a_page_grows_with_the_users_and_shrinks_with_their_rows() {
        assert_eq!(next_size(200, 4_000), 500, "twenty courses each");
        assert_eq!(next_size(200, 0), 800, "nobody enrolled: look further");
        assert_eq!(next_size(800, 80), 2_000, "never more than the largest");
        assert_eq!(next_size(200, 400_000), 10, "never less than ten");
    }
}
