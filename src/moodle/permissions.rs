//! Who appears in completion reports: Moodle's `has_capability()` for
//! `moodle/course:isincompletionreports`, over the few rows that say anything about it.

use std::collections::{HashMap, HashSet};

use super::course_roles::CourseRoles;

const ALLOW: i64 = 1;
const PROHIBIT: i64 = -1000;

/// A role held in a context: a row of `role_assignments`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// `role_assignments.contextid`.
    pub context: i64,
    /// `role_assignments.roleid`.
    pub role: i64,
}

/// What the site's roles and settings say about the capability.
#[derive(Debug, Default)]
pub struct Permissions {
    /// (role, context) → permission, from `role_capabilities`; 0 (inherit) is left out.
    pub rules: HashMap<(i64, i64), i64>,
    /// `config.defaultuserroleid`: everybody holds it on the site.
    pub default_role: Option<i64>,
    /// `config.siteadmins`: they have every capability.
    pub admins: HashSet<i64>,
    /// Roles that a company's settings choose instead: then no rule and no admin counts.
    pub chosen: Option<Vec<i64>>,
}

impl Permissions {
    /// The roles that say anything, ascending; all others need not be read.
    pub fn roles(&self) -> Vec<i64> {
        let said = || self.rules.keys().map(|(role, _)| *role).collect();
        let mut roles: Vec<i64> = self.chosen.clone().unwrap_or_else(said);
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// Resolves the roles in a course by its `context.path` (`/1/23/104`).
    ///
    /// Of one role the permission nearest to the course wins, but a prohibition wins from anywhere.
    pub fn in_course(&self, path: &str) -> CourseRoles {
        let chain: Vec<i64> = path
            .split('/')
            .filter_map(|context| context.parse().ok())
            .collect();
        if let Some(allowing) = self.chosen.clone() {
            let none = CourseRoles::default();
            return CourseRoles {
                chain,
                allowing,
                ..none
            };
        }
        let mut course = CourseRoles::default();
        for role in self.roles() {
            let said = |context: &i64| self.rules.get(&(role, *context)).copied();
            if chain.iter().filter_map(said).any(|said| said == PROHIBIT) {
                course.prohibiting.push(role);
            } else if chain.iter().rev().find_map(said) == Some(ALLOW) {
                course.allowing.push(role);
            }
        }
        CourseRoles { chain, ..course }
    }

    /// Whether a user has every capability without any role.
    pub fn is_admin(&self, user: i64) -> bool {
        self.chosen.is_none() && self.admins.contains(&user)
    }

    /// Whether a user with these roles has the capability in a course, or holds a chosen role there.
    pub fn allow(&self, user: i64, held: &[Held], course: &CourseRoles) -> bool {
        if self.is_admin(user) {
            return true;
        }
        let here = held
            .iter()
            .filter(|held| course.chain.contains(&held.context));
        let site_wide = self.default_role.filter(|_| !course.chain.is_empty());
        let roles = || here.clone().map(|held| held.role).chain(site_wide);
        roles().any(|role| course.allowing.contains(&role))
            && !roles().any(|role| course.prohibiting.contains(&role))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: i64 = 1;
    const CATEGORY: i64 = 20;
    const COURSE: i64 = 300;
    const ELSEWHERE: i64 = 301;
    const STUDENT: i64 = 5;
    const TEACHER: i64 = 4;
    const EVERYBODY: i64 = 7;
    const ADMIN: i64 = 2;

    /// (role, context, permission) rows, the (role, context) pairs a user holds, the answer.
    type Case = (
        &'static str,
        &'static [(i64, i64, i64)],
        &'static [(i64, i64)],
        bool,
    );

    const CASES: &[Case] = &[
        (
            "a student in the course",
            &[(STUDENT, SITE, 1)],
            &[(STUDENT, COURSE)],
            true,
        ),
        (
            "a student in the category",
            &[(STUDENT, SITE, 1)],
            &[(STUDENT, CATEGORY)],
            true,
        ),
        (
            "a student on the site",
            &[(STUDENT, SITE, 1)],
            &[(STUDENT, SITE)],
            true,
        ),
        (
            "a student of another course",
            &[(STUDENT, SITE, 1)],
            &[(STUDENT, ELSEWHERE)],
            false,
        ),
        (
            "a teacher",
            &[(STUDENT, SITE, 1)],
            &[(TEACHER, COURSE)],
            false,
        ),
        (
            "a teacher who is a student",
            &[(STUDENT, SITE, 1)],
            &[(TEACHER, COURSE), (STUDENT, COURSE)],
            true,
        ),
        ("nobody", &[(STUDENT, SITE, 1)], &[], false),
        (
            "prevented in the course",
            &[(STUDENT, SITE, 1), (STUDENT, COURSE, -1)],
            &[(STUDENT, COURSE)],
            false,
        ),
        (
            "allowed again below",
            &[
                (STUDENT, SITE, 1),
                (STUDENT, CATEGORY, -1),
                (STUDENT, COURSE, 1),
            ],
            &[(STUDENT, COURSE)],
            true,
        ),
        (
            "prevented in one role, allowed in another",
            &[(STUDENT, SITE, 1), (TEACHER, SITE, -1)],
            &[(TEACHER, COURSE), (STUDENT, COURSE)],
            true,
        ),
        (
            "prohibited on the site, allowed in the course",
            &[(STUDENT, SITE, -1000), (STUDENT, COURSE, 1)],
            &[(STUDENT, COURSE)],
            false,
        ),
        (
            "prohibited in another role",
            &[(STUDENT, SITE, 1), (TEACHER, CATEGORY, -1000)],
            &[(TEACHER, COURSE), (STUDENT, COURSE)],
            false,
        ),
        (
            "prohibited in another course",
            &[(STUDENT, SITE, 1), (STUDENT, ELSEWHERE, -1000)],
            &[(STUDENT, COURSE)],
            true,
        ),
        (
            "allowed by the role of everybody",
            &[(EVERYBODY, SITE, 1)],
            &[],
            true,
        ),
        (
            "prohibited by the role of everybody",
            &[(STUDENT, SITE, 1), (EVERYBODY, SITE, -1000)],
            &[(STUDENT, COURSE)],
            false,
        ),
    ];

    fn permissions(rules: &[(i64, i64, i64)]) -> Permissions {
        Permissions {
            rules: rules
                .iter()
                .map(|(role, context, said)| ((*role, *context), *said))
                .collect(),
            default_role: Some(EVERYBODY),
            admins: HashSet::from([ADMIN]),
            chosen: None,
        }
    }

    #[test]
    fn chosen_roles_count_whatever_the_rules_and_admins_do_not() {
        let chosen = Permissions {
            chosen: Some(vec![TEACHER]),
            ..permissions(&[(STUDENT, SITE, 1), (TEACHER, SITE, -1000)])
        };
        let course = chosen.in_course("/1/20/300");
        let held = |role, context| [Held { context, role }];

        assert!(chosen.allow(9, &held(TEACHER, COURSE), &course));
        assert!(chosen.allow(9, &held(TEACHER, CATEGORY), &course));
        assert!(!chosen.allow(9, &held(TEACHER, ELSEWHERE), &course));
        assert!(!chosen.allow(9, &held(STUDENT, COURSE), &course));
        assert!(!chosen.allow(ADMIN, &[], &course));
    }

    #[test]
    fn roles_are_resolved_as_moodle_does() {
        for (who, rules, held, expected) in CASES {
            let permissions = permissions(rules);
            let held: Vec<Held> = held
                .iter()
                .map(|(role, context)| Held {
                    context: *context,
                    role: *role,
                })
                .collect();

            let course = permissions.in_course("/1/20/300");

            assert_eq!(permissions.allow(9, &held, &course), *expected, "{who}");
        }
    }

    #[test]
    fn site_admins_have_every_capability() {
        let permissions = permissions(&[(EVERYBODY, SITE, -1000)]);

        assert!(permissions.allow(ADMIN, &[], &permissions.in_course("/1/20/300")));
    }

    #[test]
    fn without_a_context_path_only_site_admins_have_a_capability() {
        let permissions = permissions(&[(EVERYBODY, SITE, 1)]);
        let course = permissions.in_course("");

        assert!(!permissions.allow(9, &[], &course));
        assert!(permissions.allow(ADMIN, &[], &course));
    }
}
