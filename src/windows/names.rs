//! The courses' names that a client has seen: a renamed course is another course to it, because rows show no course id.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::ids::CourseId;

/// Pairs of a course and what its name is like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeSet<(i64, u64)>);

impl Names {
    /// Notes a name of a course.
    pub fn add(&mut self, course: CourseId, name: &str) {
        self.0.insert((course.0, print(name)));
    }

    /// Notes all that another one has.
    pub fn merge(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// Whether a course was seen under another name.
    pub fn contradict(&self, course: CourseId, name: &str) -> bool {
        let of_course = self.0.range((course.0, 0)..=(course.0, u64::MAX));
        let now = print(name);
        of_course.into_iter().any(|(_, seen)| *seen != now)
    }

    /// Whether a course was seen under this very name.
    pub fn has(&self, course: CourseId, name: &str) -> bool {
        self.0.contains(&(course.0, print(name)))
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether two courses were seen under one name.
    pub fn share_one(&self) -> bool {
        let mut prints = BTreeSet::new();
        !self.0.iter().all(|(_, name)| prints.insert(name))
    }

    /// What is stored.
    pub fn write(&self) -> Vec<u8> {
        let pair =
            |(course, name): &(i64, u64)| [course.to_le_bytes(), name.to_le_bytes()].concat();
        self.0.iter().flat_map(pair).collect()
    }

    /// What was stored.
    pub fn read(stored: &[u8]) -> Self {
        let (pairs, _) = stored.as_chunks::<16>();
        let half = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).unwrap_or(0);
        let pair = |pair: &[u8; 16]| (half(&pair[..8]) as i64, half(&pair[8..]));
        Self(pairs.iter().map(pair).collect())
    }
}

fn print(name: &str) -> u64 {
    let digest = Sha256::digest(name);
    digest
        .iter()
        .take(8)
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_under_another_name_is_noticed() {
        let mut names = Names::default();
        names.add(CourseId(3), "Fire safety");
        names.add(CourseId(-1), "Données");
        let names = Names::read(&names.write());

        assert!(!names.contradict(CourseId(3), "Fire safety"));
        assert!(names.contradict(CourseId(3), "Fire Safety"));
        assert!(!names.contradict(CourseId(4), "Anything"), "never seen");
        assert!(!names.contradict(CourseId(-1), "Données"));
    }

    #[test]
    fn one_name_of_two_courses_is_noticed() {
        let mut names = Names::default();
        names.add(CourseId(3), "Fire safety");
        names.add(CourseId(3), "Fire safety");
        names.add(CourseId(3), "Fire drill");
        assert!(!names.share_one(), "one course under two names");

        names.add(CourseId(4), "Fire drill");
        assert!(names.share_one());
    }
}
