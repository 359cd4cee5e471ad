//! Moodle's own word: every pair of a real site, as Moodle itself reports it, against ours.
//!
//! `ALX_TEST_ORACLE` names the list that Moodle wrote, `ALX_TEST_MOODLE_MARIADB` and
//! `ALX_TEST_MOODLE_POSTGRES` the databases it was written of.

use crate::support::say;
use std::collections::BTreeMap;

use alx_report_api::ids::CompanyId;
use alx_report_api::moodle::{Facts, Shape, Snapshot};
use alx_report_api::progress::Content;
use alx_report_api::progress::derive::derive;

use super::support::moodle::{facts, open};

/// (company, user, course).
type Pair = (i64, i64, i64);

/// One line of Moodle's list.
#[derive(Debug, PartialEq)]
struct Word {
    percentage: Option<f64>,
    status: &'static str,
    timecompleted: Option<i64>,
    timestarted: Option<i64>,
    /// Of several enrolments the list has the earliest start and the earliest creation.
    enrolled_at: [Option<i64>; 2],
}

#[test]
fn every_row_on_mariadb_is_moodles_own_word() {
    compare("ALX_TEST_MOODLE_MARIADB", 0);
}

/// The PostgreSQL sample was written by a second run of the same story: its times differ by the
/// seconds in which each run happened to write, nothing else may.
#[test]
fn every_row_on_postgres_is_moodles_own_word() {
    compare("ALX_TEST_MOODLE_POSTGRES", 5);
}

fn compare(database: &str, seconds_apart: i64) {
    let (Ok(url), Ok(oracle)) = (std::env::var(database), std::env::var("ALX_TEST_ORACLE")) else {
        say(&format!(
            "NOT RUN: the oracle needs {database} and ALX_TEST_ORACLE"
        ));
        return;
    };
    let oracle = std::fs::read_to_string(oracle).expect("Moodle's list");
    let moodles = moodles_word(&oracle);
    let ours = our_rows(&mut open(&url, "mdl_").snapshot().expect("a snapshot"));

    let missing: Vec<_> = moodles
        .keys()
        .filter(|pair| !ours.contains_key(pair))
        .collect();
    let extra: Vec<_> = ours
        .keys()
        .filter(|pair| !moodles.contains_key(pair))
        .collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "missing {missing:?}, extra {extra:?}"
    );
    for (pair, word) in &moodles {
        agree(pair, word, &ours[pair], seconds_apart);
    }
    assert!(!moodles.is_empty(), "the list is empty");
    let (ours, moodles) = (ours.len(), moodles.len());
    say(&format!(
        "ORACLE {database}: {ours} of {moodles} rows are Moodle's own word"
    ));
}

fn agree(pair: &Pair, word: &Word, ours: &Content, seconds_apart: i64) {
    let same = |moodles: Option<i64>, ours: Option<i64>| match (moodles, ours) {
        (Some(moodles), Some(ours)) => (moodles - ours).abs() <= seconds_apart,
        (moodles, ours) => moodles == ours,
    };
    let percentage = match (word.percentage, ours.percentage) {
        (Some(moodles), Some(ours)) => (moodles - ours).abs() < 1e-9,
        (moodles, ours) => moodles == ours,
    };
    let said = format!("{pair:?}: Moodle says {word:?}, we say {ours:?}");
    assert!(percentage, "percentage of {said}");
    assert_eq!(word.status, ours.status.as_str(), "status of {said}");
    assert!(
        same(word.timecompleted, ours.timecompleted),
        "completed time of {said}"
    );
    assert!(
        same(word.timestarted, ours.timestarted),
        "started time of {said}"
    );
    let mut enrolled = word.enrolled_at.iter();
    assert!(
        enrolled.any(|at| at.is_some() && same(*at, ours.enrolled_at)),
        "enrolled time of {said}"
    );
}

fn our_rows(snapshot: &mut Snapshot) -> BTreeMap<Pair, Content> {
    let mut rows = BTreeMap::new();
    for company in snapshot.companies().expect("companies") {
        for facts in in_order(facts(snapshot, company.id)) {
            let pair = (company.id.0, facts.key.user.0, facts.key.course.0);
            rows.insert(pair, derive(facts));
        }
        assert_eq!(
            keys(snapshot, company.id),
            rows_of(&rows, company.id),
            "keys and facts agree"
        );
    }
    rows
}

fn in_order(facts: Vec<Facts>) -> Vec<Facts> {
    assert!(
        facts.windows(2).all(|two| two[0].key < two[1].key),
        "rows come in (user, course) order without repeats"
    );
    facts
}

fn keys(snapshot: &mut Snapshot, company: CompanyId) -> usize {
    snapshot
        .keys(company, &Shape::default())
        .expect("keys")
        .count()
}

fn rows_of(rows: &BTreeMap<Pair, Content>, company: CompanyId) -> usize {
    rows.keys().filter(|pair| pair.0 == company.0).count()
}

/// The lines that count: the rules of "which rows exist", in the list's own columns.
fn moodles_word(list: &str) -> BTreeMap<Pair, Word> {
    let mut lines = list.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = lines.next().expect("a header");
    let mut word = BTreeMap::new();
    for line in lines {
        assert_eq!(line.len(), names.len(), "no value has a comma: {line:?}");
        let line: BTreeMap<&str, &str> = names.iter().copied().zip(line).collect();
        if counts(&line) {
            let id = |name: &str| line[name].parse::<i64>().expect("an id");
            word.insert(
                (id("companyid"), id("userid"), id("courseid")),
                Word::of(&line),
            );
        }
    }
    word
}

fn counts(line: &BTreeMap<&str, &str>) -> bool {
    let is = |name: &str, value: &str| line[name] == value;
    is("is_tracked", "1")
        && (is("company_in_course", "1") || is("course_shortname", "C11"))
        && is("course_visible", "1")
        && is("user_deleted", "0")
        && is("user_suspended", "0")
        && is("company_user_suspended", "0")
        && !is("companyid", "0")
}

impl Word {
    fn of(line: &BTreeMap<&str, &str>) -> Self {
        let time = |name: &str| line[name].parse::<i64>().ok();
        let set = |name: &str| time(name).filter(|time| *time > 0);
        let touched = ["state1", "state2", "state3"]
            .iter()
            .any(|state| set(state).is_some());
        let first_touched = set("first_activity_time").filter(|_| touched);
        let timestarted = set("cc_timestarted").or(first_touched);
        let started = touched || set("cc_timestarted").is_some();
        let only_start = set("enrol_min_timestart_nonzero").filter(|_| line["enrol_rows"] == "1");
        Self {
            percentage: line["moodle_percentage"].parse().ok(),
            status: match (line["moodle_complete"], started) {
                ("1", _) => "completed",
                (_, true) => "in_progress",
                _ => "not_started",
            },
            timecompleted: time("timecompleted"),
            timestarted,
            enrolled_at: match only_start {
                Some(start) => [Some(start), None],
                None => [
                    set("enrol_min_timestart_nonzero"),
                    set("enrol_min_timecreated"),
                ],
            },
        }
    }
}
