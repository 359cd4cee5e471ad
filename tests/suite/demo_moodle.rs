//! The demo's Moodle: who is in it, and what a click does.

use std::path::{Path, PathBuf};

use alx_report_api::demo::store::{complete, create, learners};
use alx_report_api::error::Error;
use alx_report_api::ids::{CompanyId, CourseId, Key, UserId};
use alx_report_api::moodle::Facts;
use alx_report_api::progress::Status;
use alx_report_api::progress::derive::derive;
use alx_report_api::time::now;
use tempfile::TempDir;

use super::support::moodle;

const BIG: CompanyId = CompanyId(42);

fn demo() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("moodle.db");
    create(&path).expect("a demo");
    (folder, path)
}

fn facts(path: &Path, company: CompanyId) -> Vec<Facts> {
    let source = moodle::open(&format!("sqlite://{}", path.display()), "mdl_");
    moodle::facts(&mut source.snapshot().expect("a snapshot"), company)
}

fn status(path: &Path, user: UserId, course: CourseId) -> Status {
    let key = Key { user, course };
    let found = facts(path, BIG).into_iter().find(|facts| facts.key == key);
    derive(found.expect("an active row")).status
}

fn api_course(path: &Path, user: UserId) -> CourseId {
    let learner = learners(path)
        .expect("learners")
        .into_iter()
        .find(|learner| learner.id == user);
    let open = learner.expect("the learner").open;
    let api = open
        .iter()
        .find(|course| course.name == "API_course for completion test");
    api.expect("an open API course").id
}

#[test]
fn the_demo_has_rows_in_every_state() {
    let (_folder, path) = demo();

    let rows = facts(&path, BIG);

    assert_eq!(rows.len(), 193);
    let statuses: Vec<Status> = rows.iter().cloned().map(|row| derive(row).status).collect();
    assert!(Status::ALL.iter().all(|status| statuses.contains(status)));
    assert!(rows.into_iter().any(|row| derive(row).percentage.is_none()));
    assert_eq!(facts(&path, CompanyId(44)), []);
    assert!(facts(&path, CompanyId(7)).len() > 10);
}

#[test]
fn nobody_appears_who_must_not() {
    let (_folder, path) = demo();

    let names: Vec<String> = facts(&path, BIG)
        .into_iter()
        .map(|row| row.firstname)
        .collect();

    for hidden in [
        "Tara (teacher)",
        "Edwin (editing teacher)",
        "Norma (no role)",
        "Susi (suspended)",
        "Carl (suspended here)",
        "Della (deleted)",
    ] {
        assert!(!names.iter().any(|name| name == hidden), "{hidden}");
    }
    for shown in [
        "Tessa (teaches and learns)",
        "Cato (student of the category)",
        "Ζωή 🦉",
    ] {
        assert!(names.iter().any(|name| name == shown), "{shown}");
    }
}

#[test]
fn a_click_completes_a_course() {
    let (_folder, path) = demo();
    for user in [UserId(17), UserId(21)] {
        let course = api_course(&path, user);
        assert_ne!(status(&path, user, course), Status::Completed);

        complete(&path, user, course, now()).unwrap();

        assert_eq!(status(&path, user, course), Status::Completed);
    }
}

#[test]
fn only_the_enrolled_complete_a_course() {
    let (_folder, path) = demo();
    let course = api_course(&path, UserId(17));

    let refused = complete(&path, UserId(300), course, 1);

    assert!(matches!(refused, Err(Error::NotFound(_))));
}

#[test]
fn making_the_demo_again_keeps_what_was_done() {
    let (_folder, path) = demo();
    let course = api_course(&path, UserId(17));
    complete(&path, UserId(17), course, 5).unwrap();

    create(&path).unwrap();

    assert_eq!(status(&path, UserId(17), course), Status::Completed);
}
