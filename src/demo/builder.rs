//! Writes a Moodle into a SQLite file, piece by piece, as Moodle's own code would.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{
    Connection, OptionalExtension, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    sql_query,
};

use crate::error::{Error, Result};
use crate::ids::{CompanyId, CourseId, UserId};
use crate::language::Said;

/// The context of the whole site.
pub const SITE: i64 = 1;
/// The context of the category that all courses are in.
pub const CATEGORY: i64 = 3;
/// `mdl_role` of managers, editing teachers, teachers and students.
pub const MANAGER: i64 = 1;
/// May edit a course; is in no completion report.
pub const EDITING_TEACHER: i64 = 3;
/// Teaches a course; is in no completion report.
pub const TEACHER: i64 = 4;
/// Learns; the one role that is in completion reports.
pub const STUDENT: i64 = 5;

/// A Moodle that is being built. Each call is one committed change.
pub struct MoodleBuilder {
    conn: SqliteConnection,
}

impl MoodleBuilder {
    /// Opens the Moodle in a file; a new file becomes a Moodle without companies, courses and learners.
    pub fn open(path: &Path) -> Result<Self> {
        let unreachable = |cause: diesel::ConnectionError| {
            Error::MoodleUnavailable(Said::as_it_is(cause.to_string()))
        };
        let mut conn =
            SqliteConnection::establish(&path.display().to_string()).map_err(unreachable)?;
        conn.batch_execute(
            "pragma busy_timeout = 15000; pragma journal_mode = wal; pragma synchronous = normal",
        )?;
        let mut builder = Self { conn };
        builder.all_or_nothing(|moodle| {
            let tables = "select count(*) as number from sqlite_master where name = 'mdl_user'";
            if moodle.number(tables)? == 0 {
                moodle.execute(include_str!("schema.sql"))?;
            }
            Ok(())
        })?;
        Ok(builder)
    }

    /// Does several changes in one transaction: quick, and all of them or none.
    pub fn all_or_nothing<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.execute("begin immediate")?;
        let done = work(self);
        let end = if done.is_ok() { "commit" } else { "rollback" };
        self.execute(end)?;
        done
    }

    /// A company with the next free id.
    pub fn company(&mut self, name: &str) -> Result<CompanyId> {
        let id = self.next_id("company")?;
        self.company_as(CompanyId(id), name)
    }

    /// A company with a given id.
    pub fn company_as(&mut self, id: CompanyId, name: &str) -> Result<CompanyId> {
        sql_query("insert into mdl_company (id, name, shortname) values (?, ?, ?)")
            .bind::<BigInt, _>(id)
            .bind::<Text, _>(name)
            .bind::<Text, _>(format!("company{id}"))
            .execute(&mut self.conn)?;
        self.execute(&format!(
            "insert into mdl_department (name, shortname, company, parent) values ('Top', 'top{id}', {id}, 0)"
        ))?;
        Ok(id)
    }

    /// A person with the next free id and a sign-in name and address made of the names.
    pub fn user(&mut self, firstname: &str, lastname: &str) -> Result<UserId> {
        let id = UserId(self.next_id("user")?);
        self.user_as(id, firstname, lastname)
    }

    /// A person with a given id.
    pub fn user_as(&mut self, id: UserId, firstname: &str, lastname: &str) -> Result<UserId> {
        let username = format!("{firstname} {lastname}").to_lowercase();
        let letter = |letter: char| {
            if letter.is_alphanumeric() {
                letter
            } else {
                '.'
            }
        };
        let mailbox: String = username.chars().map(letter).collect();
        sql_query("insert into mdl_user (id, username, firstname, lastname, email) values (?, ?, ?, ?, ?)")
            .bind::<BigInt, _>(id)
            .bind::<Text, _>(&username)
            .bind::<Text, _>(firstname)
            .bind::<Text, _>(lastname)
            .bind::<Text, _>(format!("{mailbox}@example.com"))
            .execute(&mut self.conn)?;
        Ok(id)
    }

    /// A visible course with completion on, a manual enrolment method and no activities.
    pub fn course(&mut self, fullname: &str) -> Result<CourseId> {
        let id = CourseId(self.next_id("course")?);
        sql_query("insert into mdl_course (id, category, fullname, shortname, enablecompletion) values (?, 1, ?, ?, 1)")
            .bind::<BigInt, _>(id)
            .bind::<Text, _>(fullname)
            .bind::<Text, _>(format!("C{id}"))
            .execute(&mut self.conn)?;
        let context = self.next_id("context")?;
        self.execute(&format!(
            "insert into mdl_context (id, contextlevel, instanceid, path, depth)
             values ({context}, 50, {id}, '/{SITE}/{CATEGORY}/{context}', 3)"
        ))?;
        self.enrol_method(id, "manual")?;
        Ok(id)
    }

    /// One more enrolment method of a course (`enrol.id`).
    pub fn enrol_method(&mut self, course: CourseId, name: &str) -> Result<i64> {
        let id = self.next_id("enrol")?;
        self.execute(&format!(
            "insert into mdl_enrol (id, enrol, courseid) values ({id}, '{name}', {course})"
        ))?;
        Ok(id)
    }

    /// A tracked activity of a course (`course_modules.id`).
    pub fn activity(&mut self, course: CourseId) -> Result<i64> {
        let id = self.next_id("course_modules")?;
        self.execute(&format!(
            "insert into mdl_course_modules (id, course, module, instance, completion)
             values ({id}, {course}, 1, {id}, 1)"
        ))?;
        Ok(id)
    }

    /// Some tracked activities.
    pub fn activities(&mut self, course: CourseId, count: usize) -> Result<Vec<i64>> {
        (0..count).map(|_| self.activity(course)).collect()
    }

    /// Gives a course to a company.
    pub fn give_course(&mut self, company: CompanyId, course: CourseId) -> Result<()> {
        self.execute(&format!(
            "insert into mdl_company_course (companyid, courseid) values ({company}, {course})"
        ))
    }

    /// Shares a course with every company (`1`) or with those it is given to (`2`).
    pub fn share_course(&mut self, course: CourseId, shared: i64) -> Result<()> {
        self.execute(&format!(
            "insert into mdl_iomad_courses (courseid, shared) values ({course}, {shared})"
        ))
    }

    /// The context of a course.
    pub fn context(&mut self, course: CourseId) -> Result<i64> {
        self.number(&format!(
            "select id as number from mdl_context where contextlevel = 50 and instanceid = {course}"
        ))
    }

    /// Anything else, in SQL. Several statements may follow each other.
    pub fn execute(&mut self, statements: &str) -> Result<()> {
        Ok(self.conn.batch_execute(statements)?)
    }

    /// The one number that a statement calls `number`.
    pub fn number(&mut self, statement: &str) -> Result<i64> {
        let row: Option<Number> = sql_query(statement).get_result(&mut self.conn).optional()?;
        row.and_then(|row| row.number)
            .ok_or(Error::NotFound("what was asked of the demo"))
    }

    /// The rows of a statement with columns `id` and `name`.
    pub(super) fn named(&mut self, statement: &str) -> QueryResult<Vec<Named>> {
        sql_query(statement).load(&mut self.conn)
    }

    fn next_id(&mut self, table: &str) -> Result<i64> {
        self.number(&format!(
            "select coalesce(max(id), 0) + 1 as number from mdl_{table}"
        ))
    }
}

/// Something with an id and a name.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Named {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Its name: hostile text.
    #[diesel(sql_type = Text)]
    pub name: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Nullable<BigInt>)]
    number: Option<i64>,
}
