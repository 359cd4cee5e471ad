//! Every table and column that can hold a learner's data, searched for one person: the proof of an erasure.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::stored::telling_lines;
use crate::companies;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::UserId;
use crate::progress::{self, Row, Status};
use crate::schema::{audit_log, erasures, sync_changes, sync_plan_lines, sync_runs, sync_unread};
use crate::tokens;

/// One table, and how many of its rows still say something about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// Which table.
    pub table: &'static str,
    /// What was looked at in it.
    pub columns: &'static str,
    /// Rows that name the person by id.
    pub known: i64,
    /// Rows that say more than the id; `None` for free texts, in which only the id can be looked for.
    pub telling: Option<i64>,
}

/// Looks through every table that can hold a learner's data, now.
pub fn search(conn: &mut Conn, user: UserId) -> Result<Vec<Searched>> {
    let (rows, saying) = in_rows(conn, user)?;
    let (lines, telling) = in_log(conn, user)?;
    let planned: i64 = sync_plan_lines::table
        .filter(sync_plan_lines::user_id.eq(user))
        .select(count_star())
        .get_result(conn)?;
    let unread: i64 = sync_unread::table
        .filter(sync_unread::user_id.eq(user))
        .select(count_star())
        .get_result(conn)?;
    let (tokens_known, tokens_telling) = tokens::refusal::of_person(conn, user)?;
    let erased: i64 = erasures::table
        .filter(erasures::user_id.eq(user))
        .select(count_star())
        .get_result(conn)?;
    let table = |table, columns, known, telling| Searched {
        table,
        columns,
        known,
        telling,
    };
    Ok(vec![
        table("progress", ROW_COLUMNS, rows, Some(saying)),
        table("sync_changes", "before, after", lines, Some(telling)),
        table("sync_plan_lines", "before, after", planned, Some(planned)),
        table("sync_unread", "course_id, reason", unread, Some(unread)),
        table(
            "sync_runs",
            "errors, error_detail, shape",
            in_runs(conn, user)?,
            None,
        ),
        table(
            "audit_log",
            "subject, before, after",
            in_audit(conn, user)?,
            None,
        ),
        table("api_tokens", "refusal", tokens_known, Some(tokens_telling)),
        table("erasures", "user_id", erased, Some(0)),
    ])
}

const ROW_COLUMNS: &str = "firstname, lastname, email, username, status, percentage, timecompleted, timestarted, \
    enrolled_at";

/// A person's rows in all companies, and how many of them say anything.
fn in_rows(conn: &mut Conn, user: UserId) -> Result<(i64, i64)> {
    let (mut known, mut telling) = (0, 0);
    for company in companies::store::ids(conn)? {
        let found = progress::store::of_person(conn, company, user)?;
        known += found.len() as i64;
        telling += found.iter().filter(|row| tells(row)).count() as i64;
    }
    Ok((known, telling))
}

fn tells(row: &Row) -> bool {
    let said = &row.content;
    let names = [&said.firstname, &said.lastname, &said.email, &said.username];
    let times = [said.timecompleted, said.timestarted, said.enrolled_at];
    names.iter().any(|name| !name.is_empty())
        || times.iter().any(Option::is_some)
        || said.percentage.is_some()
        || said.status != Status::NotStarted
}

/// A person's lines of the change log in all companies, and how many of them say what a row said.
fn in_log(conn: &mut Conn, user: UserId) -> Result<(i64, i64)> {
    let (mut known, mut telling) = (0, 0);
    for company in companies::store::ids(conn)? {
        let of_person = sync_changes::company_id
            .eq(company)
            .and(sync_changes::user_id.eq(user));
        known += sync_changes::table
            .filter(of_person)
            .select(count_star())
            .get_result::<i64>(conn)?;
        telling += telling_lines(company, user)
            .select(count_star())
            .get_result::<i64>(conn)?;
    }
    Ok((known, telling))
}

type Texts = (Option<String>, Option<String>, Option<String>);

/// Runs with a text that names the id.
fn in_runs(conn: &mut Conn, user: UserId) -> Result<i64> {
    let wanted = format!("%{user}%");
    let texts: Vec<Texts> = sync_runs::table
        .filter(
            sync_runs::errors
                .like(wanted.clone())
                .or(sync_runs::error_detail.like(wanted.clone()))
                .or(sync_runs::shape.like(wanted)),
        )
        .select((
            sync_runs::errors.nullable(),
            sync_runs::error_detail,
            sync_runs::shape,
        ))
        .load(conn)?;
    Ok(naming(texts, user))
}

/// Entries of the audit log with a text that names the id.
fn in_audit(conn: &mut Conn, user: UserId) -> Result<i64> {
    let wanted = format!("%{user}%");
    let texts: Vec<Texts> = audit_log::table
        .filter(
            audit_log::subject
                .like(wanted.clone())
                .or(audit_log::before.like(wanted.clone()))
                .or(audit_log::after.like(wanted)),
        )
        .select((
            audit_log::subject.nullable(),
            audit_log::before,
            audit_log::after,
        ))
        .load(conn)?;
    Ok(naming(texts, user))
}

/// How many of some rows hold the id as a word of its own.
fn naming(rows: Vec<Texts>, user: UserId) -> i64 {
    let id = user.to_string();
    let names = |text: &Option<String>| text.as_deref().is_some_and(|text| has_word(text, &id));
    let found = rows
        .iter()
        .filter(|(one, two, three)| [one, two, three].into_iter().any(names));
    found.count() as i64
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric())
        .any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn an_id_is_found_as_a_word_of_its_own_only() {
        for text in ["17", "user 17.", "{\"id\":17}", "(42,17,3)"] {
            assert!(has_word(text, "17"), "{text}");
        }
        for text in ["", "171", "a17f", "117"] {
            assert!(!has_word(text, "17"), "{text}");
        }
    }
}
