//! Figures of a sync: `cargo bench --bench sync [-- ROWS]` makes a Moodle of that many rows and syncs it.
//!
//! Each step is a process of its own, so that its peak memory is its own. Ratios are against reading Moodle alone.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use alx_report_api::config::Config;
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::CompanyId;
use alx_report_api::moodle::{Moodle, Scope, Shape};
use clap::Parser;

const COURSES: i64 = 20;
const ACTIVITIES: usize = 5;

/// Only the settings of the command line.
#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(address) = arguments
        .iter()
        .find_map(|argument| argument.strip_prefix("--read="))
    {
        return read_alone(address);
    }
    let rows = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(1_000_000);
    full(rows);
    changes(rows / 10);
}

/// A full sync into an empty store, with nothing changed, and with 1,000 rows changed.
fn full(rows: i64) {
    let folder = tempfile::tempdir().expect("a folder");
    make(&folder.path().join("moodle.db"), rows);
    println!("\nfull sync of {rows} rows, Moodle in SQLite, store in SQLite");
    let read = step("read Moodle alone", rows, None, reading(folder.path()));
    step(
        "into an empty store",
        rows,
        Some(read),
        syncing(folder.path(), &["--mode", "full"]),
    );
    step(
        "again, nothing changed",
        rows,
        Some(read),
        syncing(folder.path(), &["--mode", "full"]),
    );
    change(folder.path(), 1000 / COURSES);
    step(
        "again, 1,000 rows changed",
        rows,
        Some(read),
        syncing(folder.path(), &["--mode", "full"]),
    );
}

/// A `changes` sync of 100 learners who moved, against the full sync.
fn changes(rows: i64) {
    let folder = tempfile::tempdir().expect("a folder");
    make(&folder.path().join("moodle.db"), rows);
    println!("\nchanges sync of 100 learners in a company of {rows} rows");
    step(
        "first",
        rows,
        None,
        syncing(folder.path(), &["--mode", "full"]),
    );
    let full = step(
        "full, nothing changed",
        rows,
        None,
        syncing(folder.path(), &["--mode", "full"]),
    );
    change(folder.path(), 100);
    step(
        "changes, 100 learners",
        rows,
        Some(full),
        syncing(folder.path(), &["--mode", "changes", "--hours", "1"]),
    );
}

fn make(file: &Path, rows: i64) {
    let mut moodle = MoodleBuilder::open(file).expect("a new Moodle");
    moodle
        .all_or_nothing(|moodle| fill(moodle, rows))
        .expect("it is filled");
}

/// People and enrolments by the hundred thousand come from statements, not from a loop.
fn fill(moodle: &mut MoodleBuilder, rows: i64) -> alx_report_api::error::Result<()> {
    let company = moodle.company_as(CompanyId(42), "Acme")?;
    for n in 0..COURSES {
        let course = moodle.course(&format!("Course number {n} with a name of usual length"))?;
        moodle.activities(course, ACTIVITIES)?;
        moodle.give_course(company, course)?;
    }
    let people = rows / COURSES;
    moodle.execute(&format!(
        "create temp table people as with recursive n(i) as (select 1 union all select i + 1 from n where i < {people})
             select i + 1000 as id, i from n;
         insert into mdl_user (id, username, firstname, lastname, email)
             select id, 'learner' || i, 'Firstname', 'Lastname ' || i, 'learner' || i || '@example.com' from people;
         insert into mdl_company_users (companyid, userid, departmentid)
             select 42, id, (select min(id) from mdl_department where company = 42) from people;
         insert into mdl_user_enrolments (enrolid, userid, timestart, timeend, timecreated, timemodified)
             select e.id, p.id, 1700000000, 0, 1700000000, 1700000000 from people p cross join mdl_enrol e;
         insert into mdl_role_assignments (roleid, contextid, userid, timemodified)
             select 5, c.id, p.id, 1700000000 from people p cross join mdl_context c where c.contextlevel = 50
                 and c.instanceid in (select courseid from mdl_company_course);
         insert into mdl_course_modules_completion (coursemoduleid, userid, completionstate, timemodified)
             select m.id, p.id, 1, 1700000500 from people p join mdl_course_modules m on (p.i + m.id) % 2 = 0;
         insert into mdl_course_completions (userid, course, timeenrolled, timestarted, timecompleted, reaggregate)
             select p.id, c.courseid, 1700000000, 1700000400, iif((p.i + c.courseid) % 3 = 0, 1700000600, null), 0
             from people p cross join mdl_company_course c;
         drop table people; analyze;"
    ))
}

fn change(folder: &Path, learners: i64) {
    let now = alx_report_api::time::now();
    let mut moodle = MoodleBuilder::open(&folder.join("moodle.db")).expect("the Moodle");
    let renamed = format!(
        "update mdl_user set lastname = lastname || ' II', timemodified = {now} where id > 1000 and id <= 1000 + {learners}"
    );
    moodle.execute(&renamed).expect("it is changed");
}

fn address(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("moodle.db").display())
}

fn reading(folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg(format!("--read={}", address(folder)));
    command
}

fn read_alone(address: &str) {
    let config = Settings::parse_from(["bench", "--moodle-url", address]).config;
    let moodle =
        Moodle::new(config.moodle_url.as_ref().expect("an address"), &config).expect("it is one");
    let mut snapshot = moodle.snapshot().expect("a snapshot");
    let rows = snapshot
        .facts(CompanyId(42), &Shape::default(), &Scope::Everything)
        .expect("rows");
    let read = rows.fold(0, |read, row| row.map(|_| read + 1).expect("a row"));
    assert!(read > 0, "there are rows");
}

fn syncing(folder: &Path, mode: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alx-report-api"));
    command
        .env("RUST_LOG", "warn")
        .arg("--data-dir")
        .arg(folder.join("data"));
    command
        .args(["--moodle-url", &address(folder), "sync", "--company", "42"])
        .args(mode);
    command
}

/// Runs one step, prints its figures and returns its time.
fn step(name: &str, rows: i64, against: Option<Duration>, mut command: Command) -> Duration {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().expect("it starts");
    let peak = peak_memory(&mut child);
    let took = started.elapsed();
    let times =
        |other: Duration| format!(", {:.2} times", took.as_secs_f64() / other.as_secs_f64());
    let ratio = against.map_or(String::new(), times);
    let per_second = rows as f64 / took.as_secs_f64();
    println!(
        "  {name:28} {:7.2} s  {per_second:9.0} rows/s  peak {peak:4} MB{ratio}",
        took.as_secs_f64()
    );
    took
}

/// Waits for the end of a process and returns the most memory it held, in megabytes.
fn peak_memory(child: &mut Child) -> u64 {
    let mut peak = 0;
    loop {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes =
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0));
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            assert!(status.success(), "the step failed");
            return peak / 1024;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
