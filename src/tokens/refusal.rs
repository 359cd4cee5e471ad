//! Why Moodle refuses a token that was adopted from there.

use std::fmt;
use std::str::FromStr;

use diesel::prelude::*;

use crate::db::Conn;
use crate::error::Result;
use crate::ids::UserId;
use crate::language::Said;
use crate::schema::api_tokens;

/// What Moodle would answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Its service or its person may not call the function.
    Access,
    /// Its person is suspended, whose user name the answer shows; it is empty once the person was erased.
    Suspended(UserId, String),
}

impl Refusal {
    /// What it is in a word, without anything about a person.
    pub fn word(&self) -> Said {
        match self {
            Self::Access => Said::new("no access"),
            Self::Suspended(..) => Said::new("its person is suspended"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Access => out.write_str("no access"),
            Self::Suspended(user, username) => write!(out, "suspended {user} {username}"),
        }
    }
}

impl FromStr for Refusal {
    type Err = String;

    /// Any other word refuses too.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let suspended = text.strip_prefix("suspended ");
        let suspended = suspended.and_then(|of| of.split_once(' '));
        let of =
            |(user, name): (&str, &str)| Some(Self::Suspended(user.parse().ok()?, name.into()));
        Ok(suspended.and_then(of).unwrap_or(Self::Access))
    }
}

/// Takes a person's user name out of the refusals.
pub fn forget_username(conn: &mut Conn, user: UserId) -> Result<()> {
    let nameless = Refusal::Suspended(user, String::new()).to_string();
    let naming = api_tokens::refusal.like(format!("{nameless}%"));
    diesel::update(api_tokens::table.filter(naming))
        .set(api_tokens::refusal.eq(&nameless))
        .execute(conn)?;
    Ok(())
}

/// How many refusals are of a person, and how many of them hold a user name.
pub fn of_person(conn: &mut Conn, user: UserId) -> Result<(i64, i64)> {
    let nameless = Refusal::Suspended(user, String::new()).to_string();
    let refusals: Vec<Option<String>> = api_tokens::table
        .filter(api_tokens::refusal.like(format!("{nameless}%")))
        .select(api_tokens::refusal)
        .load(conn)?;
    let known = refusals.len() as i64;
    let telling = refusals.iter().flatten().filter(|one| **one != nameless);
    Ok((known, telling.count() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_again_and_anything_else_refuses_too() {
        for refusal in [
            Refusal::Access,
            Refusal::Suspended(UserId(17), "ada lovelace".into()),
            Refusal::Suspended(UserId(17), String::new()),
        ] {
            assert_eq!(refusal.to_string().parse(), Ok(refusal));
        }
        assert_eq!("suspended ada".parse(), Ok(Refusal::Access));
    }
}
