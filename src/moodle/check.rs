//! The report of `alx-report-api check`, in plain words.

use std::collections::HashSet;

use super::Moodle;
use super::access::{self, Access};
use super::connection::{self, Source};
use super::shape::Shape;
use super::snapshot::Snapshot;
use crate::db::Kind;
use crate::error::{Error, Result};
use crate::language::Said;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// A sync works, but somebody should know.
    Warning,
    /// A sync cannot work, or cannot be trusted.
    Problem,
}

impl Level {
    /// The word that stands before a finding.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How grave it is.
    pub level: Level,
    /// What was found and, where it is no good, what to do.
    pub text: String,
}

/// Everything found, in the order it was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// At least one.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The gravest finding.
    pub fn level(&self) -> Level {
        let levels = self.findings.iter().map(|finding| finding.level);
        levels.max().unwrap_or(Level::Ok)
    }

    /// Whether a sync can work and be trusted.
    pub fn is_usable(&self) -> bool {
        self.level() < Level::Problem
    }

    /// One sentence over all.
    pub fn verdict(&self) -> &'static str {
        match self.level() {
            Level::Ok => "Everything is ready for a sync.",
            Level::Warning => "A sync works; read the warnings.",
            Level::Problem => "A sync cannot work yet; solve the problems first.",
        }
    }

    fn add(&mut self, level: Level, text: impl Into<String>) {
        let text = text.into();
        self.findings.push(Finding { level, text });
    }
}

/// Looks at everything a sync needs.
pub fn check(moodle: &Moodle) -> Report {
    let mut report = Report::default();
    if let Err(cause) = look(moodle, &mut report) {
        report.add(Level::Problem, cause.to_string());
    }
    report
}

type Looked = std::result::Result<(), Box<dyn std::error::Error>>;

fn look(moodle: &Moodle, report: &mut Report) -> Looked {
    let opened = connection::open(moodle.dialect.kind, &moodle.url, moodle.limit);
    let mut source = opened.map_err(|cause| format!("The database cannot be reached: {cause}"))?;
    look_at_server(&mut source, report)?;
    let prefix = moodle.dialect.prefix.as_str();
    report.add(Level::Ok, format!("Table prefix: \"{prefix}\"."));
    if look_at_tables(moodle, &mut source, report)? {
        look_at_engines(moodle, &mut source, report)?;
        look_at_optional(moodle, &mut source, report)?;
        look_at_rights(moodle, &mut source, report)?;
        count(Snapshot::begin(moodle, source)?, report)?;
    }
    Ok(())
}

/// What a server of Moodle's data says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its product and version.
    pub name: String,
    /// How many seconds its clock is ahead of ours.
    pub ahead: i64,
    /// Whether it is a copy that follows another server.
    pub replica: bool,
    /// How long connecting and asking took, milliseconds.
    pub answer_ms: i64,
}

/// Connects, asks a server who it is, and leaves: what can be asked while somebody waits for a page.
pub fn greet(moodle: &Moodle) -> Result<Server> {
    let begun = std::time::Instant::now();
    let lost =
        |cause: &dyn std::fmt::Display| Error::MoodleUnavailable(Said::as_it_is(cause.to_string()));
    let opened = connection::open(moodle.dialect.kind, &moodle.url, moodle.limit);
    let mut source = opened.map_err(|cause| lost(&cause))?;
    let mut server = server(&mut source).map_err(|cause| lost(&cause))?;
    server.answer_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
    Ok(server)
}

fn server(source: &mut Source) -> diesel::QueryResult<Server> {
    let name = server_name(source)?;
    let ahead = connection::clock(source)? - crate::time::now();
    let replica =
        "select cast(case when pg_is_in_recovery() then 1 else 0 end as bigint) as number";
    let replica = match source {
        Source::Postgres(_) => connection::number(source, replica)? == 1,
        Source::Mysql(_) | Source::Sqlite(_) => false,
    };
    Ok(Server {
        name,
        ahead,
        replica,
        answer_ms: 0,
    })
}

fn look_at_server(source: &mut Source, report: &mut Report) -> Looked {
    let server = server(source)?;
    report.add(Level::Ok, format!("Connected to {}.", server.name));
    let ahead = server.ahead;
    let level = if ahead.abs() <= 5 {
        Level::Ok
    } else {
        Level::Warning
    };
    let text = match ahead {
        0 => "The server's clock agrees with ours.".to_owned(),
        ahead if ahead > 0 => format!("The server's clock is {ahead} s ahead of ours."),
        ahead => format!("The server's clock is {} s behind ours.", -ahead),
    };
    report.add(level, text);
    if server.replica {
        let text = "This server is a replica: a sync sees Moodle as late as the replica is.";
        report.add(Level::Warning, text);
    }
    Ok(())
}

fn server_name(source: &mut Source) -> diesel::QueryResult<String> {
    let version = connection::version(source)?;
    let is_mysql = matches!(source, Source::Mysql(_)) && !version.contains("MariaDB");
    Ok(if is_mysql {
        format!("MySQL {version}")
    } else {
        version
    })
}

/// Looks at every table and says whether all that a sync reads can be read.
fn look_at_tables(
    moodle: &Moodle,
    source: &mut Source,
    report: &mut Report,
) -> diesel::QueryResult<bool> {
    let needed = access::of(&moodle.dialect, source, access::NEEDED)?;
    if needed.iter().all(|(_, access)| *access == Access::Missing) {
        report.add(Level::Problem, access::no_moodle(&moodle.dialect, source)?);
        return Ok(false);
    }
    // A user who may read only some tables is told "denied" of tables that do not exist, too.
    if needed.iter().all(|(_, access)| *access == Access::Denied) {
        let advice = access::no_moodle(&moodle.dialect, source)?;
        if advice.contains("ALX_MOODLE_PREFIX") {
            report.add(Level::Problem, advice);
            return Ok(false);
        }
    }
    let missing = |table: &&str| needed.contains(&(*table, Access::Missing));
    let (iomad, moodles): (Vec<&str>, Vec<&str>) = access::NEEDED
        .iter()
        .copied()
        .filter(missing)
        .partition(|table| access::IOMAD.contains(table));
    if !iomad.is_empty() {
        let names = names(moodle, &iomad);
        let text = format!("IOMAD is not installed in this Moodle, or not completely: no {names}.");
        report.add(Level::Problem, text);
    }
    if !moodles.is_empty() {
        let text = format!("Tables are missing: {}.", names(moodle, &moodles));
        report.add(Level::Problem, text);
    }
    report_unreadable(moodle, source, &needed, report)?;
    let readable = needed.iter().all(|(_, access)| *access == Access::Readable);
    if readable {
        let text = format!("All {} tables a sync reads can be read.", needed.len());
        report.add(Level::Ok, text);
    }
    Ok(readable)
}

fn report_unreadable(
    moodle: &Moodle,
    source: &mut Source,
    tables: &[(&'static str, Access)],
    report: &mut Report,
) -> diesel::QueryResult<()> {
    for (table, access) in tables {
        if !matches!(access, Access::Missing | Access::Readable) {
            let why = access::refusal_of(&moodle.dialect, source, table)?;
            report.add(
                Level::Problem,
                why.map(|why| why.to_string()).unwrap_or_default(),
            );
        }
    }
    Ok(())
}

/// Tables without which a sync works, unless a company's settings need them.
fn look_at_optional(moodle: &Moodle, source: &mut Source, report: &mut Report) -> Looked {
    for table in access::OPTIONAL {
        if let Some(why) = access::refusal_of(&moodle.dialect, source, table)? {
            let text = format!("{why} It is needed only for {}.", access::purpose(table));
            report.add(Level::Warning, text);
        }
    }
    Ok(())
}

fn look_at_engines(moodle: &Moodle, source: &mut Source, report: &mut Report) -> Looked {
    let found = access::without_transactions(&moodle.dialect, source)?;
    if !found.is_empty() {
        let text =
            "These tables are not transactional (InnoDB), so a sync cannot see them at one moment";
        report.add(Level::Problem, format!("{text}: {}.", found.join(", ")));
    }
    Ok(())
}

fn look_at_rights(moodle: &Moodle, source: &mut Source, report: &mut Report) -> Looked {
    if access::may_write(&moodle.dialect, source)? {
        let text = "This database user may change Moodle's data. We never do; a user with SELECT only is safer.";
        report.add(Level::Warning, text);
    } else if moodle.dialect.kind != Kind::Sqlite {
        report.add(Level::Ok, "This database user can only read.");
    }
    Ok(())
}

fn count(mut snapshot: Snapshot, report: &mut Report) -> Result<()> {
    let companies = snapshot.companies()?;
    if companies.is_empty() {
        report.add(Level::Warning, "IOMAD has no companies yet.");
        return Ok(());
    }
    let (mut rows, mut learners) = (0_u64, HashSet::new());
    for company in &companies {
        for key in snapshot.keys(company.id, &Shape::default())? {
            learners.insert(key?.user);
            rows += 1;
        }
    }
    let suspended = companies.iter().filter(|company| company.suspended).count();
    let text = format!(
        "Companies: {} ({suspended} suspended). Learners: {}. Rows (a learner in a course): {rows}.",
        companies.len(),
        learners.len()
    );
    let level = if rows == 0 { Level::Warning } else { Level::Ok };
    report.add(level, text);
    Ok(())
}

fn names(moodle: &Moodle, tables: &[&str]) -> String {
    let prefix = moodle.dialect.prefix.as_str();
    let names: Vec<String> = tables
        .iter()
        .map(|table| format!("{prefix}{table}"))
        .collect();
    names.join(", ")
}
