//! Settings against a real site: what facts, keys and departures name alike, and what they leave out.
//!
//! `ALX_TEST_MOODLE_MARIADB` and `ALX_TEST_MOODLE_POSTGRES` name its databases.

use alx_report_api::error::Result;
use alx_report_api::ids::Key;
use alx_report_api::moodle::{Facts, RowState, Scope, Shape, Snapshot};

use crate::support::moodle::open;
use crate::support::say;

#[test]
fn every_setting_names_the_same_pairs_on_mariadb() {
    compare("ALX_TEST_MOODLE_MARIADB");
}

#[test]
fn every_setting_names_the_same_pairs_on_postgres() {
    compare("ALX_TEST_MOODLE_POSTGRES");
}

fn shapes() -> Vec<(&'static str, Shape)> {
    let shape = Shape::default;
    let with = |change: fn(&mut Shape)| {
        let mut changed = shape();
        change(&mut changed);
        changed
    };
    vec![
        ("defaults", shape()),
        (
            "students",
            with(|shape| shape.learner_roles = Some(vec![5])),
        ),
        (
            "teachers",
            with(|shape| shape.learner_roles = Some(vec![3, 4])),
        ),
        ("suspended", with(|shape| shape.suspended_enrolments = true)),
        (
            "department",
            with(|shape| shape.departments = Some(vec![7, 11, 15])),
        ),
        (
            "top",
            with(|shape| shape.departments = Some(vec![5, 9, 13])),
        ),
        (
            "enrolled",
            with(|shape| shape.enrolled_since = Some(1_700_000_000)),
        ),
        (
            "completed",
            with(|shape| shape.completed_since = Some(1_760_000_000)),
        ),
    ]
}

fn compare(database: &str) {
    let Ok(url) = std::env::var(database) else {
        say(&format!("NOT RUN: settings on a real site need {database}"));
        return;
    };
    let mut snapshot = open(&url, "mdl_").snapshot().expect("a snapshot");
    let companies = snapshot.companies().expect("companies");
    for (name, shape) in shapes() {
        let mut told = Vec::new();
        for company in &companies {
            let all = keys_of(&mut snapshot, company.id, &Shape::default());
            let shaped = keys_of(&mut snapshot, company.id, &shape);
            let facts: Result<Vec<Facts>> = snapshot
                .facts(company.id, &shape, &Scope::Everything)
                .expect("a stream")
                .collect();
            let of_facts: Vec<Key> = facts.expect("facts").iter().map(|row| row.key).collect();
            assert_eq!(shaped, of_facts, "{name} in {}", company.id);
            let mut asked = [all.clone(), shaped.clone()].concat();
            asked.sort_unstable();
            asked.dedup();
            for (key, state) in snapshot
                .departures(company.id, &shape, &asked)
                .expect("departures")
            {
                let expected = if shaped.contains(&key) {
                    RowState::Active
                } else {
                    RowState::Excluded
                };
                assert_eq!(state, expected, "{name}: {key:?}");
            }
            told.push(format!("{}: {}", company.id, shaped.len()));
        }
        say(&format!("SHAPE {database} {name}: {}", told.join(", ")));
    }
}

fn keys_of(
    snapshot: &mut Snapshot,
    company: alx_report_api::ids::CompanyId,
    shape: &Shape,
) -> Vec<Key> {
    let keys: Result<Vec<Key>> = snapshot.keys(company, shape).expect("a stream").collect();
    keys.expect("keys")
}
