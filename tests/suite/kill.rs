//! A sync is killed wherever it is: afterwards it has happened entirely or not at all.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use alx_report_api::db::Db;
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::CompanyId;
use alx_report_api::schema::{company_state, progress, sync_changes, sync_runs};
use diesel::prelude::*;

use crate::support::say;

const COMPANY: CompanyId = CompanyId(42);
const PEOPLE: i64 = 300;
const COURSES: i64 = 4;

fn moodle(file: &Path) {
    let mut moodle = MoodleBuilder::open(file).unwrap();
    moodle
        .all_or_nothing(|moodle| {
            moodle.company_as(COMPANY, "Acme")?;
            let courses = (0..COURSES)
                .map(|n| moodle.course(&format!("Course {n}")))
                .collect::<Result<Vec<_>, _>>()?;
            for course in &courses {
                moodle.activities(*course, 2)?;
                moodle.give_course(COMPANY, *course)?;
            }
            for n in 0..PEOPLE {
                let user = moodle.user("Person", &format!("{n}"))?;
                moodle.member(COMPANY, user)?;
                for course in &courses {
                    moodle.enrol(user, *course, 1_700_000_000)?;
                }
            }
            Ok(())
        })
        .unwrap();
}

/// Moves every row of the Moodle: each round gives everybody another name.
fn rename_everybody(file: &Path, round: u32) {
    let mut moodle = MoodleBuilder::open(file).unwrap();
    moodle
        .execute(&format!("update mdl_user set lastname = 'Round {round}'"))
        .unwrap();
}

fn sync(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alx-report-api"));
    command
        .env_clear()
        .arg("--data-dir")
        .arg(folder.join("data"))
        .arg("--moodle-url")
        .arg(format!("sqlite://{}", folder.join("moodle.db").display()))
        .args([
            "--sync-lease-seconds",
            "1",
            "sync",
            "--company",
            "42",
            "--json",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Lets the next sync begin at once instead of when the dead one's lease is over.
fn end_leases(folder: &Path) {
    let running = sync_runs::table.filter(sync_runs::state.eq("running"));
    let ended = |conn: &mut _| {
        Ok(diesel::update(running)
            .set(sync_runs::lease_until_ms.eq(0))
            .execute(conn)?)
    };
    store(folder).write(ended).unwrap();
}

fn store(folder: &Path) -> Db {
    let url = format!("sqlite://{}", folder.join("data/alx.db").display());
    Db::open(&url.as_str().into()).unwrap()
}

/// What the store says, if it says it consistently.
#[derive(Debug, PartialEq)]
struct Told {
    version: i64,
    names: Vec<String>,
    rows: i64,
}

fn look(folder: &Path) -> Told {
    store(folder)
        .snapshot(|conn| {
            let version = company_state::table
                .find(COMPANY)
                .select(company_state::seq)
                .first(conn)
                .optional()?
                .unwrap_or(0);
            let names = progress::table
                .select(progress::lastname)
                .distinct()
                .load(conn)?;
            let rows = progress::table.count().get_result(conn)?;
            let changes: i64 = sync_changes::table.count().get_result(conn)?;
            let last: Option<i64> = sync_changes::table
                .select(diesel::dsl::max(sync_changes::seq))
                .first(conn)?;
            let unfinished: i64 = sync_changes::table
                .inner_join(sync_runs::table)
                .filter(sync_runs::state.ne("succeeded"))
                .count()
                .get_result(conn)?;
            let promised: Option<i64> = sync_runs::table
                .filter(sync_runs::state.eq("succeeded"))
                .select(diesel::dsl::max(sync_runs::version_after))
                .first(conn)?;
            assert_eq!(
                (changes, last.unwrap_or(0)),
                (version, version),
                "every change is in the log, once"
            );
            assert_eq!(
                unfinished, 0,
                "a run that has not succeeded has changed nothing"
            );
            assert_eq!(
                promised.unwrap_or(0),
                version,
                "what the last success promised is what is stored"
            );
            Ok(Told {
                version,
                names,
                rows,
            })
        })
        .unwrap()
}

#[test]
fn a_sync_killed_at_forty_random_points_leaves_no_partial_lost_or_doubled_row() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("moodle.db");
    moodle(&file);
    let whole = time_of_a_whole_sync(folder.path(), &file);
    let (mut before, mut happened, mut random) = (look(folder.path()), 0, 42_u64);
    assert_eq!(before.rows, PEOPLE * COURSES);

    for round in 1..=40 {
        rename_everybody(&file, round);
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let after_so_much = whole.mul_f64(1.6 * (random >> 40) as f64 / f64::from(1 << 24));
        let mut child = sync(folder.path()).spawn().unwrap();
        std::thread::sleep(after_so_much);
        child.kill().unwrap();
        child.wait().unwrap();

        let after = look(folder.path());
        end_leases(folder.path());
        if after.version == before.version {
            assert_eq!(after, before, "round {round}: nothing happened");
        } else {
            assert_eq!(
                after.names,
                [format!("Round {round}")],
                "round {round}: everything happened"
            );
            assert_eq!(after.version, before.version + PEOPLE * COURSES);
            happened += 1;
        }
        before = after;
    }

    assert!(
        sync(folder.path()).status().unwrap().success(),
        "the next sync works at once"
    );
    let healed = look(folder.path());
    assert_eq!((healed.rows, healed.names.len()), (PEOPLE * COURSES, 1));
    say(&format!(
        "of 40 killed syncs {happened} had happened, {} had not",
        40 - happened
    ));
    assert!(
        (1..40).contains(&happened),
        "some were killed before their end, some after it"
    );
}

/// The second sync: it updates every row, as the killed ones would.
fn time_of_a_whole_sync(folder: &Path, file: &Path) -> Duration {
    rename_everybody(file, 0);
    assert!(sync(folder).status().unwrap().success());
    rename_everybody(file, 1000);
    let started = Instant::now();
    assert!(sync(folder).status().unwrap().success());
    started.elapsed()
}
