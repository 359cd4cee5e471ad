//! Which of Moodle's tables can be read, and what to grant where they cannot.

use diesel::QueryResult;

use super::connection::{self, Source};
use super::query::Dialect;
use crate::language::Said;

/// What the derivation reads.
pub const NEEDED: &[&str] = &[
    "user",
    "company",
    "company_users",
    "company_course",
    "iomad_courses",
    "course",
    "course_modules",
    "modules",
    "course_modules_completion",
    "course_completions",
    "enrol",
    "user_enrolments",
    "context",
    "role_assignments",
    "role_capabilities",
    "config",
];

/// What only some settings read: the names of roles, and the departments.
pub const OPTIONAL: &[&str] = &["role", "department"];

/// For what an optional table is needed.
pub fn purpose(table: &str) -> &'static str {
    match table {
        "role" => "the setting that chooses learners by their roles",
        _ => "the setting that chooses learners by their departments",
    }
}

/// Those of them that come with IOMAD.
pub const IOMAD: &[&str] = &[
    "company",
    "company_users",
    "company_course",
    "iomad_courses",
];

/// Whether a table can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// It can.
    Readable,
    /// There is none.
    Missing,
    /// The database user has no SELECT on it.
    Denied,
    /// Something else, in the server's words.
    Broken(String),
}

/// Tries each table. Call it outside of a transaction.
pub fn of(
    dialect: &Dialect,
    source: &mut Source,
    tables: &[&'static str],
) -> QueryResult<Vec<(&'static str, Access)>> {
    tables
        .iter()
        .map(|table| Ok((*table, try_table(dialect, source, table)?)))
        .collect()
}

fn try_table(dialect: &Dialect, source: &mut Source, table: &str) -> QueryResult<Access> {
    let name = dialect.table(table);
    if matches!(source, Source::Postgres(_)) {
        let catalogue = format!(
            "select case when to_regclass('{name}') is null then 'missing' \
             when has_table_privilege(to_regclass('{name}'), 'SELECT') then 'readable' \
             else 'denied' end as text"
        );
        return Ok(match connection::text(source, &catalogue)?.as_str() {
            "readable" => Access::Readable,
            "denied" => Access::Denied,
            _ => Access::Missing,
        });
    }
    let probe = format!("select count(*) as number from (select 1 from {name} limit 0) probe");
    Ok(match connection::number(source, &probe) {
        Ok(_) => Access::Readable,
        Err(cause) => refusal(&cause.to_string()),
    })
}

fn refusal(text: &str) -> Access {
    if text.contains("denied") {
        Access::Denied
    } else if text.contains("doesn't exist") || text.contains("no such table") {
        Access::Missing
    } else {
        Access::Broken(text.to_owned())
    }
}

/// Why a table cannot be read and what to do, or `None` where it can be.
pub fn refusal_of(
    dialect: &Dialect,
    source: &mut Source,
    table: &'static str,
) -> QueryResult<Option<Said>> {
    let name = format!("{}{table}", dialect.prefix.as_str());
    Ok(match try_table(dialect, source, table)? {
        Access::Readable => None,
        Access::Missing => Some(Said::new("There is no table {name}.").with("name", name)),
        Access::Broken(cause) => Some(
            Said::new("{name} cannot be read: {cause}")
                .with("name", name)
                .with("cause", cause),
        ),
        Access::Denied => {
            let grant = grant(dialect, source, table)?;
            let why = Said::new("{name} cannot be read. A database administrator runs: {grant}");
            Some(why.with("name", name).with("grant", grant))
        }
    })
}

/// The statement that lets this database user read a table.
pub fn grant(dialect: &Dialect, source: &mut Source, table: &str) -> QueryResult<String> {
    let name = dialect.table(table);
    Ok(match source {
        Source::Mysql(_) => {
            let database = connection::text(source, "select database() as text")?;
            let account = connection::text(source, "select current_user() as text")?;
            let (user, host) = account.rsplit_once('@').unwrap_or((account.as_str(), "%"));
            format!("GRANT SELECT ON `{database}`.{name} TO '{user}'@'{host}';")
        }
        _ => {
            let account = connection::text(source, "select cast(current_user as text) as text")?;
            format!("GRANT SELECT ON {name} TO \"{account}\";")
        }
    })
}

/// What to say where none of the tables is there: perhaps the prefix is another one.
pub fn no_moodle(dialect: &Dialect, source: &mut Source) -> QueryResult<String> {
    let prefix = dialect.prefix.as_str();
    let mut text = format!("This database has no Moodle tables that begin with \"{prefix}\".");
    let found = connection::texts(source, all_tables(source))?;
    let mut prefixes: Vec<&str> = found
        .iter()
        .filter_map(|name| name.strip_suffix("user_enrolments"))
        .collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    if prefixes.is_empty() {
        text.push_str(" Is it the right database, and may this user read Moodle's tables?");
    } else {
        let prefixes = prefixes.join("\" or \"");
        text.push_str(&format!(" Set ALX_MOODLE_PREFIX to \"{prefixes}\"."));
    }
    Ok(text)
}

fn all_tables(source: &Source) -> &'static str {
    match source {
        Source::Mysql(_) => {
            "select table_name as text from information_schema.tables where table_schema = database()"
        }
        Source::Postgres(_) => {
            "select cast(tablename as text) as text from pg_catalog.pg_tables where schemaname = any(current_schemas(false))"
        }
        Source::Sqlite(_) => "select name as text from sqlite_master where type = 'table'",
    }
}

/// Tables of which a snapshot is not possible, with their engines.
pub fn without_transactions(dialect: &Dialect, source: &mut Source) -> QueryResult<Vec<String>> {
    if !matches!(source, Source::Mysql(_)) {
        return Ok(Vec::new());
    }
    let prefix = dialect.prefix.as_str();
    let names: Vec<String> = NEEDED
        .iter()
        .map(|table| format!("'{prefix}{table}'"))
        .collect();
    let statement = format!(
        "select concat(table_name, ' (', engine, ')') as text from information_schema.tables \
         where table_schema = database() and engine <> 'InnoDB' and table_name in ({}) order by 1",
        names.join(",")
    );
    connection::texts(source, &statement)
}

/// Whether the database user could change the users' table.
pub fn may_write(dialect: &Dialect, source: &mut Source) -> QueryResult<bool> {
    let statement = match source {
        Source::Mysql(_) => {
            let writing = "privilege_type in ('INSERT', 'UPDATE', 'DELETE')";
            format!(
                "select (select count(*) from information_schema.user_privileges where {writing}) \
                 + (select count(*) from information_schema.schema_privileges where {writing} \
                    and database() like table_schema) \
                 + (select count(*) from information_schema.table_privileges where {writing} \
                    and table_schema = database()) as number"
            )
        }
        Source::Postgres(_) => format!(
            "select cast(case when has_table_privilege('{}', 'INSERT, UPDATE, DELETE') then 1 else 0 end as bigint) as number",
            dialect.table("user")
        ),
        Source::Sqlite(_) => return Ok(false),
    };
    Ok(connection::number(source, &statement)? > 0)
}
