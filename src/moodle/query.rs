//! The shared SQL: one text for every kind of database, filled with names and numbers only.
//!
//! As in Moodle's own code `{user}` is the table `user` with the site's prefix. `:name` is a
//! number or a list of numbers; text never enters a statement.

use std::fmt::Write as _;

use crate::config::Prefix;
use crate::db::Kind;

/// How this Moodle's database wants its SQL.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// Which database it is.
    pub kind: Kind,
    /// What every table name begins with.
    pub prefix: Prefix,
}

impl Dialect {
    /// A table's name as statements need it.
    pub fn table(&self, name: &str) -> String {
        let quote = if self.kind == Kind::Mysql { '`' } else { '"' };
        format!("{quote}{}{name}{quote}", self.prefix.as_str())
    }

    /// A shared text with this database's table names and integer type.
    pub fn query(&self, shared: &str) -> Query {
        let integer = if self.kind == Kind::Mysql {
            "SIGNED"
        } else {
            "BIGINT"
        };
        let mut text = String::with_capacity(shared.len() * 2);
        let mut rest = shared;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').unwrap_or((after, ""));
            text.push_str(before);
            text.push_str(&self.table(name));
            rest = behind;
        }
        text.push_str(rest);
        Query(text.replace("AS :int)", &format!("AS {integer})")))
    }
}

/// Which enrolments make a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolments {
    /// Moodle's rule: neither it nor its method is suspended, it has begun and has not ended.
    Active,
    /// Every one.
    Any,
}

/// A statement whose numbers are still to be filled in.
#[derive(Debug, Clone)]
pub struct Query(String);

impl Query {
    /// Fills in one number.
    pub fn number(self, name: &str, number: i64) -> Self {
        self.fill(name, &number.to_string())
    }

    /// Fills in a list for `IN (…)`. An empty list matches nothing.
    pub fn list(self, name: &str, numbers: &[i64]) -> Self {
        self.fill(name, &joined(numbers))
    }

    /// Fills in a condition: the user is one of these, or anybody.
    pub fn users_or_anybody(self, name: &str, users: Option<&[i64]>) -> Self {
        let condition = users.map_or("1 = 1".to_owned(), |users| {
            format!("userid IN ({})", joined(users))
        });
        self.fill(name, &condition)
    }

    /// Fills in a condition: an enrolment `ue` by a method `e` counts now, or any does.
    pub fn enrolments(self, name: &str, which: Enrolments, now: i64) -> Self {
        let condition = match which {
            Enrolments::Active => format!(
                "ue.status = 0 AND e.status = 0 AND ue.timestart < {now} \
                 AND (ue.timeend = 0 OR ue.timeend > {now})"
            ),
            Enrolments::Any => "e.id IS NOT NULL".to_owned(),
        };
        self.fill(name, &condition)
    }

    /// The finished statement.
    pub fn into_text(self) -> String {
        self.0
    }

    fn fill(self, name: &str, value: &str) -> Self {
        Self(self.0.replace(&format!(":{name}"), value))
    }
}

fn joined(numbers: &[i64]) -> String {
    if numbers.is_empty() {
        return "NULL".to_owned();
    }
    let mut text = String::with_capacity(numbers.len() * 8);
    for number in numbers {
        let separator = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{separator}{number}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(kind: Kind) -> Dialect {
        Dialect {
            kind,
            prefix: "m_".parse().unwrap(),
        }
    }

    #[test]
    fn names_and_numbers_are_filled_in_for_each_database() {
        let shared = "SELECT CAST(a AS :int) FROM {user} u WHERE u.id IN (:users) AND b < :now";

        let fill = |kind| {
            let query = dialect(kind).query(shared);
            query.list("users", &[1, -2]).number("now", 7).into_text()
        };

        assert_eq!(
            fill(Kind::Mysql),
            "SELECT CAST(a AS SIGNED) FROM `m_user` u WHERE u.id IN (1,-2) AND b < 7"
        );
        assert_eq!(
            fill(Kind::Postgres),
            "SELECT CAST(a AS BIGINT) FROM \"m_user\" u WHERE u.id IN (1,-2) AND b < 7"
        );
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        let query = dialect(Kind::Sqlite).query("x IN (:users)");

        assert_eq!(query.list("users", &[]).into_text(), "x IN (NULL)");
    }
}
